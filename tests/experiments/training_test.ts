import type { Checkpoint } from "../../experiments/store/results.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors, encodeWithChecksum } from "../../engine/mod.ts";
import type { Run } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { queue, shortConfig, withStore } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

/** Works off the queue in this process, on the CPU. */
function work(store: Store, signal?: AbortSignal): Promise<void> {
  return runWorker({ workspace: store.workspace, device: "cpu", ...(signal ? { signal } : {}) });
}

/** Waits until the run has done this many steps. */
async function untilStep(store: Store, id: string, step: number): Promise<void> {
  while (store.runs.byId(id)!.step < step) await setTimeout(2);
}

function lastCheckpoint(store: Store, id: string) {
  return decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path));
}

/** Asserts that two runs ended with the same parameters, averages, moments and metrics, bit for bit. */
function assertSameTraining(store: Store, a: string, b: string): void {
  const [first, second] = [lastCheckpoint(store, a), lastCheckpoint(store, b)];
  assert.equal(first.metadata.step, second.metadata.step);
  assert.deepEqual(Object.keys(first.tensors), Object.keys(second.tensors));
  for (const [name, { data }] of Object.entries(first.tensors)) {
    assert.deepEqual(data, second.tensors[name]!.data, `${name} differs`);
  }
  assert.deepEqual(measured(store, a), measured(store, b));
}

/** All metrics but the speed. */
function measured(store: Store, id: string) {
  return store.metrics.curves(id, [
    "loss",
    "learning_rate",
    "gradient_norm",
    "validation_loss",
    "denoising_mse",
    "denoising_mse_q0",
    "denoising_mse_q3",
  ]);
}

function assertEnded(run: Run, status: Run["status"], step: number): void {
  assert.deepEqual([run.status, run.error, run.step, run.activity], [status, null, step, null]);
}

for (const muon_learning_rate of [0, 0.003]) {
  const optimizer = muon_learning_rate > 0 ? "Muon" : "AdamW";
  Deno.test(`a stopped and an aborted run go on bit for bit with ${optimizer}`, () =>
    withStore(async (store) => {
      // Logging every 3 steps and stopping in between leaves half a window to carry over.
      const config = shortConfig({
        muon_learning_rate,
        steps: 14,
        log_every: 3,
        checkpoint_every: 5,
        validate_every: 7,
      });
      const [whole, broken] = queue(store, config, config) as [string, string];
      store.runs.requestStop(broken);
      await work(store);
      assertEnded(store.runs.byId(whole)!, "finished", 14);

      store.runs.requeue(broken);
      const stopping = work(store);
      await untilStep(store, broken, 3);
      store.runs.requestStop(broken);
      await stopping;
      const stopped = store.runs.byId(broken)!;
      assertEnded(stopped, "stopped", stopped.checkpointStep!);
      assert.ok(stopped.step >= 3 && stopped.step < 7, `it stopped at ${stopped.step}`);

      store.runs.requeue(broken);
      const leaving = new AbortController();
      const aborting = work(store, leaving.signal);
      await untilStep(store, broken, 9);
      leaving.abort();
      await aborting;
      const interrupted = store.runs.byId(broken)!;
      assertEnded(interrupted, "interrupted", interrupted.checkpointStep!);
      assert.ok(interrupted.step >= 9 && interrupted.step < 14, `it left at ${interrupted.step}`);

      store.runs.requeue(broken);
      await work(store);
      assertEnded(store.runs.byId(broken)!, "finished", 14);
      assertSameTraining(store, whole, broken);
    }));
}

Deno.test("the seed decides what is learned", () =>
  withStore(async (store) => {
    const [a, b, c] = queue(
      store,
      shortConfig({ steps: 2 }),
      shortConfig({ steps: 2 }),
      shortConfig({ steps: 2, seed: 1 }),
    ) as [string, string, string];
    await work(store);
    assertSameTraining(store, a, b);
    assert.throws(() => assertSameTraining(store, a, c));
  }));

Deno.test("training lowers the loss and the denoising error below what single pixels tell", () =>
  withStore(async (store) => {
    const [id] = queue(
      store,
      shortConfig({ steps: 90, batch_size: 16, validate_every: 45, learning_rate: 4e-3 }),
    ) as [string];
    await work(store);
    const run = store.runs.byId(id)!;
    const { loss = [], denoising_mse = [] } = store.metrics.curves(
      id,
      ["loss", "denoising_mse"],
    );
    assert.ok(loss.at(-1)!.value < 0.6 * loss[0]!.value);
    assert.ok(denoising_mse.at(-1)!.value < denoising_mse[0]!.value);
    assert.ok(run.latest.denoising_mse! < run.baseline!);
    assert.deepEqual(
      [run.device, run.parameterCount, run.datasetHash!.length],
      ["cpu", 35793, 64],
    );
  }));

Deno.test("a checkpoint carries its whole configuration, and the newest two are kept", () =>
  withStore(async (store) => {
    const config = shortConfig({ checkpoint_every: 3 });
    const [id] = queue(store, config) as [string];
    await work(store);
    const { metadata } = lastCheckpoint(store, id);
    assert.deepEqual(JSON.parse(metadata.config!), config);
    assert.deepEqual([metadata.run, metadata.step], [id, "12"]);
    const folder = join(store.workspace, "runs", id, "checkpoints");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["step-0000009.safetensors", "step-0000012.safetensors"]);
  }));

Deno.test("a run goes back to the checkpoint before one that is damaged", () =>
  withStore(async (store) => {
    const config = shortConfig({ steps: 8 });
    const [whole, broken] = queue(store, config, config) as [string, string];
    store.runs.requestStop(broken);
    await work(store);
    store.runs.requeue(broken);
    const stopping = work(store);
    await untilStep(store, broken, 5);
    store.runs.requestStop(broken);
    await stopping;
    const [newest] = store.checkpoints.list(broken);
    Deno.truncateSync(newest!.path, 1000);
    store.runs.requeue(broken);
    await work(store);
    assertSameTraining(store, whole, broken);
  }));

Deno.test("a training that diverges fails with its step and what to change, its checkpoint kept", () =>
  withStore(async (store) => {
    const [id] = queue(store, shortConfig({ checkpoint_every: 4, validate_every: 12 })) as [string];
    const stopping = work(store);
    await untilStep(store, id, 4);
    store.runs.requestStop(id);
    await stopping;
    const [{ path, step }] = store.checkpoints.list(id) as [Checkpoint];
    const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path));
    Object.entries(tensors).find(([name]) => name.startsWith("model/"))![1].data.fill(NaN);
    Deno.writeFileSync(path, encodeWithChecksum(tensors, metadata));
    store.runs.requeue(id);
    await work(store);
    const run = store.runs.byId(id)!;
    assert.deepEqual([run.status, run.step, run.checkpointStep], ["failed", step, step]);
    assert.equal(
      run.error,
      `Training diverged at step ${step + 1}: the loss is NaN; train again with a lower ` +
        `learning_rate than 0.002 or a longer warm-up; the checkpoint of step ${step} is kept`,
    );
  }));

Deno.test("samples on the way are kept, and made again after going back", () =>
  withStore(async (store) => {
    const [id] = queue(store, shortConfig({ steps: 6, sample_every: 3 })) as [string];
    await work(store);
    const samples = store.samples.list(id);
    assert.deepEqual(samples.map(({ step, kind }) => [step, kind]), [
      [3, "contact-sheet"],
      [6, "contact-sheet"],
    ]);
    const { tensors } = decodeSafetensors(Deno.readFileSync(samples[1]!.path));
    assert.deepEqual(tensors.images!.shape, [20, 28, 28, 1]);
    assert.ok(tensors.images!.data.every((value) => value >= -1 && value <= 1));
  }));

Deno.test("a second worker in the same workspace is refused", () =>
  withStore(async (store) => {
    queue(store, shortConfig({ steps: 3 }));
    const first = work(store);
    await assert.rejects(work(store), {
      name: "UserError",
      message: /^Another worker \(process \d+\) is at work in/,
    });
    await first;
    assert.equal(store.runs.byId("image-0001")!.status, "finished");
    openStore(store.workspace).close();
  }));
