/** Runs on text by the pieces of a byte-pair vocabulary. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { loadTextDataset } from "../../data/mod.ts";
import { decodeSafetensors, openEngine } from "../../engine/mod.ts";
import {
  type Lab,
  openLab,
  resolveConfig,
  type RunConfig,
  runWorker,
  type TextEvaluation,
} from "../../experiments/mod.ts";
import { textConfigOf } from "../../experiments/config.ts";
import { openStore } from "../../experiments/store/mod.ts";
import { charactersOf } from "../../experiments/text/characters.ts";
import { ownNats } from "../../experiments/text/evaluation/own_nats.ts";
import { compileMeasure } from "../../experiments/text/measure.ts";
import { textModel } from "../../experiments/text/model.ts";
import { networkOf } from "../../experiments/text/network.ts";
import { inputArrays } from "../../experiments/training/arrays.ts";
import { windowsOf } from "../../experiments/text/validation.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { queue, withTrainedWorkspace } from "./workspace.ts";

const SIZE = 150;
const CONTEXT = 16;

function configOf(overrides: object): RunConfig {
  return resolveConfig("shakespeare-tiny", {
    dataset: "made-up-verse",
    vocabulary_size: SIZE,
    context: CONTEXT,
    steps: 12,
    warmup_steps: 2,
    batch_size: 8,
    validate_every: 12,
    checkpoint_every: 6,
    ...overrides,
  });
}

const BLOCKS = configOf({ method: "blocks", sample_every: 12 });
const MASKED = configOf({ method: "masked", steps: 40 });

const withRuns = (work: (lab: Lab) => Promise<void>) =>
  withTrainedWorkspace([BLOCKS, MASKED], async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await work(lab);
    } finally {
      lab.close();
    }
  });

Deno.test("a network that knows nothing needs ln V nats a token, which is less per character", async () => {
  const { tokenized } = await loadTextDataset("made-up-verse", {
    context: CONTEXT,
    vocabularySize: SIZE,
  });
  const { vocabulary: { lengths, size }, validation } = tokenized;
  assert.equal(size, SIZE);
  const engine = await openEngine({ device: "cpu" });
  const windows = windowsOf(validation, CONTEXT, 2);
  const [tokens, characters] = [
    windows.length * windows[0]!.length,
    windows.map((of) => charactersOf(of, lengths)),
  ];
  const expected = Math.log(size) * tokens / (characters[0]! + characters[1]!);
  assert.ok(expected < 0.8 * Math.log(size));
  try {
    for (const method of ["autoregressive", "masked"]) {
      const config = textConfigOf({ id: "test", config: configOf({ method }) });
      const network = networkOf(config, size);
      // Heads start at zero.
      const parameters = initialParameters(network.parameters, 0);
      const measure = await compileMeasure(engine, network, config, lengths);
      const weights = inputArrays(parameters);
      const { total } = measure.exact
        ? await measure.exact(weights, windows)
        : (await measure.bound!(weights, windows, CONTEXT, 1)).bound;
      assert.ok(Math.abs(total - expected) < 1e-5, `${method}: ${total}, not ${expected}`);
      if (method === "masked") continue;
      const model = await textModel(engine, network, config, parameters, 2);
      const texts = [validation.subarray(0, 40), validation.subarray(50, 90)];
      const spelled = texts.reduce((sum, text) => sum + charactersOf(text, lengths), 0);
      const own = await ownNats(model, texts, 2, lengths);
      assert.ok(Math.abs(own - Math.log(size) * 80 / spelled) < 1e-5);
      await model.dispose();
    }
  } finally {
    await engine.dispose();
  }
});

Deno.test("a run on byte-pair tokens is ranked per character, and writes what was asked", () =>
  withRuns(async (lab) => {
    const [blocks, masked] = [lab.run("text-0001"), lab.run("text-0002")];
    for (const { error, status, latest, trivialMse } of [blocks, masked]) {
      assert.deepEqual([error, status], [null, "finished"]);
      // Above what a character holds, and below ln 150 nats a token for each of which are 1.6.
      assert.ok(latest.nats_per_character! > 1 && latest.nats_per_character! < 4.5);
      assert.ok(trivialMse! > 1.5 && trivialMse! < 3, "of characters");
    }
    const [drawn] = lab.texts(blocks.id);
    for (const { start, texts, confidence } of drawn!.frames) {
      assert.deepEqual(
        texts.map((text) => [...text].length),
        confidence.map((row) => row.length),
      );
      assert.ok(start < [...drawn!.texts[0]!].length);
    }
    for (const mode of ["autoregressive", "revised"] as const) {
      const prompt = "the morning ";
      const { texts } = await lab.write({
        run: blocks.id,
        mode,
        prompt,
        length: 9,
        count: 2,
        steps: 2,
        rounds: 1,
        block_size: 4,
      });
      const written = texts.map((text) => [...text.slice(prompt.length)].length);
      assert.ok(texts.every((text) => text.startsWith(prompt)), `${mode}: ${texts}`);
      assert.ok(written.every((characters) => characters >= 9) && written.some((of) => of > 9));
    }
    const template = "the __ and the _\n";
    const filled = await lab.write({ run: masked.id, template, steps: 3, film_strip: true });
    for (const text of filled.texts) assert.match(text, /^the .{2,} and the .+\n$/s);
    assert.equal(filled.frames[0]!.texts[0], template);
    await assert.rejects(lab.write({ run: masked.id, length: 17 }), {
      name: "UserError",
      message: /would have 17 tokens, but the run writes at most 16/,
    });
  }));

Deno.test("evaluate() of a run on byte-pair tokens says nats per character, and how many there were", () =>
  withRuns(async (lab) => {
    const { latest, trivialMse } = lab.run("text-0001");
    const { results } = await lab.evaluate({
      run: "text-0001",
      count: 4,
      length: 20,
      steps: 2,
      draws: 12,
      bound_steps: [2],
      block_size: 4,
    }) as TextEvaluation;
    const [exact] = results.bounds;
    assert.equal(exact!.total, latest.nats_block_1);
    assert.equal(exact!.standardError, latest.nats_block_1_error);
    assert.equal(results.baselines.ngrams[1], trivialMse);
    const { written, ownNats: own } = results.texts;
    assert.ok(written.characters > 4 * 20 * 1.2, `${written.characters}`);
    // Held-out text under its own reading is what block size 1 measures, but for its windows.
    assert.ok(Math.abs(own!.real!.mean - exact!.total) < 0.2, `${own!.real!.mean}`);
  }));

Deno.test("a run on byte-pair tokens that was interrupted goes on to the same bits", () =>
  withTrainedWorkspace([MASKED], async (workspace) => {
    const store = openStore(workspace);
    const [broken] = queue(store, MASKED) as [string];
    const leaving = new AbortController();
    const working = runWorker({ workspace, device: "cpu", signal: leaving.signal });
    while (store.runs.byId(broken)!.step < 7) await setTimeout(2);
    leaving.abort();
    await working;
    assert.equal(store.runs.byId(broken)!.status, "interrupted");
    store.runs.requeue(broken);
    await runWorker({ workspace, device: "cpu" });
    const [a, b] = ["text-0001", broken].map((id) =>
      decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path)).tensors
    );
    for (const [name, { data }] of Object.entries(a!)) assert.deepEqual(data, b![name]!.data, name);
    store.close();
  }));
