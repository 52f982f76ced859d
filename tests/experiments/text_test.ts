/** Runs on text, from the queue to what they write. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors } from "../../engine/mod.ts";
import {
  blockCurve,
  type Lab,
  openLab,
  resolveConfig,
  type Run,
  type RunConfig,
  textConfigOf,
  type TextSample,
  type WriteRequest,
} from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { queue, withStore, withTrainedWorkspace } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const METHODS = ["autoregressive", "diffusion", "blocks", "masked"] as const;

function textConfig(overrides: object): RunConfig {
  return resolveConfig("shakespeare-tiny", {
    dataset: "made-up-verse",
    steps: 30,
    warmup_steps: 3,
    batch_size: 8,
    learning_rate: 5e-3,
    log_every: 2,
    validate_every: 30,
    checkpoint_every: 7,
    ...overrides,
  });
}

/** Of each method; levels adapt where blocks are learnt. */
function configOf(method: typeof METHODS[number]): RunConfig {
  return textConfig({ method, ...(method === "blocks" ? { schedule: "adaptive-gamma" } : {}) });
}

/** With a finished run of every method, in their order. */
function withEveryMethod(
  work: (workspace: string, ids: readonly [string, string, string, string]) => Promise<void>,
): Promise<void> {
  const configs = METHODS.map(configOf);
  return withTrainedWorkspace(
    configs,
    (workspace) => work(workspace, ["text-0001", "text-0002", "text-0003", "text-0004"]),
  );
}

function work(store: Store, signal?: AbortSignal): Promise<void> {
  return runWorker({ workspace: store.workspace, device: "cpu", ...(signal ? { signal } : {}) });
}

function parametersOf(store: Store, id: string) {
  return decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path)).tensors;
}

for (const [i, method] of METHODS.entries()) {
  Deno.test(`${method}: training lowers the loss, and validation says nats per character`, () =>
    withEveryMethod((workspace, ids) => {
      const store = openStore(workspace);
      const run = store.runs.byId(ids[i]!)!;
      const loss = store.metrics.curves(run.id, ["loss"]).loss!;
      store.close();
      assert.equal(run.error, null);
      assert.deepEqual([run.status, textConfigOf(run).method], ["finished", method]);
      assert.ok(
        loss.at(-1)!.value < loss[0]!.value - 0.2,
        `${loss[0]!.value} to ${loss.at(-1)!.value}`,
      );
      const { nats_per_character: nats, nats_standard_error: error } = run.latest;
      assert.ok(nats! > 1 && nats! < 4.5, `${nats}`);
      assert.ok(error! > 0 && error! < 0.5, `${error}`);
      assert.ok(run.baseline! > 1.5 && run.baseline! < 3, `bigrams: ${run.baseline}`);
      if (method === "blocks") {
        const errors = blockCurve(run).map(({ standardError }) => standardError!);
        assert.ok(
          errors.length > 2 && errors.every((error) => error > 0 && error < 0.5),
          `${errors}`,
        );
        const { nats_block_1, nats_block_4, nats_block_16, nats_block_full } = run.latest;
        const mean = (nats_block_1! + nats_block_4! + nats_block_16! + nats_block_full!) / 4;
        assert.ok(Math.abs(nats! - mean) < 1e-9);
        // The blocks are measured on the same windows: their errors do not average out.
        const meanError = errors.reduce((sum, one) => sum + one, 0) / errors.length;
        assert.ok(Math.abs(error! - meanError) < 1e-9, `${error} for ${errors}`);
        const { gamma_quarter, gamma_half, gamma_three_quarters } = run.latest;
        assert.ok(-4 < gamma_quarter! && gamma_quarter! < gamma_half!);
        assert.ok(gamma_half! < gamma_three_quarters! && gamma_three_quarters! < 5);
      }
      return Promise.resolve();
    }));
}

Deno.test("text: a run that was interrupted goes on to the same bits as one that was not", () =>
  withEveryMethod(async (workspace, [, , whole]) => {
    const store = openStore(workspace);
    const [broken] = queue(store, configOf("blocks")) as [string];
    const leaving = new AbortController();
    const working = work(store, leaving.signal);
    while (store.runs.byId(broken)!.step < 11) await setTimeout(2);
    leaving.abort();
    await working;
    assert.equal(store.runs.byId(broken)!.status, "interrupted");
    store.runs.requeue(broken);
    await work(store);
    const [a, b] = [parametersOf(store, whole), parametersOf(store, broken)];
    for (const [name, { data }] of Object.entries(a)) assert.deepEqual(data, b[name]!.data, name);
    assert.deepEqual(
      store.runs.byId(whole)!.latest.nats_per_character,
      store.runs.byId(broken)!.latest.nats_per_character,
    );
    store.close();
  }));

Deno.test("text written on the way is kept with its film, and written again after going back", () =>
  withStore(async (store) => {
    const ids = queue(
      store,
      ...METHODS.map((method) => textConfig({ method, steps: 8, sample_every: 4 })),
    );
    await work(store);
    for (const id of ids) {
      const texts = store.texts.list(id) as TextSample[];
      assert.deepEqual(texts.map(({ step }) => step), [4, 8], store.runs.byId(id)!.error ?? "");
      for (const { texts: written, settings, frames } of texts) {
        assert.deepEqual([settings.made_by, written.length], ["training", 2]);
        assert.ok(written.every((text) => [...text].length === 32));
        assert.equal(frames.length > 0, settings.mode !== "autoregressive");
      }
    }
    const [, diffusion] = ids as [string, string];
    const request = { run: diffusion, count: 1, length: 5, steps: 2 };
    const lab = openLab({ workspace: store.workspace, device: "cpu" });
    const asked = await lab.write(request);
    lab.close();
    const before = store.texts.list(diffusion) as TextSample[];
    store.texts.deleteMadeAfter(diffusion, 4);
    assert.deepEqual(store.texts.list(diffusion), [before[0], asked]);
    store.texts.insert({ ...before[1]!, step: 8 });
    assert.equal(store.texts.list(diffusion).length, 3);
  }));

Deno.test("every mode writes what was asked, and each network refuses what it cannot", () =>
  withEveryMethod(async (workspace, [left, whole, blocks, masked]) => {
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await writesAsAsked(lab, left, whole, blocks);
      await writesOutOfMasks(lab, masked);
    } finally {
      lab.close();
    }
  }));

async function writesAsAsked(lab: Lab, left: string, whole: string, blocks: string): Promise<void> {
  const write = (request: WriteRequest) => {
    const reads = request.mode === "autoregressive" || (request.run === left && !request.mode);
    return lab.write({ count: 2, ...(reads ? {} : { steps: 4 }), ...request });
  };
  const requests: [WriteRequest, number][] = [
    [{ run: left, prompt: "the", length: 40 }, 43],
    [{ run: whole }, 32],
    [{ run: blocks, prompt: "the", length: 37, block_size: 8 }, 40],
    [{ run: blocks, mode: "guided", prompt: "the", length: 20 }, 23],
    [{ run: blocks, mode: "revised", prompt: "the", length: 20, rounds: 1 }, 23],
    [{ run: blocks, mode: "autoregressive", length: 9 }, 9],
  ];
  await Promise.all(requests.map(async ([request, length]) => {
    const sample = await write(request);
    assert.equal(sample.texts.length, 2);
    for (const text of sample.texts) {
      assert.equal([...text].length, length, JSON.stringify(request));
      assert.ok(text.startsWith(request.prompt ?? ""));
    }
    assert.ok(sample.networkEvaluations > 0);
  }));
  const template = "the ____ of the ___";
  const filled = await write({ run: whole, template, film_strip: true });
  for (const text of filled.texts) {
    [...template].forEach((mark, i) => assert.ok(mark === "_" || text[i] === mark, text));
  }
  assert.ok(filled.frames.length >= 4);
  filled.frames.forEach(({ confidence }) =>
    confidence.flat().forEach((share) => assert.ok(share >= 0 && share <= 1))
  );
  const [again] = lab.texts(whole).filter(({ settings }) => settings.template === null);
  assert.deepEqual((await write({ run: whole })).texts, again!.texts);
  assert.deepEqual(lab.texts(blocks).map(({ settings }) => settings.mode).sort(), [
    "autoregressive",
    "blocks",
    "guided",
    "revised",
  ]);
  const refusals: [WriteRequest, RegExp][] = [
    [{ run: left, mode: "diffusion" }, /has an autoregressive head only/],
    [{ run: whole, mode: "blocks" }, /cannot condition on the text before a block/],
    [{ run: blocks, block_size: 64 }, /block_size is 64, but must be a whole number from 1 to 32/],
    [{ run: whole, length: 33 }, /^length is 33, but the run writes at most 32 characters/],
    [
      { run: left, prompt: "é" },
      /^Cannot encode prompt: it has characters outside the vocabulary: "é"/,
    ],
    [{ run: whole, template: "whole" }, /^template has no gap/],
    [{ run: whole, mode: "infill" }, /without template/],
    [{ run: left, temperature: 9 }, /temperature is 9, but must be a number from 0 to 5/],
  ];
  await Promise.all(
    refusals.map(([request, message]) =>
      assert.rejects(write(request), { name: "UserError", message })
    ),
  );
}

async function writesOutOfMasks(lab: Lab, run: string): Promise<void> {
  const write = (request: object) => lab.write({ run, count: 2, steps: 8, ...request });
  const { texts, settings, frames } = await write({ prompt: "the", film_strip: true });
  assert.equal(settings.mode, "diffusion");
  assert.ok(texts.every((text) => [...text].length === 32 && text.startsWith("the")));
  assert.ok(texts.every((text) => !text.includes("_")));
  assert.deepEqual(frames[0]!.texts, new Array(2).fill("the".padEnd(32, "_")));
  assert.deepEqual(frames.at(-1)!.texts, texts);
  const template = "the ____ of the ___";
  const filled = await write({ template });
  for (const text of filled.texts) {
    [...template].forEach((mark, i) => assert.ok(mark === "_" || text[i] === mark, text));
  }
  const refusals: [object, RegExp][] = [
    [{ mode: "autoregressive", steps: undefined }, /cannot condition on the text before a block/],
    [{ sampler: "heun" }, /sampler is "heun", but a run with method "masked"/],
  ];
  for (const [request, message] of refusals) await assert.rejects(write(request), message);
}

Deno.test("a text too short for its windows is refused with the length that would do", () =>
  withStore(async (store) => {
    const path = `${store.workspace}/short.txt`;
    Deno.writeTextFileSync(path, "too short");
    const [id] = queue(store, textConfig({ dataset: path })) as [string];
    await work(store);
    const run: Run = store.runs.byId(id)!;
    assert.equal(run.status, "failed");
    assert.match(run.error!, /take a text of at least 320 characters or a shorter context/);
  }));
