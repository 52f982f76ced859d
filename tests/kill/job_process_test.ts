/** Samples and evaluations as jobs: one warm process, and nothing lost whoever dies. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import {
  type Evaluation,
  type Job,
  type Lab,
  openLab,
  resolveConfig,
  type RunConfig,
  type SampleRequest,
} from "../../experiments/mod.ts";
import { livingWorker } from "../../experiments/run/processes.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { shortConfig, withTrainedWorkspace } from "../experiments/workspace.ts";

const FEW = { run: "image-0001", count: 2, steps: 3 } satisfies SampleRequest;
/** Takes a few seconds, in parts. */
const SLOW = { run: "image-0001", count: 500, steps: 12 } as const;
const RUNS: readonly RunConfig[] = [shortConfig({ steps: 6 })];
const WRITING = resolveConfig("shakespeare-tiny", {
  dataset: "made-up-verse",
  method: "blocks",
  steps: 4,
  warmup_steps: 1,
  batch_size: 8,
  validate_every: 4,
  checkpoint_every: 4,
  sample_every: 0,
});

/** A laboratory over a copy of trained runs, and its store to look behind it. */
function withLab(
  work: (lab: Lab, store: Store) => Promise<void>,
  configs: readonly RunConfig[] = RUNS,
): Promise<void> {
  return withTrainedWorkspace(configs, async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    const store = openStore(workspace);
    try {
      await work(lab, store);
    } finally {
      lab.stopJobs("all");
      store.close();
      lab.close();
    }
  });
}

async function until(condition: () => boolean, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${condition}`);
    await setTimeout(5);
  }
}

/** Kills the process that does jobs. */
function killJobs(store: Store): void {
  process.kill(livingWorker(store, "jobs")!.pid!, "SIGKILL");
}

/** What an evaluation found, without what differs from one to the next. */
function numbersOf(
  { id: _, createdAt: __, samplingSeconds: ___, measuringSeconds: ____, ...numbers }: Evaluation,
) {
  return numbers;
}

const isOpen = ({ status }: Job) => status === "queued" || status === "running";

Deno.test("six samples at once are made in one process, which ends with its laboratories", () =>
  withTrainedWorkspace(RUNS, async (workspace) => {
    const store = openStore(workspace);
    const [first, second] = [1, 2].map(() => openLab({ workspace, device: "cpu" })) as [Lab, Lab];
    const seeds = [1, 2, 3, 4, 5, 6];
    const samples = await Promise.all(
      seeds.map((seed) => (seed % 2 === 0 ? first : second).sample({ ...FEW, seed })),
    );
    assert.deepEqual(samples.map(({ settings }) => settings.seed), seeds);
    assert.deepEqual(store.workers.newest(10, "jobs").map(({ claims }) => claims), [6]);
    first.close();
    await setTimeout(600);
    assert.ok(livingWorker(store, "jobs"), "it ended before its last laboratory");
    second.close();
    await until(() => livingWorker(store, "jobs") === null, 10);
    assert.equal(store.workers.newest(1, "jobs")[0]!.state, "ended");
    store.close();
  }));

Deno.test("the waiting ends, the job goes on, and who asks again gets what it makes", () =>
  withLab(async (lab, store) => {
    const giveUp = new AbortController();
    const request = { ...FEW, steps: 200 };
    const waiting = lab.sample(request, {
      signal: giveUp.signal,
      everySeconds: 0,
      onProgress: ({ done, message }) => {
        assert.match(message, /^job-0001 \(sample image-0001\)/);
        if (done > 0) giveUp.abort();
      },
    });
    await assert.rejects(waiting, { name: "AbortError" });
    assert.equal(lab.job("job-0001").status, "running");
    const again = lab.startJob("sample", request);
    assert.equal(again.id, "job-0001");
    const other = lab.startJob("sample", { ...request, seed: 1 });
    assert.equal(other.id, "job-0002");
    const [timedOut, done] = [
      await lab.watchJob("job-0001", { timeoutSeconds: 0 }),
      await lab.watchJob("job-0001", { timeoutSeconds: 60 }),
    ];
    assert.equal(timedOut.status, "running");
    assert.deepEqual([done.status, done.resultId], ["finished", "image-0001-sample-001"]);
    assert.equal(lab.jobResult(done), done.resultId);
    // A new request is a new sample.
    assert.equal(lab.startJob("sample", request).id, "job-0003");
    assert.equal(store.jobs.list().total, 3);
  }));

Deno.test("an evaluation whose process is killed goes on with the batches that it has drawn", () =>
  withLab(async (lab, store) => {
    const seen: number[] = [];
    const evaluating = lab.evaluate(SLOW, {
      everySeconds: 0,
      onProgress: ({ done }) => seen.push(done),
    });
    // One batch of 200 pictures is drawn, the second is on its way.
    const ahead = evaluating.catch((error) => error as Error);
    await until(() => (store.jobs.byId("job-0001")?.progress?.done ?? 0) > SLOW.steps);
    killJobs(store);
    const failure = await ahead;
    assert.ok(failure instanceof Error && failure.name === "UserError", String(failure));
    assert.match(failure.message, /^job-0001 was interrupted, its process is gone/);
    assert.equal(lab.job("job-0001").status, "interrupted");
    assert.deepEqual(lab.evaluations("latest"), []);

    const after: number[] = [];
    const { id, ...resumed } = await lab.evaluate(SLOW, {
      everySeconds: 0,
      onProgress: ({ done, message }) => /Drawing/.test(message) && after.push(done),
    });
    assert.equal(id, "image-0001-evaluation-001");
    assert.equal(lab.job("job-0001").resultId, id);
    assert.ok(after[0]! > SLOW.steps, `it drew again from ${after[0]}`);
    await until(() => !existsSync(`${lab.workspace}/jobs/job-0001`));
    const undisturbed = await lab.evaluate(SLOW);
    assert.deepEqual(numbersOf({ id, ...resumed } as Evaluation), numbersOf(undisturbed));
    assert.ok(Math.abs(resumed.samplingSeconds) > 0);
  }));

Deno.test("an evaluation of text goes on with the texts and bounds that it has, to the same numbers", () =>
  withLab(async (lab, store) => {
    const request = {
      run: "text-0001",
      count: 40,
      length: 40,
      steps: 4,
      draws: 4,
      bound_steps: [4],
    };
    const { id } = lab.startJob("evaluate", request);
    await until(() => /Measured/.test(store.jobs.byId(id)?.progress?.message ?? ""));
    killJobs(store);
    await until(() => !isOpen(lab.job(id)));
    const names = [...Deno.readDirSync(`${lab.workspace}/jobs/${id}`)].map(({ name }) => name);
    assert.ok(
      names.includes("texts-1.part") && names.includes("bound-1-continuous.part"),
      `${names}`,
    );
    const resumed = await lab.evaluate(request);
    const undisturbed = await lab.evaluate(request);
    assert.deepEqual(numbersOf(resumed), numbersOf(undisturbed));
    assert.equal(store.jobs.list().total, 2);
  }, [WRITING]));

Deno.test("a job outlives the server that requested it", () =>
  withLab(async (lab, store) => {
    const program = `
      import { openLab } from ${JSON.stringify(import.meta.resolve("../../experiments/mod.ts"))};
      const lab = openLab({ workspace: ${JSON.stringify(lab.workspace)}, device: "cpu" });
      await lab.evaluate(${JSON.stringify(SLOW)});`;
    const server = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `--ext=ts`, "-"],
      stdin: "piped",
    }).spawn();
    const writer = server.stdin.getWriter();
    await writer.write(new TextEncoder().encode(program));
    await writer.close();
    await until(() => store.jobs.byId("job-0001")?.status === "running");
    server.kill("SIGKILL");
    await server.status;
    const job = await lab.watchJob("job-0001", { timeoutSeconds: 120 });
    assert.equal(job.status, "finished");
    assert.deepEqual(lab.evaluations("latest").map(({ id }) => id), [job.resultId]);
    const ends = lab.events().filter(({ kind }) => kind === "job-ended");
    assert.deepEqual(ends.map(({ message }) => message), [
      `job-0001 (evaluate image-0001) finished: ${job.resultId}`,
    ]);
    await until(() => livingWorker(store, "jobs") === null, 10);
  }));

Deno.test("stopJobs() cancels what waits and ends what runs, and the same request goes on with it", () =>
  withLab(async (lab, store) => {
    const running = lab.startJob("evaluate", SLOW);
    const waiting = lab.startJob("evaluate", { ...SLOW, seed: 1 });
    await until(() => (store.jobs.byId(running.id)?.progress?.done ?? 0) > 0);
    const asked = lab.stopJobs([running.id, waiting.id]);
    assert.deepEqual(asked.map(({ status, stopRequested }) => [status, stopRequested]), [
      ["running", true],
      ["stopped", false],
    ]);
    const stopped = await lab.watchJob(running.id, { timeoutSeconds: 60 });
    assert.equal(stopped.status, "stopped");
    assert.throws(() => lab.stopJobs([running.id]), {
      name: "UserError",
      message: `There is nothing to stop: ${running.id} is stopped`,
    });
    assert.throws(() => lab.job("job-9999"), {
      name: "UserError",
      message: 'There is no job "job-9999": the newest are job-0002, job-0001',
    });
    assert.equal(lab.startJob("evaluate", SLOW).id, running.id);
  }));

Deno.test("a sample is made between two batches of an evaluation", () =>
  withLab(async (lab, store) => {
    const evaluating = lab.startJob("evaluate", SLOW);
    await until(() => (store.jobs.byId(evaluating.id)?.progress?.done ?? 0) > 0);
    const sample = await lab.sample(FEW);
    assert.equal(sample.settings.count, 2);
    assert.equal(lab.job(evaluating.id).status, "running");
    const { status } = await lab.watchJob(evaluating.id, { timeoutSeconds: 120 });
    assert.equal(status, "finished");
    assert.equal(store.workers.newest(10, "jobs").length, 1);
  }));

Deno.test("each job is done on the device that it requests, whoever started the process", () =>
  withLab(async (lab) => {
    const elsewhere = openLab({ workspace: lab.workspace, device: "tfjs-cpu" });
    try {
      const request = { ...FEW, count: 1, steps: 1 };
      const [here, there] = await Promise.all([lab.sample(request), elsewhere.sample(request)]);
      assert.deepEqual([here.device, there.device], ["cpu", "tfjs-cpu"]);
    } finally {
      elsewhere.close();
    }
  }));
