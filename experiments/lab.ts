/** The laboratory over one workspace; see {@link Lab} for what its methods promise. */
import { resolve } from "node:path";
import { requireObtainable } from "../data/mod.ts";
import { UserError } from "../engine/host/mod.ts";
import { codeVersion } from "./code_version.ts";
import { compareRuns } from "./compare.ts";
import { expandGrid, imageConfigOf, resolveConfig, textConfigOf } from "./config.ts";
import { thinned } from "./curves.ts";
import { damageAlerts } from "./damage.ts";
import { comparableEvaluations } from "./evaluation/comparable.ts";
import { requireFieldsOf } from "./evaluation/fields.ts";
import { evaluationSettings } from "./evaluation/settings.ts";
import { picturesOf } from "./image/pictures.ts";
import { reportOn } from "./inspect.ts";
import { requestJob } from "./jobs/request.ts";
import { findRun, findRuns } from "./references.ts";
import type { EvaluationJob } from "./evaluation/protocol.ts";
import { decodeSamplePixels } from "./sampling/pixels.ts";
import type { SamplingJob } from "./sampling/protocol.ts";
import { sampleSettings } from "./sampling/settings.ts";
import { requireWithin } from "./sampling/within.ts";
import { withFoundData } from "./own_data.ts";
import { reportSchedules } from "./schedule_report.ts";
import { openStore, type Store } from "./store/mod.ts";
import {
  type Comparison,
  type Curves,
  type EvaluateRequest,
  type Evaluation,
  type Lab,
  type LabEvent,
  type LabOptions,
  METRIC_NAMES,
  type MetricName,
  type Run,
  type RunFilter,
  type RunReport,
  type Sample,
  type SamplePixels,
  type SampleRequest,
  type ScheduleOptions,
  type ScheduleReport,
  type TextBaselines,
  type TextSample,
  type TrainAnswer,
  type TrainRequest,
  type WatchOptions,
  type WriteRequest,
} from "./types.ts";
import { keptBaselines } from "./text/baselines.ts";
import type { TextEvaluationJob } from "./text/evaluation/protocol.ts";
import { textEvaluationSettings } from "./text/evaluation/settings.ts";
import type { WritingJob } from "./text/protocol.ts";
import { writeSettings } from "./text/settings.ts";
import { hasEnded, watchRuns } from "./watch.ts";
import {
  ensureWorker,
  livingWorker,
  noticeDeadWorkers,
  type ProcessOptions,
} from "./worker/mod.ts";

const CURVE_POINTS = 50;
const EVENT_PAGE = 200;
const NEWEST_EVENTS = 50;
/** How often a watch looks after the worker, in milliseconds. */
const WORKER_CHECK = 5000;

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
  readonly #process: ProcessOptions;

  constructor({ workspace, dataDirectory, device }: LabOptions) {
    this.#store = openStore(workspace);
    this.#process = {
      ...(dataDirectory === undefined ? {} : { dataDirectory: resolve(dataDirectory) }),
      ...(device === undefined ? {} : { device }),
    };
  }

  get workspace(): string {
    return this.#store.workspace;
  }

  ensureWorker(): void {
    ensureWorker(this.#store, this.#process);
  }

  async train({ preset, overrides, grid, seeds, label }: TrainRequest): Promise<TrainAnswer> {
    const isSweep = grid !== undefined || seeds !== undefined;
    const configs =
      (isSweep ? expandGrid(preset, overrides, grid, seeds) : [resolveConfig(preset, overrides)])
        .map(withFoundData);
    // Loaded here, because the mathematics takes a while that a start of the server has not got.
    const { requireTrainableConfig } = await import("./objective.ts");
    for (const config of configs) if (config.modality === "image") requireTrainableConfig(config);
    for (const dataset of new Set(configs.map(({ dataset }) => dataset))) {
      await requireObtainable(dataset, { directory: this.#process.dataDirectory });
    }
    const version = codeVersion();
    const { ids, sweepId } = this.#store.transaction(() => {
      const inserted = this.#store.runs.insert({
        configs,
        codeVersion: version,
        label: label ?? null,
        sweep: isSweep ? { preset, overrides, grid, seeds, label } : null,
      });
      for (const id of inserted.ids) this.#store.events.add("run-queued", id, `${id} is queued`);
      return inserted;
    });
    this.ensureWorker();
    return { runs: ids.map((id) => this.#store.runs.byId(id)!), sweepId };
  }

  // deno-lint-ignore require-await -- refusals are rejections, like those of its siblings
  async resume(ref: string): Promise<Run> {
    const run = this.run(ref);
    const requeued = this.#store.transaction(() => {
      if (!this.#store.runs.requeue(run.id)) return false;
      this.#store.events.add("run-queued", run.id, `${run.id} is queued to go on`);
      return true;
    });
    if (!requeued) {
      throw new UserError(
        run.status === "finished"
          ? `${run.id} has finished its ${run.steps} steps: train a new run with more steps`
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

  find(refs: readonly string[]): Run[] {
    this.#notice();
    return findRuns(this.#store, refs);
  }

  runs(filter: RunFilter = {}): { runs: Run[]; total: number } {
    this.#notice();
    requireWithin("limit", filter.limit ?? 50, 1, 1000, true);
    requireWithin("offset", filter.offset ?? 0, 0, Number.MAX_SAFE_INTEGER, true);
    const { sweepId } = filter;
    const found = this.#store.runs.list(filter);
    const known = this.#store.runs.sweepIds();
    if (sweepId !== undefined && found.total === 0 && !known.includes(sweepId)) {
      const newest = known.slice(0, 5).join(", ") || "none yet";
      throw new UserError(`There is no sweep ${JSON.stringify(sweepId)}: the newest are ${newest}`);
    }
    return found;
  }

  metrics(
    ref: string,
    options: { names?: readonly MetricName[]; maxPoints?: number; afterStep?: number } = {},
  ): Curves {
    const { names = METRIC_NAMES, maxPoints = CURVE_POINTS, afterStep = -1 } = options;
    requireWithin("maxPoints", maxPoints, 2, 100_000, true);
    const unknown = names.find((name) => !METRIC_NAMES.includes(name));
    if (unknown !== undefined) {
      throw new UserError(
        `There is no metric ${JSON.stringify(unknown)}: the metrics are ${METRIC_NAMES.join(", ")}`,
      );
    }
    return thinned(this.#store.metrics.curves(this.run(ref).id, names, afterStep), maxPoints);
  }

  watch(refs: readonly string[], options: WatchOptions): Promise<Run[]> {
    const ids = findRuns(this.#store, refs).map((run) => run.id);
    let checkedAt = 0;
    const look = () => {
      this.#notice();
      const runs = ids.map((id) => this.#store.runs.byId(id)!);
      // A worker that died left the runs behind it waiting.
      if (runs.some(({ status }) => status === "queued") && Date.now() - checkedAt > WORKER_CHECK) {
        checkedAt = Date.now();
        this.ensureWorker();
      }
      return runs;
    };
    return watchRuns(look, options);
  }

  async sample(
    { run: ref, ...request }: SampleRequest,
    options: Parameters<Lab["sample"]>[1] = {},
  ): Promise<Sample> {
    const run = this.run(ref);
    const settings = sampleSettings(request, imageConfigOf(run), picturesOf(run));
    const job: SamplingJob = {
      workspace: this.workspace,
      runId: run.id,
      settings,
      ...this.#process,
    };
    const entry = new URL("./sampling/main.ts", import.meta.url);
    return this.sampleById(await requestJob("Sampling", entry, job, options));
  }

  async write(
    { run: ref, ...request }: WriteRequest,
    options: Parameters<Lab["write"]>[1] = {},
  ): Promise<TextSample> {
    const run = this.run(ref);
    const settings = writeSettings(request, textConfigOf(run));
    const job: WritingJob = {
      workspace: this.workspace,
      runId: run.id,
      settings,
      ...this.#process,
    };
    const entry = new URL("./text/main.ts", import.meta.url);
    return this.#store.texts.byId(await requestJob("Writing", entry, job, options))!;
  }

  texts(ref: string): TextSample[] {
    return this.#store.texts.list(this.run(ref).id);
  }

  async evaluate(
    { run: ref, ...request }: EvaluateRequest,
    options: Parameters<Lab["evaluate"]>[1] = {},
  ): Promise<Evaluation> {
    const run = this.run(ref);
    requireFieldsOf(run, request);
    const about = { workspace: this.workspace, runId: run.id, ...this.#process };
    const ofText = run.config.modality === "text";
    const job: EvaluationJob | TextEvaluationJob = ofText
      ? { ...about, settings: textEvaluationSettings(request, textConfigOf(run)) }
      : {
        ...about,
        settings: evaluationSettings(request, imageConfigOf(run), picturesOf(run)),
        countIsDefault: request.count === undefined,
      };
    const entry = new URL(
      ofText ? "./text/evaluation/main.ts" : "./evaluation/main.ts",
      import.meta.url,
    );
    const id = await requestJob("Evaluating", entry, job, options);
    return this.evaluations(run.id).find((evaluation) => evaluation.id === id)!;
  }

  evaluations(ref: string): Evaluation[] {
    return this.#store.evaluations.list(this.run(ref).id);
  }

  samples(ref: string): Sample[] {
    return this.#store.samples.list(this.run(ref).id);
  }

  sampleById(id: string): Sample {
    const sample = this.#store.samples.byId(id);
    if (!sample) {
      throw new UserError(`There is no sample ${JSON.stringify(id)}: inspect its run for the ids`);
    }
    return sample;
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
      samples: this.#store.samples.list(run.id),
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

  events({ after }: { after?: number } = {}): LabEvent[] {
    this.#notice();
    return after === undefined
      ? this.#store.events.newest(NEWEST_EVENTS)
      : this.#store.events.after(after, EVENT_PAGE);
  }

  close(): void {
    this.#store.close();
  }

  /** Runs of dead workers are interrupted from the first look on, and those behind them go on. */
  #notice(): void {
    if (!noticeDeadWorkers(this.#store)) return;
    try {
      this.ensureWorker();
    } catch {
      // That no worker can be started is for those to hear who wait for one: train, resume, watch.
    }
  }

  /** What the runs' text needs without a network; null where it is not one and the same. */
  #baselines(runs: readonly Run[]): TextBaselines | null {
    const [hash, ...others] = new Set(runs.map((run) => run.datasetHash));
    const ofText = runs.every(({ config }) => config.modality === "text");
    return ofText && hash && others.length === 0 ? keptBaselines(this.workspace, hash) : null;
  }

  /** Seconds since the worker last gave a sign of life. */
  #silence(): number | null {
    const worker = livingWorker(this.#store);
    return worker && (Date.now() - Date.parse(worker.heartbeatAt)) / 1000;
  }
}
