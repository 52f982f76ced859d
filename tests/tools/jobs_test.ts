/** What an assistant sees of samples and evaluations that take longer than it waits. */
import assert from "node:assert/strict";
import { openLab } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { linksTo } from "../../tools/links.ts";
import { runTasks } from "../../tools/run_tasks.ts";
import { queue, shortConfig } from "../experiments/workspace.ts";
import { type Caller, currentClient, type ProgressNote, stdioCommand, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";
import { tableWith } from "./markdown.ts";
import { runWorker } from "../../experiments/run_worker.ts";

const RUN = "image-0001";

function withRun(use: (caller: Caller, workspace: string) => Promise<void>): Promise<void> {
  return withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    queue(store, shortConfig({ steps: 4 }));
    store.close();
    await runWorker({ workspace: lab.workspace, device: "cpu" });
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    await use(caller, lab.workspace);
    await caller.close();
  });
}

async function said(caller: Caller, tool: string, request: Record<string, unknown>) {
  const answer = await caller.call(tool, request);
  assert.ok(!answer.isError, textOf(answer));
  return textOf(answer);
}

Deno.test("a sample that takes longer than wait_seconds is answered with a job, which inspect-run waits for", () =>
  withRun(async (caller) => {
    const notes: ProgressNote[] = [];
    const request = { run: RUN, count: 16, steps: 600 };
    const began = performance.now();
    const handle = textOf(
      await caller.call("sample", { ...request, wait_seconds: 1 }, (note) => notes.push(note)),
    );
    const seconds = (performance.now() - began) / 1000;
    assert.match(handle, /^job-0001 \(sample image-0001\) is (queued|running)/);
    assert.ok(handle.includes('inspect-run {"run": "job-0001", "wait_seconds": 45}'), handle);
    assert.match(notes[0]!.message!, /^job-0001 \(sample image-0001\)/);
    assert.ok(notes.length <= 2 * seconds + 2, `${notes.length} messages in ${seconds} s`);

    const listed = await said(caller, "inspect-run", { jobs: true });
    const [row] = tableWith(listed, "job", "kind", "run", "status").rows;
    assert.deepEqual([row!.job, row!.kind, row!.run], ["job-0001", "sample", RUN]);
    const record = JSON.parse((await caller.read("textdiffusion://jobs/job-0001")).text!);
    assert.deepEqual([record.runId, record.input.settings.steps], [RUN, 600]);

    let answer = await caller.call("inspect-run", { run: "job-0001", wait_seconds: 50 });
    while (textOf(answer).startsWith("job-0001")) {
      answer = await caller.call("inspect-run", { run: "job-0001", wait_seconds: 50 });
    }
    assert.match(textOf(answer), /^16 pictures from image-0001 at training step 4 /);
    assert.ok(answer.content.some(({ type }) => type === "image"));
    const refused = await caller.call("inspect-run", { run: "job-0001", jobs: true });
    assert.match(textOf(refused), /jobs lists all jobs: leave it out beside run/);
  }));

Deno.test("stop-run stops a job and says how it goes on", () =>
  withRun(async (caller, workspace) => {
    const request = { run: RUN, count: 500, steps: 50, wait_seconds: 0 };
    assert.match(await said(caller, "evaluate", request), /^job-0001 \(evaluate image-0001\)/);
    const notes: ProgressNote[] = [];
    const stopped = textOf(
      await caller.call(
        "stop-run",
        { runs: ["job-0001"], wait_seconds: 50 },
        (note) => notes.push(note),
      ),
    );
    assert.match(notes[0]!.message!, /^job-0001/);
    assert.match(
      stopped,
      /job-0001 is stopped; evaluate of image-0001 with the same arguments continues it/,
    );
    const looked = await caller.call("inspect-run", { run: "job-0001" });
    assert.equal(looked.isError, true);
    assert.match(textOf(looked), /job-0001 is stopped: request the same again/);
    assert.match(await said(caller, "evaluate", request), /^job-0001 /);
    await said(caller, "stop-run", { all: true, wait_seconds: 50 });
    const lab = openLab({ workspace });
    assert.deepEqual(lab.jobs().jobs.map(({ id, status }) => [id, status]), [
      ["job-0001", "stopped"],
    ]);
    const task = await runTasks(lab, linksTo(null)).get("job-0001");
    assert.equal(task!.status, "cancelled");
    const drawn = { run: RUN, count: 16, steps: 1000, wait_seconds: 0 };
    assert.match(await said(caller, "sample", drawn), /^job-0002 /);
    assert.match(
      await said(caller, "stop-run", { run: "job-0002", wait_seconds: 50 }),
      /job-0002 is stopped; sample of image-0001 with the same arguments starts it over/,
    );
    lab.close();
  }));

Deno.test("a job is a task as well: it is asked after, and completed with what the tool answers", () =>
  withRun(async (caller, workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    const tasks = runTasks(lab, linksTo(null));
    const { id } = lab.startJob("sample", { run: RUN, count: 2, steps: 100 });
    assert.equal((await tasks.get(id))!.status, "working");
    await lab.watchJob(id, { timeoutSeconds: 60 });
    const task = (await tasks.get(id))!;
    assert.equal(task.status, "completed");
    const answer = await caller.call("inspect-run", { run: id });
    assert.deepEqual(task.result!.content.at(1), answer.content.at(1));
    assert.equal(await tasks.get("job-9999"), undefined);
    lab.close();
  }));

Deno.test("a client that goes away in the middle of a sample loses nothing", () =>
  withRun(async (caller, workspace) => {
    const impatient = await currentClient("legacy", stdioCommand(workspace, "--no-viewer"));
    const begun = Promise.withResolvers<void>();
    const calling = impatient.call(
      "sample",
      { run: RUN, count: 4, steps: 300 },
      ({ message }) => message!.includes("Step") && begun.resolve(),
    ).catch(() => {});
    await begun.promise;
    await impatient.close();
    await calling;
    const answer = await caller.call("inspect-run", { run: "job-0001", wait_seconds: 50 });
    assert.match(textOf(answer), /^4 pictures from image-0001/);
  }));
