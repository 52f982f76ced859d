import assert from "node:assert/strict";
import {
  configHash,
  expandGrid,
  imageConfigOf,
  openLab,
  PRESET_NAMES,
  presets,
  resolveConfig,
} from "../../experiments/mod.ts";
import {
  groupHash,
  namesOfFieldsWith,
  parseConfig,
} from "../../experiments/config/configuration.ts";
import { fieldsWith } from "../../experiments/config/fields.ts";
import { ImageConfig } from "../../experiments/image/config.ts";
import { TextConfig } from "../../experiments/text/config.ts";
import { withWorkspace } from "./workspace.ts";

Deno.test("every preset is a valid configuration", () => {
  for (const { config } of Object.values(presets)) assert.deepEqual(parseConfig(config), config);
});

Deno.test("overrides replace single fields of a preset", () => {
  const config = resolveConfig("mnist-small", { schedule: "linear", seed: 3 });
  assert.deepEqual(config, { ...presets["mnist-small"].config, schedule: "linear", seed: 3 });
});

Deno.test("a short run shortens the preset's warm-up, but not one that was asked for", () => {
  assert.equal(resolveConfig("mnist-small", { steps: 20 }).warmup_steps, 4);
  assert.equal(resolveConfig("mnist-small", { steps: 20, warmup_steps: 9 }).warmup_steps, 9);
  assert.throws(
    () => resolveConfig("mnist-small", { steps: 20, warmup_steps: 30 }),
    {
      name: "UserError",
      message: "warmup_steps is 30, more than the 20 steps of the run: lower it or raise steps",
    },
  );
});

const mistakes: [what: string, overrides: Record<string, unknown>, message: RegExp][] = [
  [
    "an unknown schedule",
    { schedule: "cosin" },
    /^schedule is "cosin", but must be one of linear, scaled-linear, cosine, sigmoid, sqrt, edm, flow: did you mean cosine\?$/,
  ],
  ["no steps", { steps: 0 }, /^steps is 0, but must be a whole number from 1 to 1000000$/],
  [
    "half an image",
    { batch_size: 1.5 },
    /^batch_size is 1.5, but must be a whole number from 1 to 1024$/,
  ],
  [
    "a learning rate of zero",
    { learning_rate: 0 },
    /^learning_rate is 0, but must be a number above 0 and at most 1$/,
  ],
  [
    "text for a number",
    { seed: "7" },
    /^seed is "7", but must be a whole number from 0 to 2147483647$/,
  ],
  [
    "a misspelt field",
    { learning_rat: 0.1 },
    /^There is no field "learning_rat": did you mean learning_rate\?/,
  ],
  [
    "a field of text",
    { context: 64 },
    /^context is a field of runs on text, and this one is on images: leave it out, or take a preset of text$/,
  ],
  [
    "a precision that no device has",
    { precision: "float16" },
    /^precision is "float16", but must be one of float32, tf32/,
  ],
  ["another modality", { modality: "sound" }, /^modality is "sound", but must be "image"$/],
];
for (const [what, overrides, message] of mistakes) {
  Deno.test(`a configuration with ${what} is refused with what is allowed`, () => {
    assert.throws(() => resolveConfig("demo", overrides), { name: "UserError", message });
  });
}

Deno.test("all mistakes in a configuration are named at once", () => {
  assert.throws(
    () => resolveConfig("demo", { steps: -1, target: "x" }),
    (error: Error) => /target is "x"/.test(error.message) && /steps is -1/.test(error.message),
  );
});

Deno.test("an unknown preset is refused with the presets there are", () => {
  assert.throws(() => resolveConfig("mnist-huge"), {
    name: "UserError",
    message: 'There is no preset "mnist-huge": the presets are ' + PRESET_NAMES.join(", "),
  });
});

Deno.test("a grid expands to every combination, the seeds varying fastest", () => {
  const configs = expandGrid("demo", { steps: 30 }, {
    schedule: ["linear", "cosine"],
    target: ["v", "epsilon"],
  }, [5, 6]);
  assert.deepEqual(
    configs.map((config) => imageConfigOf({ id: "test", config }))
      .map(({ schedule, target, seed, steps }) => `${schedule} ${target} ${seed} ${steps}`),
    [
      "linear v 5 30",
      "linear v 6 30",
      "linear epsilon 5 30",
      "linear epsilon 6 30",
      "cosine v 5 30",
      "cosine v 6 30",
      "cosine epsilon 5 30",
      "cosine epsilon 6 30",
    ],
  );
});

const badGrids: [what: string, args: Parameters<typeof expandGrid>, message: RegExp][] = [
  ["a value twice", ["demo", {}, { seed: [1, 1] }], /^grid.seed names a value twice: \[1,1\]$/],
  [
    "a field that is overridden too",
    ["demo", { steps: 5 }, { steps: [5, 6] }],
    /^steps is given both as overrides.steps and as grid.steps: leave it in one of them$/,
  ],
  [
    "seeds in two places",
    ["demo", {}, { seed: [1] }, [2]],
    /^Give the seeds either in seeds or in grid.seed/,
  ],
  [
    "too many runs",
    ["demo", {}, { seed: Array.from({ length: 65 }, (_, i) => i) }],
    /^The sweep has more than 64 runs: shorten the lists of grid.seed$/,
  ],
  ["a misspelt field", ["demo", {}, { shedule: ["linear"] }], /did you mean schedule\?/],
];
for (const [what, args, message] of badGrids) {
  Deno.test(`a grid with ${what} is refused`, () => {
    assert.throws(() => expandGrid(...args), { name: "UserError", message });
  });
}

Deno.test("the configuration hash changes with every field and not with their order", () => {
  const config = resolveConfig("demo");
  const reordered = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
  assert.equal(configHash(reordered), configHash(config));
  assert.notEqual(configHash({ ...config, seed: 1 }), configHash(config));
  assert.notEqual(configHash({ ...config, log_every: 7 }), configHash(config));
});

Deno.test("the group hash ignores the seed and the recording intervals, nothing else", () => {
  const config = resolveConfig("demo");
  assert.equal(groupHash({ ...config, seed: 1, log_every: 7, sample_every: 0 }), groupHash(config));
  assert.notEqual(groupHash(resolveConfig("demo", { schedule: "linear" })), groupHash(config));
});

Deno.test("a configuration from before a field keeps its name, and does what it did", () => {
  const { muon_learning_rate, ...older } = resolveConfig("mnist-tiny");
  assert.equal(muon_learning_rate, 0);
  const parsed = parseConfig(older);
  assert.deepEqual(parsed, resolveConfig("mnist-tiny"));
  assert.equal(configHash(parsed), "96220e94a164");
  assert.notEqual(configHash({ ...parsed, muon_learning_rate: 0.01 }), configHash(parsed));
});

Deno.test("a configuration that says nothing of precision is one in float32, under its old hash", () => {
  const { precision: _, ...older } = resolveConfig("mnist-tiny");
  const parsed = parseConfig(older);
  assert.equal(parsed.precision, "float32");
  assert.equal(configHash(parsed), configHash(older as typeof parsed));
  assert.notEqual(configHash({ ...parsed, precision: "tf32" }), configHash(parsed));
  assert.notEqual(groupHash({ ...parsed, precision: "tf32" }), groupHash(parsed));
});

Deno.test("a laboratory whose device has no tf32 refuses it before anything is queued", async () => {
  await withWorkspace(async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    await assert.rejects(
      lab.train({ preset: "mnist-tiny", overrides: { precision: "tf32" } }),
      {
        name: "UserError",
        message: 'precision is "tf32", which device cpu does not have: use device cuda, or ' +
          'precision "float32"',
      },
    );
    assert.equal(lab.runs().total, 0);
    lab.close();
  });
});

Deno.test("the facts of fields name what recording, networks and losses depend on", () => {
  assert.deepEqual(namesOfFieldsWith("recording"), [
    ...["log_every", "validate_every", "checkpoint_every", "sample_every"],
    ...["evaluate_every", "evaluate_count"],
  ]);
  assert.deepEqual(Object.keys(fieldsWith(ImageConfig, "network")), [
    ...["image_size", "colour", "network", "size", "self_condition"],
  ]);
  assert.deepEqual(Object.keys(fieldsWith(TextConfig, "objective")), [
    ...["vocabulary_size", "method", "block_size", "schedule", "gamma_start", "gamma_end"],
    "rounding",
  ]);
  // Stored runs lack these fields, and their hashes were computed without them.
  assert.deepEqual(fieldsWith(ImageConfig, "earlier"), {
    ...{ image_size: 28, colour: "grey", network: "unet", terminal_snr: "as-is", snr_limit: 5 },
    ...{ start_from: "", start_with: "weights", muon_learning_rate: 0, precision: "float32" },
    ...{ self_condition: 0, evaluate_every: 0, evaluate_count: 1000 },
  });
});
