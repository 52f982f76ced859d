/** Evaluations at chosen steps of training. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { imageConfigOf, openLab, resolveConfig, runWorker } from "../../../experiments/mod.ts";
import { openStore } from "../../../experiments/store/mod.ts";
import { decodeSafetensors } from "../../../engine/mod.ts";
import { groupHash } from "../../../experiments/config.ts";
import { queue, shortConfig, withWorkspace } from "../workspace.ts";

Deno.test("training measures as evaluate does, keeps it, draws the curves, and learns the same, stopped meanwhile or not", () =>
  withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    const short = { steps: 6, checkpoint_every: 6, sample_every: 4 };
    const plain = shortConfig(short);
    const measured = shortConfig({ ...short, evaluate_every: 4, evaluate_count: 200 });
    const [without, run] = queue(store, plain, measured) as [string, string];
    const working = runWorker({ workspace, device: "cpu" });
    // Samples are drawn before the pictures that are measured.
    while (store.samples.list(run).length === 0) await setTimeout(2);
    store.runs.requestStop(run);
    await working;
    const { status, step } = store.runs.byId(run)!;
    assert.deepEqual([status, step, store.evaluations.list(run)], ["stopped", 4, []]);
    store.runs.requeue(run);
    await runWorker({ workspace, device: "cpu" });
    assert.deepEqual([store.runs.byId(run)!.error, store.runs.byId(run)!.status], [
      null,
      "finished",
    ]);

    const [first, last, ...more] = store.evaluations.list(run);
    assert.ok(first!.modality === "image" && last!.modality === "image" && more.length === 0);
    assert.deepEqual([first!.step, last!.step, last!.madeBy], [4, 6, "training"]);
    const { frechet, accuracy } = store.metrics.curves(run, ["frechet", "accuracy"], -1);
    assert.deepEqual(
      frechet,
      [first, last].map((evaluation) => ({
        step: evaluation!.step,
        value: evaluation!.results.frechet.distance,
      })),
    );
    assert.deepEqual(accuracy!.map(({ value }) => value), [
      first!.results.accuracy,
      last!.results.accuracy,
    ]);
    assert.deepEqual(store.evaluations.list(without), []);
    const weights = (id: string) =>
      decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path)).tensors;
    assert.deepEqual(weights(run), weights(without));

    const lab = openLab({ workspace, device: "cpu" });
    try {
      const asked = await lab.evaluate({ run, count: 200 });
      assert.ok(asked.modality === "image");
      assert.deepEqual([asked.step, asked.settings], [6, last!.settings]);
      assert.equal(asked.madeBy, undefined);
      // The weights are baked into one program and an input of the other, which rounds otherwise.
      const ratio = asked.results.frechet.distance / last!.results.frechet.distance;
      assert.ok(Math.abs(ratio - 1) < 1e-3, `${ratio}`);
      assert.equal(asked.results.frechet.floor, last!.results.frechet.floor);

      // Going back takes along what training made after the step, and nothing else.
      store.evaluations.deleteMeasuredAfter(run, 4);
      assert.deepEqual(store.evaluations.list(run), [first, asked]);
      const { id: _, createdAt: __, ...again } = last!;
      assert.equal(store.evaluations.insert(again), `${run}-evaluation-004`);
    } finally {
      lab.close();
      store.close();
    }
  }));

Deno.test("runs are of one group whether they are measured on the way or not", () => {
  const config = imageConfigOf({ id: "test", config: resolveConfig("mnist-tiny") });
  assert.deepEqual([config.evaluate_every, config.evaluate_count], [0, 1000]);
  assert.equal(groupHash({ ...config, evaluate_every: 9, evaluate_count: 300 }), groupHash(config));
});

Deno.test("a run that could not be measured on the way fails before its first step", () =>
  withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    const config = shortConfig({ steps: 2, evaluate_every: 1, evaluate_count: 501 });
    const [id] = queue(store, config) as [string];
    await runWorker({ workspace, device: "cpu" });
    const { status, step, error } = store.runs.byId(id)!;
    assert.deepEqual([status, step], ["failed", 0]);
    assert.match(
      error!,
      /^count is 501, but Made-up digits has 1000 held-out images .* at most 500$/,
    );
    store.close();
  }));
