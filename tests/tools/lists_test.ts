/** Long and mixed lists of runs, as an assistant reads them. */
import assert from "node:assert/strict";
import { resolveConfig, type RunConfig } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { finishedRun, queue, shortConfig } from "../experiments/workspace.ts";
import { type Caller, currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { proposalsIn, tablesIn, tableWith } from "./markdown.ts";

/** A client of a server over stored runs that were never trained. */
function withRuns(fill: (store: Store) => void, use: (caller: Caller) => Promise<void>) {
  return withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    fill(store);
    store.close();
    const caller = await currentClient("legacy", { url: `${url}/mcp` });
    await use(caller);
    await caller.close();
  });
}

const digits = (overrides: Record<string, unknown>): RunConfig =>
  resolveConfig("mnist-tiny", { dataset: "made-up-digits", ...overrides });

Deno.test("a list of fifty runs is twenty short rows, with the way to the rest", () =>
  withRuns((store) => {
    const configs = Array.from({ length: 50 }, (_, seed) => digits({ seed }));
    store.runs.insert({ configs, codeVersion: "test", label: "fifty", sweep: {} });
    store.runs.list({ limit: 50 }).runs.forEach(({ id }) => store.runs.requestStop(id));
  }, async (caller) => {
    const first = textOf(await caller.call("inspect-run", { sweep: "sweep-0001" }));
    assert.match(first, /^50 runs, 20 shown \(20 stopped\)\.$/m);
    assert.deepEqual(tableWith(first, "run").header, ["run", "seed", "status", "step"]);
    assert.match(first, /^Label of all: "fifty"$/m);
    assert.match(first, /^30 more: offset=20$/m);
    assert.match(first, /compare-runs \{"sweep": "sweep-0001"\}/);
    assert.ok(!/null|undefined|NaN/.test(first), first);
    assert.ok(first.length < 2000, `${first.length} characters`);
    const last = textOf(await caller.call("inspect-run", { sweep: "sweep-0001", offset: 40 }));
    assert.equal(tableWith(last, "run").rows.length, 10);
    assert.ok(!last.includes("more: offset"));
    const beyond = await caller.call("compare-runs", { sweep: "sweep-0001", offset: 50 });
    assert.ok(beyond.isError);
    assert.match(
      textOf(beyond),
      /^compare-runs: offset is 50, but 50 runs are compared: use an offset from 0 to 49/,
    );
  }));

Deno.test("a run on text among runs on images does not blow up the table", () =>
  withRuns((store) => {
    finishedRun(store, digits({ schedule: "linear" }), 0.2);
    const verse = finishedRun(
      store,
      resolveConfig("shakespeare-tiny", { dataset: "made-up-verse" }),
      0.3,
    );
    store.metrics.insert(verse, [{ name: "nats_per_character", step: 60, value: 1.9 }]);
    store.runs.insert({
      configs: [digits({ schedule: "cosine" })],
      codeVersion: "test",
      label: "by hand",
      sweep: null,
    });
    store.runs.list({ limit: 1 }).runs.forEach(({ id }) => store.runs.requestStop(id));
  }, async (caller) => {
    const text = textOf(await caller.call("inspect-run", {}));
    const images = tableWith(
      text,
      "run",
      "label",
      "dataset",
      "schedule",
      "status",
      "denoising_mse",
    );
    assert.deepEqual(images.rows.map((row) => [row.run, row.label, row.schedule]), [
      ["image-0002", "by hand", "cosine"],
      ["image-0001", "-", "linear"],
    ]);
    const texts = tableWith(text, "run", "dataset", "nats_per_character");
    assert.deepEqual(texts.rows.map((row) => [row.run, row.dataset]), [
      ["text-0001", "made-up-verse"],
    ]);
    assert.ok(images.header.length <= 10 && texts.header.length <= 10, text);
    assert.ok(!text.includes("compare-runs"), "one finished run of a kind cannot be ranked");
  }));

Deno.test("what was never measured is left out, not shown as nothing", () =>
  withRuns((store) => {
    store.runs.insert({ configs: [digits({})], codeVersion: "test", label: null, sweep: null });
    store.runs.list({ limit: 1 }).runs.forEach(({ id }) => store.runs.requestStop(id));
  }, async (caller) => {
    const text = textOf(await caller.call("inspect-run", { run: "latest" }));
    assert.deepEqual(tablesIn(text), []);
    assert.match(text, /^Not recorded yet: loss, denoising_mse\.$/m);
    assert.match(text, /train \{"resume": "image-0001"\} to start it over/);
    assert.ok(!/null|undefined|NaN|- Speed|- Newest|- Trivial/.test(text), text);
  }));

Deno.test("a list says why a run failed and how to go on with it", () =>
  withRuns((store) => {
    finishedRun(store, digits({ seed: 1 }), 0.2);
    const { ids } = store.runs.insert({
      configs: [digits({})],
      codeVersion: "test",
      label: null,
      sweep: null,
    });
    const worker = store.workers.insert();
    store.runs.claim(worker, "test");
    store.runs.end(ids[0]!, worker, "failed", "The disk is full\n| 0 bytes | left |");
    store.workers.end(worker, "ended");
  }, async (caller) => {
    const text = textOf(await caller.call("inspect-run", {}));
    assert.deepEqual(tableWith(text, "run").rows.map((row) => row.status), ["failed", "finished"]);
    assert.match(text, /^image-0002 failed: The disk is full \| 0 bytes \| left \|$/m);
    assert.match(text, /; train \{"resume": "image-0002"\} to start it over$/m);
    assert.ok(!text.includes("wait_seconds"), "nothing is left to wait for");
  }));

Deno.test("a comparison of runs that are not all trained says how to wait for them", () =>
  withRuns((store) => {
    finishedRun(store, digits({ seed: 0 }), 0.2);
    store.runs.insert({
      configs: [digits({ seed: 1 })],
      codeVersion: "",
      label: null,
      sweep: null,
    });
  }, async (caller) => {
    const text = textOf(await caller.call("compare-runs", { runs: ["image-0001", "image-0002"] }));
    assert.match(text, /^Next: inspect-run \{"run": "image-0002", "wait_seconds": 45\} to wait/m);
  }));

Deno.test("an estimate for which nothing was measured proposes the short training that measures it", () =>
  withRuns(() => {}, async (caller) => {
    const grid = { schedule: ["cosine", "linear"], learning_rate: [0.001, 0.002] };
    const request = { preset: "mnist-tiny", overrides: { warmup_steps: 50 }, grid, dry_run: true };
    const text = textOf(await caller.call("train", request));
    assert.match(text, /Nothing was started: 4 runs would take an unknown time/);
    const trial = proposalsIn(text).at(-1)!;
    assert.deepEqual(trial.args, {
      preset: "mnist-tiny",
      overrides: { schedule: "cosine", learning_rate: 0.001, steps: 20 },
    });
  }));

Deno.test("a list without a match proposes the list of all runs", () =>
  withRuns((store) => {
    finishedRun(store, digits({ schedule: "linear" }), 0.2);
  }, async (caller) => {
    const text = textOf(await caller.call("inspect-run", { where: { schedule: "cosine" } }));
    assert.match(text, /^There are no such runs\.\n\nNext: inspect-run \{\} for all runs$/m);
  }));

Deno.test("a schedule that is named twice is inspected, and proposed to be trained, once", () =>
  withRuns(() => {}, async (caller) => {
    const text = textOf(
      await caller.call("inspect-noise-schedule", { schedules: ["cosine", "edm", "cosine"] }),
    );
    assert.match(
      text,
      /^Next: train \{"preset": "demo", "grid": \{"schedule": \["cosine","edm"\]\}/m,
    );
  }));

Deno.test("what a list proposes is a complete call that can be made", () =>
  withRuns((store) => {
    finishedRun(store, digits({ seed: 0 }), 0.2);
    finishedRun(store, digits({ seed: 1 }), 0.3);
    store.runs.insert({ configs: [digits({})], codeVersion: "test", label: null, sweep: null });
    store.runs.list({ limit: 1 }).runs.forEach(({ id }) => store.runs.requestStop(id));
  }, async (caller) => {
    for (const args of [{}, { status: "finished" }, { status: "stopped" }, { status: "failed" }]) {
      const text = textOf(await caller.call("inspect-run", args));
      for (const { tool, args } of proposalsIn(text)) {
        assert.ok(tool !== "compare-runs" || (args.runs as string[]).length > 1);
        if (tool === "train") continue;
        const answer = await caller.call(tool, args);
        assert.ok(!answer.isError, `${tool} ${JSON.stringify(args)}: ${textOf(answer)}`);
      }
    }
  }));

Deno.test("evaluate is proposed with the time that it takes, and not where it cannot be done", () =>
  withRuns((store) => {
    const speed = [{ name: "examples_per_second" as const, step: 12, value: 100 }];
    store.metrics.insert(finishedRun(store, shortConfig(), 0.1), speed);
    const [id] = queue(store, shortConfig({ dataset: "made-up-digits", seed: 1 })) as [string];
    const worker = store.workers.insert();
    store.runs.claim(worker, "test");
    store.runs.setFacts(id, worker, {
      ...{ datasetHash: "0", device: "cpu", parameterCount: 1, replicas: 1, baseline: 0.2 },
      deviceChoice: { device: "cpu", reason: "test", measured: [] },
      pictures: { height: 28, width: 28, channels: 1, classNames: ["all"] },
    });
    store.metrics.insert(id, speed);
    store.runs.end(id, worker, "finished", null);
    store.workers.end(worker, "ended");
  }, async (caller) => {
    const proposed = async (run: string) =>
      /evaluate \{.*?\)/.exec(textOf(await caller.call("inspect-run", { run })))?.[0];
    assert.equal(
      await proposed("image-0001"),
      'evaluate {"run": "image-0001"} to measure its pictures (about 87 sec)',
    );
    assert.equal(await proposed("image-0002"), undefined, "one class gives nothing to judge by");
  }));
