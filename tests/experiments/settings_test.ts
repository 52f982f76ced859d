import assert from "node:assert/strict";
import { resolveConfig, textConfigOf } from "../../experiments/mod.ts";
import { sampleSettings } from "../../experiments/image/settings.ts";
import { writeSettings } from "../../experiments/text/settings.ts";
import { shortConfig } from "./workspace.ts";

const config = shortConfig();

Deno.test("a sample is twenty pictures of all digits in fifty DDIM steps by default", () => {
  const settings = sampleSettings({}, config);
  assert.equal(settings.count, 20);
  assert.deepEqual(settings.classes.slice(8, 12), [8, 9, 0, 1]);
  assert.deepEqual([settings.sampler, settings.steps, settings.guidance_scale], ["ddim", 50, 1]);
});

Deno.test("a list of classes is repeated over the pictures", () => {
  assert.deepEqual(sampleSettings({ class: [3, 7], count: 5 }, config).classes, [3, 7, 3, 7, 3]);
});

Deno.test("guidance 0 draws without classes", () => {
  assert.deepEqual(sampleSettings({ guidance_scale: 0, count: 2 }, config).classes, [10, 10]);
});

const mistakes: [request: Parameters<typeof sampleSettings>[0], message: RegExp][] = [
  [{ class: 11 }, /^class is 11, but must be a whole number from 0 to 9$/],
  [{ class: [] }, /^class is \[\], but must be .* a list of 1 to 256 values/],
  [{ count: 0 }, /^count is 0, but must be a whole number from 1 to 256$/],
  [{ steps: 0 }, /^steps is 0, but must be a whole number from 1 to 1000$/],
  [{ guidance_scale: 99 }, /^guidance_scale is 99, but must be a number from 0 to 20$/],
  [
    { eta: 0.5, sampler: "ddpm" },
    /it belongs to "ddim", "euler-ancestral" and "dpmpp-2m-sde", leave it out$/,
  ],
  [{ guidance_scale: 0, class: 3 }, /^class has no effect where guidance_scale is 0/],
];
for (const [request, message] of mistakes) {
  Deno.test(`a request for ${JSON.stringify(request)} is refused with what is allowed`, () => {
    assert.throws(() => sampleSettings(request, config), { name: "UserError", message });
  });
}

Deno.test("guidance is refused for a run that was trained without label dropout", () => {
  assert.throws(
    () => sampleSettings({ guidance_scale: 2 }, { ...config, label_dropout: 0 }),
    { name: "UserError", message: /trained with label_dropout 0/ },
  );
});

Deno.test("text is drawn colder where the temperature acts at every level of a walk out of noise", () => {
  const temperature = (preset: string, request: Parameters<typeof writeSettings>[0]) =>
    writeSettings(request, textConfigOf({ id: preset, config: resolveConfig(preset) })).temperature;
  for (const mode of ["diffusion", "blocks", "revised"] as const) {
    assert.equal(temperature("shakespeare-blocks", { mode }), 0.7);
  }
  assert.equal(temperature("shakespeare-blocks", { template: "to ____" }), 0.7);
  for (const mode of ["autoregressive", "guided"] as const) {
    assert.equal(temperature("shakespeare-blocks", { mode }), 0.9);
  }
  assert.equal(temperature("shakespeare-masked", {}), 0.9);
  assert.equal(temperature("shakespeare-blocks", { mode: "blocks", temperature: 1 }), 1);
});

Deno.test("text: what the mode has no use for is refused, with the modes that have", () => {
  const written = (preset: string, request: Parameters<typeof writeSettings>[0]) =>
    writeSettings(request, textConfigOf({ id: preset, config: resolveConfig(preset) }));
  const refusals: [string, Parameters<typeof writeSettings>[0], RegExp][] = [
    [
      "shakespeare-tiny",
      { block_size: 4 },
      /^block_size is 4, .* mode "diffusion": leave it out, /,
    ],
    ["shakespeare-blocks", { rounds: 3 }, /^rounds is 3, .* mode "blocks": .* use "revised"$/],
    ["shakespeare-blocks", { diffusion_weight: 0 }, /diffusion_weight is 0, .* use "guided"$/],
    ["shakespeare-blocks", { mode: "autoregressive", sampler: "ddim" }, /^sampler is "ddim", but/],
    ["shakespeare-autoregressive", { steps: 8 }, /^steps is 8, .* mode "autoregressive"/],
    ["shakespeare-autoregressive", { film_strip: true }, /^film_strip is true, but has no effect/],
  ];
  for (const [preset, request, message] of refusals) {
    assert.throws(() => written(preset, request), { name: "UserError", message });
  }
  assert.equal(written("shakespeare-blocks", { block_size: 4, steps: 8 }).block_size, 4);
  assert.equal(written("shakespeare-blocks", { mode: "revised", rounds: 3 }).rounds, 3);
  assert.equal(written("shakespeare-autoregressive", { film_strip: false }).film_strip, false);
});
