/** On which device a run trains, and what is kept of that. */
import assert from "node:assert/strict";
import type { DeviceName } from "../../engine/mod.ts";
import { openLab } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { queue, SHORT, shortConfig, stopTraining, withStore, withWorkspace } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

/** A small transformer and two pictures a step, so that plain JavaScript can train as well. */
const config = () =>
  shortConfig({ network: "dit-4", steps: 4, batch_size: 2, checkpoint_every: 1 });

function work(store: Store, device?: DeviceName, signal?: AbortSignal): Promise<void> {
  const { workspace } = store;
  return runWorker({ workspace, ...(device ? { device } : {}), ...(signal ? { signal } : {}) });
}

/** Trains the newest run until it has a checkpoint, and leaves it interrupted. */
async function begin(store: Store, id: string, device?: DeviceName): Promise<void> {
  const leaving = new AbortController();
  const working = work(store, device, leaving.signal);
  while (store.runs.byId(id)!.checkpointStep === null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  leaving.abort();
  await working;
  assert.equal(store.runs.byId(id)!.status, "interrupted");
}

Deno.test("a run records which device it took, which it looked at, and why", () =>
  withStore(async (store) => {
    const [id] = queue(store, config()) as [string];
    await work(store);
    const { status, device, deviceChoice } = store.runs.byId(id)!;
    assert.equal(status, "finished");
    assert.equal(deviceChoice!.device, device);
    assert.deepEqual(deviceChoice!.measured.map((m) => m.device), ["cpu", "cuda", "webgpu"]);
    assert.ok(deviceChoice!.reason.startsWith(device!), deviceChoice!.reason);
    for (const { device: other, milliseconds, trouble } of deviceChoice!.measured) {
      if (other !== "cpu") assert.notEqual(milliseconds === null, trouble === null, other);
    }
  }));

Deno.test("a device that was asked for is taken without measuring", () =>
  withStore(async (store) => {
    const [id] = queue(store, config()) as [string];
    await work(store, "cpu");
    assert.deepEqual(store.runs.byId(id)!.deviceChoice, {
      device: "cpu",
      reason: "cpu was asked for",
      measured: [],
      noise: "host",
    });
  }));

Deno.test("a run goes on where it began, unless another device is asked for", () =>
  withStore(async (store) => {
    const [id] = queue(store, config()) as [string];
    await begin(store, id, "tfjs-cpu");
    assert.equal(store.runs.byId(id)!.device, "tfjs-cpu");
    assert.ok(store.runs.requeue(id));
    await work(store);
    const resumed = store.runs.byId(id)!;
    assert.deepEqual([resumed.status, resumed.device], ["finished", "tfjs-cpu"]);
    assert.equal(resumed.deviceChoice!.reason, "tfjs-cpu was asked for");

    const [moved] = queue(store, config()) as [string];
    await begin(store, moved, "tfjs-cpu");
    assert.ok(store.runs.requeue(moved));
    await work(store, "cpu");
    assert.equal(store.runs.byId(moved)!.device, "cpu");
  }));

Deno.test("a run whose device is gone goes on elsewhere, and says so", () =>
  withStore(async (store) => {
    const [id] = queue(store, config()) as [string];
    await begin(store, id, "cpu");
    // As if it had begun on a machine with TensorFlow's own library.
    const lost = store.workers.insert();
    assert.ok(store.runs.requeue(id));
    const run = store.runs.claim(lost, "test")!;
    const deviceChoice = { device: "tensorflow", reason: "asked for", measured: [] } as const;
    store.runs.setFacts(id, lost, {
      datasetHash: run.datasetHash!,
      device: "tensorflow",
      deviceChoice,
      parameterCount: run.parameterCount!,
      replicas: 1,
      baseline: run.baseline!,
    });
    store.runs.end(id, lost, "interrupted", null);
    store.workers.end(lost, "ended");
    assert.ok(store.runs.requeue(id));
    await work(store);
    const { status, device, deviceChoice: choice } = store.runs.byId(id)!;
    assert.equal(status, "finished");
    if (device === "tensorflow") return; // It is installed here.
    assert.match(choice!.reason, /^Device tensorflow needs .*, where it began; cpu is/);
  }));

Deno.test("the worker at work takes the device and the data that each run requests", () =>
  withWorkspace(async (workspace) => {
    const data = Deno.makeTempDirSync();
    const onCpu = openLab({ workspace, device: "cpu" });
    const elsewhere = openLab({ workspace, device: "tfjs-cpu", dataDirectory: data });
    const overrides = { ...SHORT, network: "dit-4", batch_size: 2 } as const;
    try {
      const first = await onCpu.train({
        preset: "mnist-tiny",
        overrides: { ...overrides, steps: 20 },
      });
      const second = await elsewhere.train({
        preset: "mnist-tiny",
        overrides: { ...overrides, steps: 2 },
      });
      const look = () => [first, second].map(({ runs: [run] }) => onCpu.run(run!.id));
      while (look().some(({ device }) => device === null)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const [before, after] = look();
      assert.deepEqual(
        [before, after].map((run) => [run!.requestedDevice, run!.device, run!.dataDirectory]),
        [["cpu", "cpu", null], ["tfjs-cpu", "tfjs-cpu", data]],
      );
      assert.equal(after!.deviceChoice!.reason, "tfjs-cpu was asked for");
    } finally {
      onCpu.close();
      elsewhere.close();
      await stopTraining(workspace);
      Deno.removeSync(data);
    }
  }));

Deno.test("a resumed run keeps the device that was requested, unless another is", () =>
  withStore((store) => {
    const [id] = store.runs.insert({
      configs: [config()],
      codeVersion: "test",
      label: null,
      sweep: null,
      execution: { device: "tfjs-cpu" },
    }).ids as [string];
    store.runs.requestStop(id);
    assert.ok(store.runs.requeue(id));
    assert.equal(store.runs.byId(id)!.requestedDevice, "tfjs-cpu");
    store.runs.requestStop(id);
    assert.ok(store.runs.requeue(id, { device: "auto" }));
    assert.equal(store.runs.byId(id)!.requestedDevice, "auto");
  }));
