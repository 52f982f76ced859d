import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors } from "../../engine/mod.ts";
import { resolveConfig, type RunConfig } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { queue, withStore } from "../experiments/workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

function work(store: Store, device: "webgpu" | "cpu", signal?: AbortSignal): Promise<void> {
  return runWorker({ workspace: store.workspace, device, ...(signal ? { signal } : {}) });
}

async function untilStep(store: Store, id: string, step: number): Promise<void> {
  while (store.runs.byId(id)!.step < step) await setTimeout(2);
}

function lastCheckpoint(store: Store, id: string) {
  return decodeSafetensors(Deno.readFileSync(store.checkpoints.list(id)[0]!.path));
}

function losses(store: Store, id: string): readonly number[] {
  return store.metrics.curves(id, ["loss"]).loss!.map(({ value }) => value);
}

/** Steps of both presets; more are the same, and a program that computes on the processor is slow. */
const cases: Readonly<Record<string, RunConfig>> = {
  "the image preset": resolveConfig("mnist-tiny", {
    dataset: "made-up-digits",
    steps: 8,
    batch_size: 2,
    log_every: 3,
    validate_every: 8,
    checkpoint_every: 3,
  }),
  "the text preset, with Muon": resolveConfig("shakespeare-tiny", {
    dataset: "made-up-verse",
    steps: 30,
    batch_size: 4,
    log_every: 7,
    validate_every: 30,
    checkpoint_every: 10,
  }),
};

for (const [name, config] of Object.entries(cases)) {
  Deno.test(`a stopped training on WebGPU goes on bit for bit, and learns what the CPU does: ${name}`, () =>
    withStore(async (store) => {
      const [whole] = queue(store, config) as [string];
      await work(store, "webgpu");
      const [stopped] = queue(store, config) as [string];
      const abort = new AbortController();
      const working = work(store, "webgpu", abort.signal);
      await untilStep(store, stopped, Math.floor(config.steps / 2));
      abort.abort();
      await working;
      assert.equal(store.runs.byId(stopped)!.status, "interrupted");
      store.runs.requeue(stopped);
      await work(store, "webgpu");
      assert.equal(store.runs.byId(stopped)!.status, "finished");
      assert.equal(store.runs.byId(stopped)!.deviceChoice!.noise, "device");
      const [a, b] = [lastCheckpoint(store, whole), lastCheckpoint(store, stopped)];
      for (const [tensor, { data }] of Object.entries(a.tensors)) {
        assert.deepEqual(b.tensors[tensor]!.data, data, `${tensor} differs`);
      }
      assert.deepEqual(losses(store, stopped), losses(store, whole));

      const [onCpu] = queue(store, config) as [string];
      await work(store, "cpu");
      losses(store, onCpu).forEach((expected, i) => {
        const off = Math.abs(losses(store, whole)[i]! - expected);
        assert.ok(off <= 2e-3 * expected, `loss ${i} is off by ${off} of ${expected}`);
      });
    }));
}
