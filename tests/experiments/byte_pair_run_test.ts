/** Runs on text by the pieces of a byte-pair vocabulary. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { loadTextDataset } from "../../data/mod.ts";
import { decodeSafetensors, integers, openEngine } from "../../engine/mod.ts";
import {
  type Lab,
  openLab,
  resolveConfig,
  type RunConfig,
  type TextEvaluation,
} from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { charactersOf, networkOf } from "../../experiments/text/network.ts";
import { ownNats } from "../../experiments/text/written.ts";
import { compileMeasure } from "../../experiments/text/measure.ts";
import { inputArrays } from "../../models/steps/mod.ts";
import { windowsOf } from "../../experiments/text/validation.ts";
import { initialParameters } from "../../models/layers/mod.ts";
import { queue, withTrainedWorkspace } from "./workspace.ts";
import { textConfigOf } from "../../experiments/text/config.ts";
import { runWorker } from "../../experiments/run_worker.ts";
import { textModel } from "../../experiments/text/model.ts";

const SIZE = 60;
const CONTEXT = 16;
const BOUND = { blockSize: CONTEXT, squaredNorm: 1 };

const WORDS = ("the morning river and sleep a light of when over mountain she sings winter into " +
  "gold shadow under stone we hold bright thunder for nobody").split(" ");
/** Independent words, each as likely as any other: what a character is worth at least is known. */
const TEXT = Array.from(
  integers({ seed: 0, stream: "words", step: 0 }, 5000, WORDS.length),
  (word, i) => WORDS[word]! + (i % 8 === 7 ? "\n" : " "),
).join("");
const ENTROPY = 5000 * Math.log(WORDS.length) / TEXT.length;

const FILE = Deno.makeTempFileSync({ prefix: "textdiffusion-test-", suffix: ".txt" });
Deno.writeTextFileSync(FILE, TEXT);
addEventListener("unload", () => Deno.removeSync(FILE));

function configOf(overrides: object): RunConfig {
  return resolveConfig("shakespeare-tiny", {
    dataset: FILE,
    vocabulary_size: SIZE,
    context: CONTEXT,
    steps: 40,
    warmup_steps: 2,
    batch_size: 8,
    validate_every: 40,
    checkpoint_every: 10,
    ...overrides,
  });
}

const LEFT = configOf({ method: "autoregressive" });
const MASKED = configOf({ method: "masked", sample_every: 40 });

const withRuns = (work: (lab: Lab) => Promise<void>) =>
  withTrainedWorkspace([LEFT, MASKED], async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await work(lab);
    } finally {
      lab.close();
    }
  });

Deno.test("a network that knows nothing needs ln V nats a token, which is less per character", async () => {
  const { tokenized } = await loadTextDataset(FILE, {
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
        ? await measure.exact({ weights, windows })
        : (await measure.bound!({ weights, windows }, BOUND)).bound;
      assert.ok(Math.abs(total - expected) < 1e-5, `${method}: ${total}, not ${expected}`);
      if (method === "masked") continue;
      const model = await textModel(engine, network, config, parameters, { count: 2 });
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

Deno.test("the bound of noisy embeddings is divided by the characters of a token, term by term", async () => {
  const config = textConfigOf({ id: "test", config: configOf({ method: "diffusion" }) });
  const network = networkOf(config, 6);
  const weights = inputArrays(initialParameters(network.parameters, 0));
  const windows = [0, 1].map((draw) =>
    Int32Array.from({ length: 32 * CONTEXT }, (_, i) => (i * (draw + 2)) % 6)
  );
  const engine = await openEngine({ device: "cpu" });
  const boundWith = async (lengths: readonly number[]) => {
    const measure = await compileMeasure(engine, network, config, lengths);
    return await measure.bound!({ weights, windows }, BOUND);
  };
  try {
    const [one, three] = [await boundWith([1, 1, 1, 1, 1, 1]), await boundWith([3, 3, 3, 3, 3, 3])];
    for (
      const term of ["total", "standardError", "reconstruction", "diffusion", "prior"] as const
    ) {
      assert.ok(Math.abs(one.bound[term] / 3 - three.bound[term]) < 1e-9, term);
    }
    one.windows.forEach((window, i) => {
      assert.equal(window.crossEntropy / 3, three.windows[i]!.crossEntropy);
      assert.equal(window.priorCrossEntropy / 3, three.windows[i]!.priorCrossEntropy);
    });
  } finally {
    await engine.dispose();
  }
});

Deno.test("a run on byte-pair tokens is ranked per character, and writes what was asked", () =>
  withRuns(async (lab) => {
    const [left, masked] = [lab.run("text-0001"), lab.run("text-0002")];
    for (const { error, status, latest, baseline } of [left, masked]) {
      assert.deepEqual([error, status], [null, "finished"]);
      assert.ok(latest.nats_per_character! > ENTROPY && latest.nats_per_character! < 2.5);
      assert.ok(baseline! > 1 && baseline! < 2.5, `bigrams of characters: ${baseline}`);
    }
    const [drawn] = lab.texts(masked.id);
    for (const { start, texts, confidence } of drawn!.frames) {
      assert.deepEqual(
        texts.map((text) => [...text].length),
        confidence.map((row) => row.length),
      );
      assert.ok(start < [...drawn!.texts[0]!].length);
    }
    const prompt = "the morning ";
    const { texts } = await lab.write({ run: left.id, prompt, length: 9, count: 2 });
    const written = texts.map((text) => [...text.slice(prompt.length)].length);
    assert.ok(texts.every((text) => text.startsWith(prompt)), `${texts}`);
    assert.ok(written.every((characters) => characters >= 9) && written.some((of) => of > 9));
    const template = "the __ and the _\n";
    const filled = await lab.write({ run: masked.id, template, steps: 3, film_strip: true });
    for (const text of filled.texts) assert.match(text, /^the .{2,} and the .+\n$/s);
    assert.equal(filled.frames[0]!.texts[0], template);
    await assert.rejects(lab.write({ run: masked.id, length: 17 }), {
      name: "UserError",
      message: /^length is 17, but the run writes at most 16 tokens at once/,
    });
  }));

Deno.test("evaluate() of a run on byte-pair tokens says nats per character, and how many there were", () =>
  withRuns(async (lab) => {
    const { latest, baseline } = lab.run("text-0001");
    const { results } = await lab.evaluate({
      run: "text-0001",
      count: 4,
      length: 20,
      draws: 12,
    }) as TextEvaluation;
    const [exact] = results.bounds;
    assert.equal(exact!.total, latest.nats_per_character);
    assert.equal(exact!.standardError, latest.nats_standard_error);
    assert.equal(results.baselines.ngrams[1], baseline);
    const { written, ownNats: own } = results.texts;
    assert.ok(written.characters > 4 * 20 * 1.2, `${written.characters}`);
    // Held-out text under its own reading is what block size 1 measures, but for its windows.
    assert.ok(Math.abs(own!.real!.mean - exact!.total) < 0.2, `${own!.real!.mean}`);
  }));

Deno.test("a run on byte-pair tokens that was interrupted goes on to the same bits", () =>
  withTrainedWorkspace([LEFT, MASKED], async (workspace) => {
    const store = openStore(workspace);
    const [broken] = queue(store, LEFT) as [string];
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
