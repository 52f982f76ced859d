/** Runs, sweeps and jobs as tasks: a task's id is that of what it stands for, so none is ever lost. */
import { orUndefined } from "../engine/host/mod.ts";
import { isJobId, resultAnswer } from "./jobs.ts";
import { hasEnded, type Lab, type Run } from "../experiments/mod.ts";
import type { Links } from "./links.ts";
import type { Task, TaskStore } from "./tasks.ts";
import { statusCounts, trainAnswer } from "./train.ts";
import { errorResult } from "./answer.ts";

export function runTasks(lab: Lab, links: Links): TaskStore {
  return {
    get: async (taskId) =>
      isJobId(taskId) ? await jobTask(lab, links, taskId) : taskOf(lab, links, taskId),
    // Neither a training nor a job asks for anything.
    update: () => Promise.resolve(),
    cancel(taskId) {
      if (isJobId(taskId)) {
        const job = orUndefined(() => lab.job(taskId));
        if (job && !hasEnded(job)) lab.stopJobs([taskId]);
        return Promise.resolve();
      }
      const going = runsOf(lab, taskId).filter((run) => !hasEnded(run));
      if (going.length > 0) lab.stop(going.map(({ id }) => id));
      return Promise.resolve();
    },
  };
}

function taskOf(lab: Lab, links: Links, taskId: string): Task | undefined {
  const runs = runsOf(lab, taskId);
  if (runs.length === 0) return undefined;
  const sweepId = runs[0]!.id === taskId ? null : taskId;
  const times = runs.flatMap(({ createdAt, endedAt }) => [createdAt, endedAt ?? createdAt]).sort();
  const task = {
    taskId,
    createdAt: times[0]!,
    lastUpdatedAt: runs.every(hasEnded) ? times.at(-1)! : new Date().toISOString(),
    ttlMs: null,
    statusMessage: statusCounts(runs),
  };
  if (!runs.every(hasEnded)) return { ...task, status: "working" };
  if (runs.every(({ status }) => status === "stopped")) return { ...task, status: "cancelled" };
  return {
    ...task,
    status: "completed",
    result: {
      ...trainAnswer({ lab, links }, runs, sweepId),
      ...(runs.every(({ status }) => status === "failed") ? { isError: true } : {}),
    },
  };
}

async function jobTask(lab: Lab, links: Links, taskId: string): Promise<Task | undefined> {
  const job = orUndefined(() => lab.job(taskId));
  if (!job) return undefined;
  const task = {
    taskId,
    createdAt: job.createdAt,
    lastUpdatedAt: job.endedAt ?? new Date().toISOString(),
    ttlMs: null,
    statusMessage: hasEnded(job) ? job.status : job.progress?.message ?? job.status,
  };
  if (!hasEnded(job)) return { ...task, status: "working" };
  if (job.status === "stopped") return { ...task, status: "cancelled" };
  const result = await resultAnswer(job, { lab, links })
    .catch((error) => errorResult(job.kind, error));
  return { ...task, status: "completed", result };
}

/** The runs of a task; none where the id is that of neither a run nor a sweep. */
function runsOf(lab: Lab, taskId: string): Run[] {
  const runs = orUndefined(() => lab.find([taskId])) ?? [];
  return runs.every(({ id, sweepId }) => id === taskId || sweepId === taskId) ? runs : [];
}
