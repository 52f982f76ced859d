/** Runs and sweeps as tasks: a task's id is that of the run or the sweep, so none is ever lost. */
import { UserError } from "../engine/host/mod.ts";
import type { Lab, Run } from "../experiments/mod.ts";
import type { Links } from "./links.ts";
import { isOver } from "./rows.ts";
import type { Task, TaskStore } from "./tasks.ts";
import { statusCounts, trainAnswer } from "./train.ts";

export function runTasks(lab: Lab, links: Links): TaskStore {
  return {
    get: (taskId) => Promise.resolve(taskOf(lab, links, taskId)),
    // A training asks for nothing.
    update: () => Promise.resolve(),
    cancel(taskId) {
      const going = runsOf(lab, taskId).filter((run) => !isOver(run));
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
    lastUpdatedAt: runs.every(isOver) ? times.at(-1)! : new Date().toISOString(),
    ttlMs: null,
    statusMessage: statusCounts(runs),
  };
  if (!runs.every(isOver)) return { ...task, status: "working" };
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

/** The runs of a task; none where the id is that of neither a run nor a sweep. */
function runsOf(lab: Lab, taskId: string): Run[] {
  try {
    const runs = lab.find([taskId]);
    return runs.every(({ id, sweepId }) => id === taskId || sweepId === taskId) ? runs : [];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
