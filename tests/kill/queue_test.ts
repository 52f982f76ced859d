import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { type Lab, openLab, type Run } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { type ImageOverrides, SHORT, withWorkspace } from "../experiments/workspace.ts";

/** A laboratory, and its store to look behind it. */
function withLab(work: (lab: Lab, store: Store) => Promise<void>): Promise<void> {
  return withWorkspace(async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    const store = openStore(workspace);
    try {
      await work(lab, store);
    } finally {
      await endWorkers(store);
      store.close();
      lab.close();
    }
  });
}

/** Kills what a failed test may have left, and waits until it is gone. */
async function endWorkers(store: Store): Promise<void> {
  for (const { pid } of store.workers.open()) if (pid !== null) killHard(pid);
  while (store.workers.open().length > 0) {
    const { noticeDeadWorkers } = await import("../../experiments/run/processes.ts");
    noticeDeadWorkers(store);
    await setTimeout(5);
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function trainOne(lab: Lab, overrides: ImageOverrides): Promise<Run> {
  const { runs } = await lab.train({ preset: "mnist-tiny", overrides: { ...SHORT, ...overrides } });
  return runs[0]!;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

Deno.test("train() queues a sweep, and one worker process works it off", () =>
  withLab(async (lab, store) => {
    const { runs, sweepId } = await lab.train({
      preset: "mnist-tiny",
      overrides: { ...SHORT, steps: 4 },
      grid: { schedule: ["linear", "cosine"] },
      seeds: [0, 1],
      label: "which schedule",
    });
    assert.deepEqual([runs.length, sweepId], [4, "sweep-0001"]);
    const messages: string[] = [];
    const ended = await lab.watch(["sweep-0001"], {
      timeoutSeconds: 60,
      everySeconds: 0,
      onProgress: ({ message }) => messages.push(message),
    });
    assert.deepEqual(ended.map(({ status }) => status), Array(4).fill("finished"));
    assert.match(messages[0]!, /queued/);
    assert.equal(messages.at(-1), "4 finished");
    assert.equal(store.workers.newest(10).length, 1);
    assert.equal(lab.compare(["sweep-0001"]).groups.length, 2);
  }));

Deno.test("a run whose worker was killed is interrupted at once, and resumes to the same end", () =>
  withLab(async (lab, store) => {
    const config = { steps: 24, log_every: 1, checkpoint_every: 8, validate_every: 12 };
    const whole = await trainOne(lab, config);
    await lab.watch([whole.id], { timeoutSeconds: 60 });

    const killed = await trainOne(lab, config);
    await until(() => store.runs.byId(killed.id)!.step >= 11);
    killHard(store.workers.open()[0]!.pid!);
    await until(() => lab.run(killed.id).status !== "running");
    const interrupted = lab.run(killed.id);
    assert.equal(interrupted.status, "interrupted");
    assert.ok(interrupted.checkpointStep! >= 8);
    const before = store.metrics.curves(killed.id, ["loss"]).loss!;
    assert.ok(before.length >= interrupted.checkpointStep!);
    assert.match(lab.inspect(killed.id).alerts[0]!.message, /goes on from step/);

    await lab.resume(killed.id);
    const [resumed] = await lab.watch([killed.id], { timeoutSeconds: 60 });
    assert.equal(resumed!.status, "finished");
    const [a, b] = [whole.id, killed.id].map((id) => store.checkpoints.list(id)[0]!.path);
    const names = ["loss", "denoising_mse", "gradient_norm"] as const;
    assert.deepEqual(
      store.metrics.curves(killed.id, names),
      store.metrics.curves(whole.id, names),
    );
    assert.deepEqual(tensorBytes(a!), tensorBytes(b!));
  }));

Deno.test("queued runs behind a killed worker go on when somebody looks", () =>
  withLab(async (lab, store) => {
    const first = await trainOne(lab, { steps: 500 });
    const second = await trainOne(lab, { steps: 2 });
    await until(() => store.runs.byId(first.id)!.step >= 2);
    killHard(store.workers.open()[0]!.pid!);
    const [interrupted, finished] = await lab.watch([first.id, second.id], { timeoutSeconds: 60 });
    assert.deepEqual([interrupted!.status, finished!.status], ["interrupted", "finished"]);
  }));

Deno.test("stop() ends a running run with a checkpoint and cancels the queue behind it", () =>
  withLab(async (lab, store) => {
    const running = await trainOne(lab, { steps: 500, checkpoint_every: 400 });
    const waiting = await trainOne(lab, { steps: 500 });
    await until(() => store.runs.byId(running.id)!.step >= 2);
    const asked = lab.stop("all");
    assert.equal(asked.find(({ id }) => id === waiting.id)!.status, "stopped");
    const [stopped] = await lab.watch([running.id], { timeoutSeconds: 60 });
    assert.equal(stopped!.status, "stopped");
    assert.equal(stopped!.checkpointStep, stopped!.step);
    assert.throws(() => lab.stop([running.id]), {
      name: "UserError",
      message: `There is nothing to stop: ${running.id} is stopped`,
    });
  }));

Deno.test("watch() returns when its time is up or its signal aborts, the run going on", () =>
  withLab(async (lab) => {
    const { id } = await trainOne(lab, { steps: 500 });
    const [timedOut] = await lab.watch([id], { timeoutSeconds: 0 });
    assert.notEqual(timedOut!.status, "finished");
    const [aborted] = await lab.watch([id], { timeoutSeconds: 60, signal: AbortSignal.abort() });
    assert.notEqual(aborted!.status, "finished");
    lab.stop([id]);
    await lab.watch([id], { timeoutSeconds: 60 });
  }));

Deno.test("resuming a run that is not at rest is refused with the reason", () =>
  withLab(async (lab) => {
    const { id } = await trainOne(lab, { steps: 2 });
    await assert.rejects(lab.resume(id), {
      name: "UserError",
      message: /is (queued|running) already/,
    });
    await lab.watch([id], { timeoutSeconds: 60 });
    await assert.rejects(lab.resume(id), {
      name: "UserError",
      message:
        `${id} has finished its 2 steps: give overrides with more steps beside resume, to go on in a new run`,
    });
  }));

/** A checkpoint's tensors; its metadata names its run. */
function tensorBytes(path: string): Uint8Array {
  const bytes = Deno.readFileSync(path);
  const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return bytes.subarray(8 + header);
}
