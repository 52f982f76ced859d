import assert from "node:assert/strict";
import { openLab } from "../../experiments/mod.ts";
import { reportOn } from "../../experiments/report/inspect.ts";
import { type NoticeOptions, readNotices } from "../../experiments/report/notices.ts";
import { METRIC_NAMES } from "../../experiments/registry/modalities.ts";
import type { Store } from "../../experiments/store/store.ts";
import { queue, shortConfig, withStore, withTrainedWorkspace } from "./workspace.ts";

/** A worker of the test: it starts queued runs, validates and ends them. */
function workerOf(store: Store) {
  const workerId = store.workers.insert();
  let id = "";
  return {
    start: () => id = store.runs.claim(workerId, "test")!.id,
    validate(step: number, denoisingMse: number): void {
      store.metrics.insert(id, [{ name: "denoising_mse", step, value: denoisingMse }]);
      store.metrics.insert(id, [{ name: "loss", step, value: denoisingMse }]);
      store.runs.setStep(id, workerId, step);
      store.events.add("run-validated", id, `${id} at step ${step}`);
    },
    end(status: "finished" | "failed", error: string | null = null): void {
      store.runs.end(id, workerId, status, error);
      store.events.add("run-ended", id, `${id} ${status}`);
    },
  };
}

function notices(store: Store, options: NoticeOptions = {}) {
  const report = (id: string) =>
    reportOn({
      run: store.runs.byId(id)!,
      curves: store.metrics.curves(id, METRIC_NAMES),
      checkpoints: [],
      samples: [],
      silenceSeconds: null,
    });
  return readNotices({ store, refresh: () => {}, report }, options);
}

async function messages(store: Store, options: NoticeOptions = {}): Promise<string[]> {
  return (await Array.fromAsync(notices(store, options))).map(({ message }) => message);
}

Deno.test("notices are ends of runs, warnings and a new best, each once and in one line", () =>
  withStore(async (store) => {
    queue(store, shortConfig({ seed: 0 }), shortConfig({ seed: 1 }), shortConfig({ seed: 2 }));
    const worker = workerOf(store);
    const reader = notices(store);
    const next = async () => (await reader.next()).value?.message;
    const first = next();
    worker.start();
    worker.validate(4, 0.2);
    worker.validate(12, 0.1);
    worker.end("finished");
    assert.match(
      await first,
      /^image-0001 is finished at step 12 of 12.*; still queued or running: 2 runs$/,
    );
    const second = next();
    worker.start();
    worker.validate(4, 0.3);
    worker.validate(8, 0.05);
    assert.equal(
      await second,
      "image-0002: new best on made-up-digits: denoising error 0.0500 at step 8 of 12, before " +
        "image-0001 with 0.100",
    );
    const third = next();
    worker.validate(12, 0.04);
    worker.end("failed", "Internal: it\nbroke");
    assert.match(
      await third,
      /^image-0002 has failed .*: Internal: it broke; still queued or running: one run$/,
    );
    const fourth = next();
    worker.start();
    for (const step of [1, 2, 3, 4, 5, 6]) worker.validate(step, step < 6 ? 0.1 : 50);
    assert.match(await fourth, /^image-0003: diverged: It diverged/);
    const fifth = next();
    worker.end("failed", "Training diverged at step 7");
    assert.match(await fifth, /^image-0003 has failed .*: Training diverged at step 7$/);
    assert.equal((await reader.next()).done, true);
  }));

Deno.test("a reader continues after the last notice that it saw, and others see the same", () =>
  withStore(async (store) => {
    queue(store, shortConfig({ seed: 0 }), shortConfig({ seed: 1 }));
    const worker = workerOf(store);
    worker.start();
    worker.validate(12, 0.1);
    worker.end("finished");
    worker.start();
    worker.validate(12, 0.05);
    worker.end("finished");
    const all = await Array.fromAsync(notices(store, { after: 0 }));
    assert.deepEqual(all.map(({ kind, runId }) => `${kind} ${runId}`), [
      "run-ended image-0001",
      "run-ended image-0002",
      "run-leads image-0002",
    ]);
    assert.deepEqual(await Array.fromAsync(notices(store, { after: 0 })), all);
    assert.deepEqual(await Array.fromAsync(notices(store, { after: all[0]!.id })), all.slice(1));
    // Without a number only what is yet to come counts, or the ends of runs that have none to come.
    assert.deepEqual(await messages(store), []);
    const ofFirst = await messages(store, { ids: ["image-0001"] });
    assert.deepEqual(ofFirst, [all[0]!.message]);
  }));

Deno.test("an endless reader waits for runs that are queued later, until it is told to stop", () =>
  withStore(async (store) => {
    const stop = new AbortController();
    const reader = notices(store, { endless: true, signal: stop.signal });
    const first = reader.next();
    queue(store, shortConfig());
    const worker = workerOf(store);
    worker.start();
    worker.end("finished");
    assert.match((await first).value!.message, /^image-0001 is finished/);
    const second = reader.next();
    stop.abort();
    assert.equal((await second).done, true);
  }));

Deno.test("notices of a laboratory are those of trained runs", () =>
  withTrainedWorkspace([shortConfig({ steps: 6, validate_every: 3 })], async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    const [notice] = await Array.fromAsync(lab.notices({ ids: ["image-0001"] }));
    assert.match(notice!.message, /^image-0001 is finished at step 6 of 6; its denoising error is/);
    assert.ok(lab.events({ after: 0 }).some(({ id }) => id === notice!.id));
    lab.close();
  }));
