/** The laboratory of a workspace, and what can be asked of its runs. */
import { resolve } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import type { DeviceName } from "../engine/mod.ts";
import { requireConfigField } from "./config/configuration.ts";
import { jobRequests } from "./job_requests.ts";
import {
  findRun,
  findRuns,
  findTrainedRun,
  METRIC_NAMES,
  modalityOf,
  type Sample,
} from "./registry/modalities.ts";
import {
  agedEvaluations,
  comparableEvaluations,
  compareRuns,
  type Comparison,
} from "./report/compare.ts";
import { damageAlerts, reportOn, type RunReport } from "./report/inspect.ts";
import { type NoticeOptions, readNotices } from "./report/notices.ts";
import { reportSchedules, type ScheduleOptions, type ScheduleReport } from "./report/schedules.ts";
import {
  type SweepSummary,
  sweepSummary,
  type Variation,
  variationsOf,
} from "./report/variations.ts";
import type { NgramBaselines } from "./run/modality.ts";
import { livingWorker, replaceDeadWorkers } from "./run/processes.ts";
import { type Curves, type LabEvent, type MetricName, thinned } from "./store/metrics.ts";
import type { Run, RunFilter } from "./store/run.ts";
import { openStore, type Store } from "./store/store.ts";
import { type RunFinder, trainingRequests } from "./training_requests.ts";

const CURVE_POINTS = 50;
const EVENT_PAGE = 200;
const NEWEST_EVENTS = 50;
/** Smallest and largest number of runs in a comparison. */
const COMPARED = [2, 100] as const;

interface LabOptions {
  /** Folder of the store and the runs. It is created if it does not exist. */
  readonly workspace: string;
  /** Folder with data sets that were downloaded before; by default they are fetched when needed. */
  readonly dataDirectory?: string | undefined;
  /** Device of training and sampling; by default "auto", the fastest one for the work. */
  readonly device?: DeviceName | undefined;
}

/**
 * The laboratory of a workspace. Its methods that request trainings are those of {@link trainingRequests}, and those
 * that sample, evaluate and return samples and evaluations are those of {@link jobRequests}. A `ref` is a run's id, a unique prefix of one, "latest", "best"
 * (the lowest denoising error or nats per character on the newest run's data set), "best:" and the name of a data set,
 * or a sweep's id: its best run, or all of them where several runs are taken.
 *
 * Every method throws a {@link UserError} for an error that the caller can correct, such as an unknown run.
 */
export type Lab = ReturnType<typeof openLab>;

/**
 * Opens the laboratory of a workspace: only its store, no tensors. Other processes train and sample.
 *
 * @throws {UserError} If the workspace's store is not ours, or was made by a newer version.
 */
export function openLab({ workspace, dataDirectory, device }: LabOptions) {
  const store = openStore(workspace);
  const execution = {
    dataDirectory: dataDirectory === undefined ? undefined : resolve(dataDirectory),
    device,
  };
  const refresh = () => replaceDeadWorkers(store, execution);
  const find: RunFinder = {
    refresh,
    run(ref) {
      refresh();
      return findRun(store, ref);
    },
    trainedRun(ref) {
      refresh();
      return findTrainedRun(store, ref);
    },
  };
  const { releaseJobs, ...jobs } = jobRequests(store, execution, find);
  return {
    workspace: store.workspace,
    run: find.run,
    trainedRun: find.trainedRun,
    ...trainingRequests(store, execution, find),
    ...jobs,
    ...runQueries(store, find),
    ...reportsOn(store, find, execution.dataDirectory),

    close(): void {
      releaseJobs();
      store.close();
    },
  };
}

/** The part of the laboratory that lists runs and what they recorded. */
function runQueries(store: Store, { run, refresh }: RunFinder) {
  /** Returns the runs of this workspace, newest first. */
  const runs = (filter: RunFilter = {}): { readonly runs: Run[]; readonly total: number } => {
    refresh();
    const { sweepId, where = {} } = filter;
    for (const field of Object.keys(where)) requireConfigField(field, "where");
    const found = store.runs.list(filter);
    if (sweepId !== undefined && found.total === 0) requireSweep(store, sweepId);
    return found;
  };
  return {
    runs,

    /** Returns the runs of references, each once. The id of a sweep refers to all of its runs. */
    find(refs: readonly string[]): Run[] {
      refresh();
      return findRuns(store, refs);
    },

    /** Returns the sweeps with such runs, newest first. */
    sweeps(filter: RunFilter = {}): { readonly sweeps: SweepSummary[]; readonly total: number } {
      runs({ ...filter, limit: 1 });
      const { ids, total } = store.runs.sweepsOf(filter);
      const runsOf = (sweepId: string) => store.runs.list({ sweepId, limit: 1000 }).runs;
      return { sweeps: ids.map((id) => sweepSummary(id, runsOf(id).toReversed())), total };
    },

    /** Returns the pretrained runs of the program. Their ids are valid wherever a run is named; they are never
     * written to. */
    pretrained(): Run[] {
      return store.runs.pretrained();
    },

    /** Returns curves with at most `maxPoints` each, including both ends. */
    metrics(
      ref: string,
      options: {
        readonly names?: readonly MetricName[];
        readonly maxPoints?: number;
      } = {},
    ): Curves {
      const { names = METRIC_NAMES, maxPoints = CURVE_POINTS } = options;
      return thinned(store.metrics.curves(run(ref).id, names), maxPoints);
    },
  };
}

/** @throws {UserError} If there is no sweep of this id. */
function requireSweep(store: Store, id: string): void {
  const known = store.runs.sweepIds();
  if (known.includes(id)) return;
  const newest = known.slice(0, 5).join(", ") || "none yet";
  throw new UserError(`There is no sweep ${JSON.stringify(id)}: the newest are ${newest}`);
}

/** The part of the laboratory that judges runs and compares them. */
function reportsOn(store: Store, find: RunFinder, dataDirectory: string | undefined) {
  const inspect = (ref: string): RunReport => {
    const run = find.run(ref);
    const curves = store.metrics.curves(run.id, METRIC_NAMES);
    const worker = run.status === "running" ? livingWorker(store) : null;
    const report = reportOn({
      run,
      curves,
      checkpoints: store.checkpoints.list(run.id),
      samples: store.samples.list(run.id) as Sample[],
      silenceSeconds: worker && (Date.now() - Date.parse(worker.heartbeatAt)) / 1000,
    });
    return {
      ...report,
      alerts: [...report.alerts, ...damageAlerts(store, run.id)],
      curves: thinned(curves, CURVE_POINTS),
      evaluations: store.evaluations.list(run.id),
      baselines: baselinesOf(store, [run]),
    };
  };
  return {
    inspect,

    /** Compares 2 to 100 runs. */
    compare(refs: readonly string[]): Comparison {
      find.refresh();
      const runs = findRuns(store, refs);
      const [least, most] = COMPARED;
      if (runs.length < least || runs.length > most) {
        throw new UserError(
          `A comparison takes ${least} to ${most} different runs, but ${
            runs.length === 1 ? "1 was" : `${runs.length} were`
          } given`,
        );
      }
      const comparison = compareRuns(runs, store.metrics.curves);
      const { evaluations, cautions } = comparableEvaluations(
        comparison.leaderboard.map(({ runId }) => store.evaluations.list(runId)),
      );
      return {
        ...comparison,
        evaluations,
        baselines: baselinesOf(store, runs),
        cautions: [...comparison.cautions, ...cautions, ...agedEvaluations(evaluations, runs)],
      };
    },

    inspectSchedules(
      names: readonly string[],
      options: ScheduleOptions = {},
    ): Promise<ScheduleReport> {
      return reportSchedules(names, options, dataDirectory);
    },

    /** Returns the settings that runs have varied, and those that no run has. */
    variations(): Variation[] {
      return variationsOf(store.runs.configurations());
    },

    /** Yields notices of ended, leading and warned runs, oldest first, until all runs have ended. */
    notices(options: NoticeOptions = {}): AsyncGenerator<LabEvent> {
      return readNotices({ store, refresh: find.refresh, report: inspect }, options);
    },

    /** Returns at most 200 events after an id, or the newest 50, oldest first. */
    events({ after }: { readonly after?: number } = {}): LabEvent[] {
      find.refresh();
      return after === undefined
        ? store.events.newest(NEWEST_EVENTS)
        : store.events.after(after, EVENT_PAGE);
    },
  };
}

/** Returns the n-gram baselines of the data of runs; null if their data differs. */
function baselinesOf(store: Store, runs: readonly Run[]): NgramBaselines | null {
  const [hash, ...otherHashes] = new Set(runs.map((run) => run.datasetHash));
  const [modality, ...others] = new Set(runs.map(modalityOf));
  return modality && hash && otherHashes.length + others.length === 0
    ? modality.baselines(store.workspace, hash)
    : null;
}
