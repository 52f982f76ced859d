import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { decodeSafetensors, encodeSafetensors } from "../../engine/mod.ts";
import { openLab } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { decodeCheckpoint, encodeCheckpoint, initialState } from "../../experiments/run/state.ts";
import type { ParameterSpec } from "../../models/layers/mod.ts";
import { damageNote } from "../../tools/rows.ts";
import { queue, shortConfig, withStore, withTrainedWorkspace } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const SPECS: ParameterSpec[] = [{ name: "w", shape: [3], init: { kind: "ones" }, hidden: false }];

function smallCheckpoint(): Uint8Array {
  return encodeCheckpoint(initialState(SPECS, 0), {
    runId: "image-0001",
    createdAt: "2026-01-01T00:00:00.000Z",
    config: shortConfig(),
    codeVersion: "test",
    datasetHash: "0",
    device: "cpu",
    replicas: 1,
  });
}

/** Flips one bit in the middle of a tensor. */
function flipBit(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - 101]! ^= 4;
  Deno.writeFileSync(path, bytes);
}

/** As a program before there were checksums wrote it. */
function withoutChecksum(bytes: Uint8Array): Uint8Array {
  const { tensors, metadata: { sha256: _, run_created_at: __, ...metadata } } = decodeSafetensors(
    bytes,
  );
  return encodeSafetensors(tensors, { ...metadata, format: "textdiffusion-checkpoint-1" });
}

Deno.test("no flipped bit in a checkpoint passes unnoticed, in its header or its tensors", () => {
  const bytes = smallCheckpoint();
  decodeCheckpoint(bytes, SPECS);
  const passed: number[] = [];
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    try {
      decodeCheckpoint(bytes, SPECS);
      passed.push(bit);
    } catch (error) {
      assert.equal((error as Error).name, "UserError", `${error}`);
    }
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert.deepEqual(passed, []);
});

Deno.test("a checkpoint of before there were checksums still opens", () => {
  const bytes = smallCheckpoint();
  assert.deepEqual(
    decodeCheckpoint(withoutChecksum(bytes), SPECS),
    decodeCheckpoint(bytes, SPECS),
  );
});

Deno.test("a run with a flipped bit goes on from the checkpoint before it, and that is said", () =>
  withStore(async (store) => {
    const config = shortConfig({ steps: 500, checkpoint_every: 4 });
    const [id] = queue(store, config) as [string];
    await stopAfter(store, id, 9);
    const [damaged, intact] = store.checkpoints.list(id);
    flipBit(damaged!.path);
    store.runs.requeue(id);
    await stopAfter(store, id, damaged!.step + 4);
    const { loss } = store.metrics.curves(id, ["loss"]);
    const steps = loss!.map(({ step }) => step);
    assert.equal(new Set(steps).size, steps.length);
    const lab = openLab({ workspace: store.workspace });
    const expected = new RegExp(
      `^The checkpoint of ${id} at step ${damaged!.step} is damaged \\(.*do not agree with the ` +
        `SHA-256.*\\): the newest intact one, of step ${intact!.step}, was used instead`,
    );
    assert.ok(lab.inspect(id).alerts.some((alert) => expected.test(alert.message)));
    assert.ok(lab.events().some((event) => expected.test(event.message) && event.runId === id));
    lab.close();
  }));

Deno.test("samples and evaluations take the newest intact checkpoint and say so", () =>
  withTrainedWorkspace([shortConfig({ steps: 8 })], async (workspace) => {
    const store = openStore(workspace);
    const lab = openLab({ workspace, device: "cpu" });
    try {
      const [newest] = store.checkpoints.list("image-0001");
      flipBit(newest!.path);
      for (let i = 0; i < 2; i++) {
        const sample = await lab.sample({ run: "image-0001", count: 1, steps: 1 });
        assert.equal(sample.step, 4);
        assert.match(damageNote(lab, sample.runId, sample.step), /of step 4, was used instead/);
      }
      const evaluation = await lab.evaluate({ run: "image-0001", count: 200, steps: 1 });
      assert.equal(evaluation.step, 4);
      const said = store.events.ofRun("image-0001", "checkpoint-damaged");
      assert.equal(said.length, 1, "it is said once");
    } finally {
      lab.close();
      store.close();
    }
  }));

Deno.test("where no checkpoint is intact, the error says what to do and nothing is lost", () =>
  withTrainedWorkspace([shortConfig({ steps: 8 })], async (workspace) => {
    const store = openStore(workspace);
    const lab = openLab({ workspace, device: "cpu" });
    try {
      const checkpoints = store.checkpoints.list("image-0001");
      for (const { path } of checkpoints) flipBit(path);
      await assert.rejects(lab.sample({ run: "image-0001", count: 1, steps: 1 }), {
        name: "UserError",
        message:
          /^No checkpoint of image-0001 can be read: .*step-0000008.*; .*step-0000004.*\. Put back a copy of one .* train a new run with the same preset, overrides and seed/,
      });
      assert.deepEqual(store.checkpoints.list("image-0001"), checkpoints);
      assert.ok(checkpoints.every(({ path }) => Deno.statSync(path).isFile));
      flipBit(checkpoints[0]!.path);
      assert.equal((await lab.sample({ run: "image-0001", count: 1, steps: 1 })).step, 8);
    } finally {
      lab.close();
      store.close();
    }
  }));

/** Works off the queue in this process and stops the run after some steps. */
async function stopAfter(store: Store, id: string, step: number): Promise<void> {
  const working = runWorker({ workspace: store.workspace, device: "cpu" });
  while (store.runs.byId(id)!.step < step) await setTimeout(2);
  store.runs.requestStop(id);
  await working;
}
