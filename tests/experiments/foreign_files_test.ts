import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { decodeSafetensors, encodeWithChecksum } from "../../engine/mod.ts";
import type { Run } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { keepSample } from "../../experiments/image/drawing.ts";
import { rewind } from "../../experiments/run/checkpoints.ts";
import { queue, shortConfig, withStore, withTrainedWorkspace } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";
import type { SampleSettings } from "../../experiments/image/requests.ts";

const CONFIG = shortConfig({ steps: 8, sample_every: 4 });

/** All files under a folder with the SHA-256 of their contents. */
function contentsOf(folder: string, at = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, at))) {
    const path = join(at, name);
    if (isDirectory) { for (const [p, text] of contentsOf(folder, path)) found.set(p, text); }
    else found.set(path, hashOf(Deno.readFileSync(join(folder, path))));
  }
  return found;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function put(path: string, content: string | Uint8Array = "foreign"): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  if (typeof content === "string") Deno.writeTextFileSync(path, content);
  else Deno.writeFileSync(path, content);
}

function claimed(store: Store): { run: Run; workerId: number } {
  const workerId = store.workers.insert();
  return { run: store.runs.claim(workerId, "test")!, workerId };
}

Deno.test("after the store was moved away, the next run leaves the files of the earlier ones alone", () =>
  withTrainedWorkspace([CONFIG], async (workspace) => {
    const before = contentsOf(join(workspace, "runs", "image-0001"));
    assert.equal(before.size, 4, "two checkpoints and two samples");
    for (const { name } of Deno.readDirSync(workspace)) {
      if (name.startsWith("lab.sqlite")) Deno.removeSync(join(workspace, name));
    }
    const store = openStore(workspace);
    try {
      assert.deepEqual(queue(store, shortConfig({ steps: 8, sample_every: 4, seed: 1 })), [
        "image-0002",
      ]);
      await runWorker({ workspace, device: "cpu" });
      assert.equal(store.runs.byId("image-0002")!.status, "finished");
      assert.deepEqual(contentsOf(join(workspace, "runs", "image-0001")), before);
    } finally {
      store.close();
    }
  }));

Deno.test("a run deletes and overwrites nothing that it did not write", () =>
  withStore(async (store) => {
    const [id] = queue(store, CONFIG) as [string];
    const folder = join(store.workspace, "runs", id);
    // A checkpoint of a run with the same id in another store, as an old version may have left it.
    const ofAnother = encodeWithChecksum({}, {
      format: "textdiffusion-checkpoint-2",
      run: id,
      run_created_at: "2020-01-01T00:00:00.000Z",
    });
    for (
      const name of [
        "checkpoints/step-0000004.safetensors",
        "checkpoints/step-0000008.safetensors",
        "checkpoints/step-0009999.safetensors",
      ]
    ) put(join(folder, name), ofAnother);
    for (
      const name of [
        "checkpoints/notes.txt",
        "checkpoints/best.safetensors",
        "checkpoints/.hidden.tmp",
        `samples/${id}-sample-001.safetensors`,
        `samples/${id}-sample-002.2.png`,
      ]
    ) put(join(folder, name));
    const before = contentsOf(folder);
    await runWorker({ workspace: store.workspace, device: "cpu" });
    assert.equal(store.runs.byId(id)!.status, "finished");
    const after = contentsOf(folder);
    for (const [path, text] of before) assert.equal(after.get(path), text, `${path} was touched`);
    assert.deepEqual(store.samples.list(id).map((sample) => sample.id), [
      `${id}-sample-003`,
      `${id}-sample-004`,
    ]);
    for (const { path, step } of store.checkpoints.list(id)) {
      assert.equal(decodeSafetensors(Deno.readFileSync(path)).metadata.step, String(step));
    }
  }));

Deno.test("going back deletes what a killed worker of this run left, and nothing else", () =>
  withStore((store) => {
    queue(store, CONFIG);
    const { run, workerId } = claimed(store);
    const own = encodeWithChecksum({}, {
      format: "textdiffusion-checkpoint-2",
      run: run.id,
      run_created_at: run.createdAt,
    });
    const folder = join(store.workspace, "runs", run.id);
    const dead = `999999999.${crypto.randomUUID()}.tmp`;
    const alive = `${Deno.pid}.${crypto.randomUUID()}.tmp`;
    for (
      const [name, content] of [
        ["checkpoints/step-0000006.safetensors", own],
        [`checkpoints/.step-0000006.safetensors.${dead}`, own],
        [`samples/.${run.id}-sample-001.safetensors.${dead}`, "half"],
        [`samples/.${run.id}-sample-002.safetensors.${alive}`, "being written"],
        ["samples/other.safetensors", "foreign"],
      ] as const
    ) put(join(folder, name), content);
    rewind(store, run, workerId, 0);
    assert.deepEqual([...contentsOf(folder).keys()].sort(), [
      `samples/.${run.id}-sample-002.safetensors.${alive}`,
      "samples/other.safetensors",
    ]);
  }));

Deno.test("going back deletes the samples of later steps and not those whose number begins alike", () =>
  withStore((store) => {
    queue(store, CONFIG);
    const { run, workerId } = claimed(store);
    const draw = (step: number, made_by?: "training") =>
      keepSample(store, run, {
        pixels: {
          count: 1,
          height: 1,
          width: 1,
          channels: 1,
          classNames: ["0"],
          images: new Float32Array(1),
          labels: new Int32Array(1),
          frames: [],
        },
        settings: { count: 1, steps: 1, ...(made_by ? { made_by } : {}) } as SampleSettings,
        step,
        seconds: 0,
        networkEvaluations: 1,
        device: "cpu",
      });
    for (let number = 1; number < 100; number++) store.runs.nextSampleNumber(run.id);
    const later = draw(8, "training");
    for (let number = 101; number < 1000; number++) store.runs.nextSampleNumber(run.id);
    const kept = draw(4);
    assert.deepEqual([later.id, kept.id], [`${run.id}-sample-100`, `${run.id}-sample-1000`]);
    rewind(store, run, workerId, 4);
    assert.deepEqual(store.samples.list(run.id).map(({ id }) => id), [kept.id]);
    assert.deepEqual([...contentsOf(dirname(kept.path)).keys()], [`${kept.id}.safetensors`]);
  }));
