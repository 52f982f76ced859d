/** The laboratory of a workspace, the implementation of {@link Lab}. */
import { resolve } from "node:path";
import { requireObtainable } from "../data/mod.ts";
import { requirePrecision, UserError } from "../engine/host/mod.ts";
import { codeVersion } from "./common/system.ts";
import { comparableEvaluations, compareRuns, type Comparison } from "./report/compare.ts";
import { thinned } from "./report/curves.ts";
import { damageAlerts, reportOn, type RunReport } from "./report/inspect.ts";
import { type NoticeOptions, readNotices } from "./report/notices.ts";
import { JobRequests } from "./job_requests.ts";
import {
  decodeSamplePixels,
  findRun,
  findRuns,
  findTrainedRun,
  imageConfigOf,
  METRIC_NAMES,
  modalityOf,
  type Sample,
  type SamplePixels,
  type SampleRequest,
  textConfigOf,
  type TextSample,
  type WriteRequest,
} from "./registry/modalities.ts";
import { withFoundStart } from "./run/start.ts";
import {
  estimateEvaluation,
  estimateTraining,
  type EvaluationEstimate,
  type TrainingEstimate,
} from "./report/estimates.ts";
import {
  type SweepSummary,
  sweepSummary,
  type Variation,
  variationsOf,
} from "./report/variations.ts";
import { reportSchedules, type ScheduleOptions, type ScheduleReport } from "./report/schedules.ts";
import { openStore, type Store } from "./store/store.ts";
import type { RunPlace } from "./store/runs.ts";
import {
  type JobRequest,
  type JobWaitOptions,
  type JobWatchOptions,
  type Lab,
  type LabOptions,
  type TrainAnswer,
  type WatchOptions,
  watchRuns,
} from "./lab_interface.ts";
import type { Curves, LabEvent, MetricName } from "./store/metrics.ts";
import { DEFAULT_PRESET, requireFieldsOf, type TrainRequest } from "./registry/requests.ts";
import type { Evaluation, ListedSample } from "./store/results.ts";
import type { Job, JobFilter, JobKind } from "./store/jobs.ts";
import { hasEnded, type Run, type RunFilter } from "./store/run.ts";
import { isPretrained } from "./store/ids.ts";
import type { NgramBaselines } from "./run/modality.ts";
import { ensureWorker, livingWorker, noticeDeadWorkers } from "./run/processes.ts";
import {
  type ConfigOverrides,
  expandGrid,
  parseConfig,
  requireConfigField,
} from "./config/configuration.ts";
import type { RunConfig } from "./config/fields.ts";

const CURVE_POINTS = 50;
/** Largest numbers of queued runs and jobs, so that a loop in a client does not fill the disk. */
const MAX_WAITING = { runs: 500, jobs: 200 } as const;
const EVENT_PAGE = 200;
const NEWEST_EVENTS = 50;
/** Milliseconds between the checks of a watch that a worker lives. */
const WORKER_CHECK = 5000;

/** @throws {UserError} If the queue would become longer than {@link MAX_WAITING}. */
function requireRoom(what: keyof typeof MAX_WAITING, waiting: number, added: number): void {
  const limit = MAX_WAITING[what];
  if (waiting + added <= limit) return;
  throw new UserError(
    `${waiting} ${what} are queued and ${added} more would exceed ${limit}: wait for some of them, or ` +
      "end them with stop-run",
  );
}

/**
 * Opens the laboratory of a workspace: only its store, no tensors.
 *
 * @throws {UserError} If the workspace's store is not ours, or was made by a newer version.
 */
export function openLab(options: LabOptions): Lab {
  return new Laboratory(options);
}

class Laboratory implements Lab {
  readonly #store: Store;
  readonly #process: RunPlace;
  readonly #jobs: JobRequests;

  constructor({ workspace, dataDirectory, device }: LabOptions) {
    this.#store = openStore(workspace);
    this.#process = {
      dataDirectory: dataDirectory === undefined ? undefined : resolve(dataDirectory),
      device,
    };
    this.#jobs = new JobRequests(this.#store, this.#process);
  }

  get workspace(): string {
    return this.#store.workspace;
  }

  ensureWorker(): void {
    this.#store.runs.completePlaces(this.#process);
    ensureWorker(this.#store);
    ensureWorker(this.#store, "jobs");
  }

  async train(request: TrainRequest): Promise<TrainAnswer> {
    const { preset = DEFAULT_PRESET, overrides, grid, seeds, label } = request;
    const isSweep = grid !== undefined || seeds !== undefined;
    const sweep = isSweep ? { preset, overrides, grid, seeds, label } : null;
    return await this.#queue(this.#configsOf(request), label ?? null, sweep);
  }

  async extend(ref: string, overrides: ConfigOverrides): Promise<Run> {
    const { runs } = await this.#queue([this.#extended(ref, overrides)], this.run(ref).label, null);
    return runs[0]!;
  }

  estimate(
    { resume, ...request }: TrainRequest & { resume?: string | undefined },
  ): TrainingEstimate {
    const configs = resume === undefined
      ? this.#configsOf(request)
      : [this.#extended(resume, (request.overrides ?? {}) as ConfigOverrides)];
    this.#notice();
    return estimateTraining(configs, {
      runs: (filter) => this.#store.runs.list(filter).runs,
      checkpointBytes: (id) => this.#store.checkpoints.list(id).map(({ bytes }) => bytes),
    }, this.#process.device);
  }

  estimateEvaluation({ run: ref, ...request }: JobRequest): EvaluationEstimate | null {
    const run = this.trainedRun(ref);
    const { jobInputs, evaluatedExamples } = modalityOf(run);
    requireFieldsOf(run, "evaluate", request);
    return estimateEvaluation(
      run,
      evaluatedExamples(run, jobInputs.evaluate(run, request)),
      this.#store.evaluations.list(run.id)
        .map((evaluation) => [evaluation, evaluatedExamples(run, evaluation)]),
    );
  }

  #configsOf(
    { preset = DEFAULT_PRESET, overrides, grid, seeds }: TrainRequest,
  ): RunConfig[] {
    return expandGrid(preset, overrides, grid, seeds).map((config) => this.#ready(config));
  }

  /** Returns the configuration of a run that continues another one. */
  #extended(ref: string, overrides: ConfigOverrides): RunConfig {
    const run = this.run(ref);
    requireOwn(run);
    if (overrides.dataset !== undefined) {
      throw new UserError(
        `${run.id} goes on with its own data, so dataset cannot be overridden: to train its weights on ` +
          "other data, give overrides.start_from without resume",
      );
    }
    return this.#ready(parseConfig({
      ...run.config,
      ...overrides,
      start_from: run.id,
      start_with: "training",
    }));
  }

  #ready(config: RunConfig): RunConfig {
    requirePrecision(this.#process.device ?? "auto", config.precision);
    const modality = modalityOf({ config });
    const dataset = modality.resolveDataset(config.dataset);
    const ready = withFoundStart({ ...config, dataset }, (ref) => this.run(ref));
    modality.requireTrainable(ready);
    return ready;
  }

  async #queue(
    configs: readonly RunConfig[],
    label: string | null,
    sweep: object | null,
  ): Promise<TrainAnswer> {
    for (const dataset of new Set(configs.map(({ dataset }) => dataset))) {
      await requireObtainable(dataset, { directory: this.#process.dataDirectory });
    }
    const place = this.#process;
    const version = codeVersion();
    const { ids, sweepId } = this.#store.transaction(() => {
      requireRoom("runs", this.#store.runs.queuedCount(), configs.length);
      const inserted = this.#store.runs.insert({
        configs,
        codeVersion: version,
        label,
        sweep,
        place,
      });
      for (const id of inserted.ids) this.#store.events.add("run-queued", id, `${id} is queued`);
      return inserted;
    });
    this.ensureWorker();
    return { runs: ids.map((id) => this.#store.runs.byId(id)!), sweepId };
  }

  // deno-lint-ignore require-await -- errors are rejections, as in the other methods
  async resume(ref: string): Promise<Run> {
    const run = this.run(ref);
    requireOwn(run);
    const requeued = this.#store.transaction(() => {
      if (!this.#store.runs.requeue(run.id, this.#process)) return false;
      this.#store.events.add("run-queued", run.id, `${run.id} is queued to go on`);
      return true;
    });
    if (!requeued) {
      throw new UserError(
        run.status === "finished"
          ? `${run.id} has finished its ${run.steps} steps: give overrides with more steps beside resume, ` +
            "to go on in a new run"
          : `${run.id} is ${run.status} already: only stopped, interrupted and failed runs resume`,
      );
    }
    this.ensureWorker();
    return this.#store.runs.byId(run.id)!;
  }

  stop(refs: readonly string[] | "all"): Run[] {
    this.#notice();
    const runs = refs === "all"
      ? [...this.#store.runs.withStatus("queued"), ...this.#store.runs.withStatus("running")]
      : findRuns(this.#store, refs);
    const ended = runs.filter(hasEnded);
    if (runs.length > 0 && ended.length === runs.length) {
      const list = ended.map((run) => `${run.id} is ${run.status}`).join(", ");
      throw new UserError(`There is nothing to stop: ${list}`);
    }
    for (const run of runs) {
      const before = this.#store.runs.requestStop(run.id);
      if (before === "queued") this.#store.events.add("run-ended", run.id, `${run.id} cancelled`);
    }
    return runs.map((run) => this.#store.runs.byId(run.id)!);
  }

  run(ref: string): Run {
    this.#notice();
    return findRun(this.#store, ref);
  }

  trainedRun(ref: string): Run {
    this.#notice();
    return findTrainedRun(this.#store, ref);
  }

  find(refs: readonly string[]): Run[] {
    this.#notice();
    return findRuns(this.#store, refs);
  }

  runs(filter: RunFilter = {}): { runs: Run[]; total: number } {
    this.#notice();
    const { sweepId, where = {} } = filter;
    for (const field of Object.keys(where)) requireConfigField(field, "where");
    const found = this.#store.runs.list(filter);
    if (sweepId !== undefined && found.total === 0) this.#requireSweep(sweepId);
    return found;
  }

  /** @throws {UserError} If there is no sweep of this id. */
  #requireSweep(id: string): void {
    const known = this.#store.runs.sweepIds();
    if (known.includes(id)) return;
    const newest = known.slice(0, 5).join(", ") || "none yet";
    throw new UserError(`There is no sweep ${JSON.stringify(id)}: the newest are ${newest}`);
  }

  pretrained(): Run[] {
    return this.#store.runs.pretrained();
  }

  sweeps(filter: RunFilter = {}): { sweeps: SweepSummary[]; total: number } {
    this.runs({ ...filter, limit: 1 });
    const { ids, total } = this.#store.runs.sweepsOf(filter);
    const runsOf = (sweepId: string) => this.#store.runs.list({ sweepId, limit: 1000 }).runs;
    return { sweeps: ids.map((id) => sweepSummary(id, runsOf(id).toReversed())), total };
  }

  metrics(
    ref: string,
    options: { names?: readonly MetricName[]; maxPoints?: number; afterStep?: number } = {},
  ): Curves {
    const { names = METRIC_NAMES, maxPoints = CURVE_POINTS, afterStep = -1 } = options;
    return thinned(this.#store.metrics.curves(this.run(ref).id, names, afterStep), maxPoints);
  }

  watch(refs: readonly string[], options: WatchOptions): Promise<Run[]> {
    const ids = findRuns(this.#store, refs).map((run) => run.id);
    let checkedAt = 0;
    const look = () => {
      this.#notice();
      const runs = ids.map((id) => this.#store.runs.byId(id)!);
      // Queued runs wait forever if the worker has died.
      if (runs.some(({ status }) => status === "queued") && Date.now() - checkedAt > WORKER_CHECK) {
        checkedAt = Date.now();
        this.ensureWorker();
      }
      return runs;
    };
    return watchRuns(look, options);
  }

  async sample(request: SampleRequest, options: JobWaitOptions = {}): Promise<Sample> {
    imageConfigOf(this.trainedRun(request.run));
    return this.sampleById(await this.#made("sample", request, options));
  }

  async write(request: WriteRequest, options: JobWaitOptions = {}): Promise<TextSample> {
    textConfigOf(this.trainedRun(request.run));
    return this.textById(await this.#made("sample", request, options));
  }

  texts(ref: string): TextSample[] {
    return this.#store.texts.list(this.run(ref).id) as TextSample[];
  }

  async evaluate(request: JobRequest, options: JobWaitOptions = {}): Promise<Evaluation> {
    return this.evaluationById(await this.#made("evaluate", request, options));
  }

  startJob(kind: JobKind, { run: ref, ...request }: JobRequest): Job {
    const run = this.trainedRun(ref);
    requireFieldsOf(run, kind, request);
    const input = modalityOf(run).jobInputs[kind](run, request);
    requireRoom("jobs", this.#store.jobs.list({ status: "queued", limit: 1 }).total, 1);
    return this.#jobs.request({ kind, runId: run.id, input });
  }

  job(id: string): Job {
    this.#notice();
    return this.#jobs.byId(id);
  }

  jobs(filter: JobFilter = {}): { jobs: Job[]; total: number } {
    this.#notice();
    return this.#store.jobs.list(filter);
  }

  watchJob(id: string, options: JobWatchOptions): Promise<Job> {
    return this.#jobs.watch(id, options);
  }

  jobResult(job: Job): string {
    return this.#jobs.resultOf(job);
  }

  stopJobs(ids: readonly string[] | "all"): Job[] {
    this.#notice();
    return this.#jobs.stop(ids);
  }

  /** Requests a job and waits for its end. Returns the id of its result. */
  async #made(kind: JobKind, request: JobRequest, options: JobWaitOptions): Promise<string> {
    const { id } = this.startJob(kind, request);
    const job = await this.watchJob(id, { timeoutSeconds: Infinity, ...options });
    options.signal?.throwIfAborted();
    return this.jobResult(job);
  }

  evaluations(ref: string): Evaluation[] {
    return this.#store.evaluations.list(this.run(ref).id);
  }

  samples(ref: string): Sample[] {
    return this.#store.samples.list(this.run(ref).id) as Sample[];
  }

  newestSamples(runs: number): ListedSample[] {
    const { samples, texts } = this.#store;
    const published = this.pretrained().flatMap(({ id }) =>
      [
        ...samples.list(id),
        ...texts.list(id).map((sample) => ({ ...sample, kind: "text" as const })),
      ].reverse()
    );
    return [...this.#store.newestSamples(runs), ...published];
  }

  sampleById(id: string): Sample {
    return known(id, this.#store.samples.byId(id), "sample") as Sample;
  }

  textById(id: string): TextSample {
    return known(id, this.#store.texts.byId(id), "text") as TextSample;
  }

  evaluationById(id: string): Evaluation {
    return known(id, this.#store.evaluations.byId(id), "evaluation");
  }

  async sampleFile(id: string): Promise<{ path: string; bytes: Uint8Array }> {
    const { path } = this.sampleById(id);
    try {
      return { path, bytes: await Deno.readFile(path) };
    } catch (error) {
      throw new UserError(`The pixels of ${id} cannot be read: ${(error as Error).message}`);
    }
  }

  async samplePixels(id: string): Promise<SamplePixels> {
    return decodeSamplePixels((await this.sampleFile(id)).bytes);
  }

  inspectSchedules(
    names: readonly string[],
    options: ScheduleOptions = {},
  ): Promise<ScheduleReport> {
    return reportSchedules(names, options, this.#process.dataDirectory);
  }

  compare(refs: readonly string[]): Comparison {
    this.#notice();
    const runs = findRuns(this.#store, refs);
    if (runs.length < 2 || runs.length > 100) {
      throw new UserError(`Comparing takes 2 to 100 runs, these are ${runs.length}: name others`);
    }
    const comparison = compareRuns(
      runs,
      (id, names) => this.#store.metrics.curves(id, names, -1),
    );
    const { evaluations, cautions } = comparableEvaluations(
      comparison.leaderboard.map(({ runId }) => this.#store.evaluations.list(runId)),
    );
    return {
      ...comparison,
      evaluations,
      baselines: this.#baselines(runs),
      cautions: [...comparison.cautions, ...cautions],
    };
  }

  inspect(ref: string): RunReport {
    const run = this.run(ref);
    const curves = this.#store.metrics.curves(run.id, METRIC_NAMES, -1);
    const report = reportOn({
      run,
      curves,
      checkpoints: this.#store.checkpoints.list(run.id),
      samples: this.samples(run.id),
      silenceSeconds: run.status === "running" ? this.#silence() : null,
    });
    return {
      ...report,
      alerts: [...report.alerts, ...damageAlerts(this.#store, run.id)],
      curves: thinned(curves, CURVE_POINTS),
      evaluations: this.#store.evaluations.list(run.id),
      baselines: this.#baselines([run]),
    };
  }

  variations(): Variation[] {
    return variationsOf(this.#store.runs.configurations());
  }

  notices(options: NoticeOptions = {}): AsyncGenerator<LabEvent> {
    return readNotices({
      store: this.#store,
      refresh: () => this.#notice(),
      report: (id) => this.inspect(id),
    }, options);
  }

  events({ after }: { after?: number } = {}): LabEvent[] {
    this.#notice();
    return after === undefined
      ? this.#store.events.newest(NEWEST_EVENTS)
      : this.#store.events.after(after, EVENT_PAGE);
  }

  close(): void {
    this.#jobs.close();
    this.#store.close();
  }

  /** Marks the runs and jobs of dead workers as interrupted, and starts a worker for those that are queued. */
  #notice(): void {
    if (!noticeDeadWorkers(this.#store)) return;
    try {
      this.ensureWorker();
    } catch {
      // train, resume and watch report that no worker can be started.
    }
  }

  /** Returns the n-gram baselines of the data of runs; null if their data differs. */
  #baselines(runs: readonly Run[]): NgramBaselines | null {
    const [hash, ...otherHashes] = new Set(runs.map((run) => run.datasetHash));
    const [modality, ...others] = new Set(runs.map(modalityOf));
    return modality && hash && otherHashes.length + others.length === 0
      ? modality.baselines(this.workspace, hash)
      : null;
  }

  /** Returns the seconds since the last heartbeat of the worker. */
  #silence(): number | null {
    const worker = livingWorker(this.#store);
    return worker && (Date.now() - Date.parse(worker.heartbeatAt)) / 1000;
  }
}

/** @throws {UserError} If there is none of this id. */
function known<T>(id: string, found: T | null, what: string): T {
  if (found) return found;
  throw new UserError(`There is no ${what} ${JSON.stringify(id)}: inspect its run for the ids`);
}

/** @throws {UserError} If a run is a pretrained one, whose training cannot be continued. */
function requireOwn({ id }: Run): void {
  if (!isPretrained(id)) return;
  throw new UserError(
    `${id} comes with the program and is never changed: train a run of your own, which may start from ` +
      `its weights by {"overrides": {"start_from": "${id}"}}`,
  );
}
