/**
 * The registry of modalities, what their presentations use of them, and the references by which callers name runs: an id,
 * a unique prefix, "latest", "best", or a sweep.
 */
import { listed, nearest, UserError } from "../../engine/host/mod.ts";
import { type Metric, type Preset, provideModalities } from "../config/configuration.ts";
import { type RunConfig, startOf } from "../config/fields.ts";
import { image } from "../image/modality.ts";
import type { Modality, OpenSubject } from "../run/modality.ts";
import { knownMetrics, type RankingMetric } from "../store/metrics.ts";
import { hasEnded, type Run, type RunFilter } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import { text } from "../text/modality.ts";

// What the presentations of single modalities use of them: types of records, and functions on them. Everything else asks
// the objects below.
export { imageConfigOf } from "../image/config.ts";
export { decodeSamplePixels, pixelMoments, recognisedShare } from "../image/pictures.ts";
export type {
  HeldOutPictures,
  ImageEvaluation,
  Sample,
  SamplePixels,
  SampleRequest,
} from "../image/requests.ts";
export { textConfigOf } from "../text/config.ts";
export { blockCurve, blockMetrics } from "../text/metrics.ts";
export type {
  TextEvaluation,
  TextSample,
  TextSampleFrame,
  WriteRequest,
} from "../text/requests.ts";
export { isBlockwise } from "../text/settings.ts";

/** All modalities. The first one is that of configurations that name none. */
const registered = [image, text] as const;

export const modalities: readonly Modality[] = registered;
provideModalities(modalities);

/** The modalities with the types of their own requests and presets. */
export type Registered = typeof registered[number];

/** The keys of each member of a union. */
export type KeysOf<Union> = Union extends unknown ? keyof Union : never;

/** The name of a preset of any modality. */
export type PresetName = KeysOf<Registered["presets"]>;

/** The presets of all modalities. */
export const presets: Readonly<Record<PresetName, Preset>> = Object.assign(
  {},
  ...modalities.map((modality) => modality.presets),
);
export const PRESET_NAMES = Object.keys(presets) as PresetName[];

/** The metrics of all modalities by name, in the order of tables. */
export const METRICS: Readonly<Record<string, Metric>> = knownMetrics();
export const METRIC_NAMES: readonly string[] = Object.keys(METRICS);

/** Returns the modality of a name. @throws {Error} If there is none. */
export function modalityNamed(name: string): Modality {
  const found = modalities.find((modality) => modality.name === name);
  if (found === undefined) throw new Error(`Internal: there is no modality ${name}`);
  return found;
}

/** Returns a function that maps the name of a modality to the view for its presentation. */
export function byPresentation<View>(
  views: { readonly [Name in Modality["presentation"]]: View },
): (modality: string) => View {
  return (modality) => views[modalityNamed(modality).presentation];
}

/** Returns the modality of a run, or of anything with a configuration. */
export function modalityOf({ config }: { readonly config: RunConfig }): Modality {
  return modalityNamed(config.modality);
}

/** The metric that a run is ranked by. */
export function metricOf(run: Pick<Run, "config">): RankingMetric {
  return modalityOf(run).metric;
}

/** The newest value of the metric that a run is ranked by; null before the first validation. */
export function scoreOf(run: Run): number | null {
  return run.latest[metricOf(run).name] ?? null;
}

/** What a configuration trains, by its modality. */
export const openSubject: OpenSubject = async (config, options) =>
  await (await modalityOf({ config }).load()).openSubject(config, options);

/**
 * The run that `ref` means: an id, a unique prefix of one, "latest" (the newest), "best" (the lowest
 * denoising error or nats per character on the newest run's data set), "best:" and the name of another
 * data set, or a sweep's id for its best run.
 *
 * @throws {UserError} If there is none, or more than one; the message names near ids.
 */
export function findRun(store: Store, ref: string): Run {
  const exact = store.runs.byId(ref);
  if (exact) return exact;
  const own = store.runs.ids();
  const pretrained = store.runs.pretrained().map(({ id }) => id);
  const ids = [...own, ...pretrained];
  const isBest = ref === "best" || ref.startsWith("best:");
  if (own.length === 0 && (ref === "latest" || isBest || pretrained.length === 0)) {
    throw new UserError(noRunsYet(pretrained));
  }
  if (ref === "latest") return store.runs.byId(own[0]!)!;
  if (isBest) return bestOn(store, ref.slice("best:".length));
  if (store.runs.sweepIds().includes(ref)) return bestOfSweep(store, ref);
  const matching = ref === "" ? [] : ids.filter((id) => id.startsWith(ref));
  if (matching.length === 1) return store.runs.byId(matching[0]!)!;
  const near = own.length === 0 || ref.includes("/") ? ids : own;
  throw new UserError(
    matching.length > 1
      ? `${JSON.stringify(ref)} could mean ${listed(matching, 5)}: give more of the id`
      : `There is no run ${JSON.stringify(ref)}: near it are ${listed(nearest(ref, near, 3))} ` +
        `(an id, a unique beginning of one, "latest", "best", "best:" and a data set, or a sweep)`,
  );
}

/**
 * As {@link findRun}, for what needs weights: "latest" is the newest run that has a checkpoint.
 *
 * @throws {UserError} As {@link findRun} does, and if no run has a checkpoint.
 */
export function findTrainedRun(store: Store, ref: string): Run {
  if (ref !== "latest" || store.runs.byId(ref)) return findRun(store, ref);
  const newest = findRun(store, ref);
  const id = store.runs.newestWithCheckpoint();
  if (id !== null) return store.runs.byId(id)!;
  const waiting = newest.status === "running" || newest.status === "queued";
  throw new UserError(
    `No run has a checkpoint yet: ${
      waiting ? "wait for the first of" : "train one, or resume"
    } ${newest.id}, which is ${newest.status}`,
  );
}

/**
 * The runs that a list of references means, each once; a sweep's id stands for all its runs.
 *
 * @throws {UserError} As {@link findRun} does.
 */
export function findRuns(store: Store, refs: readonly string[]): Run[] {
  const sweeps = new Set(store.runs.sweepIds());
  const runs = refs.flatMap((ref) =>
    sweeps.has(ref)
      ? store.runs.list({ sweepId: ref, limit: 1000 }).runs.toReversed()
      : [findRun(store, ref)]
  );
  return [...new Map(runs.map((run) => [run.id, run])).values()];
}

function noRunsYet(pretrained: readonly string[]): string {
  return pretrained.length === 0
    ? "There are no runs yet: start one with train"
    : `There are no runs of your own yet: start one with train, or name a pretrained one: ${
      pretrained.join(", ")
    }`;
}

/** @param dataset By default that of the newest run. */
function bestOn(store: Store, dataset: string): Run {
  const where = dataset === "" ? undefined : { dataset };
  const [newest] = store.runs.list({ where, limit: 1 }).runs;
  if (!newest) throw new UserError(`There are no runs on ${JSON.stringify(dataset)} yet`);
  const { modality, dataset: name } = newest.config;
  const on = { where: { modality, dataset: name } };
  const best = lowest(store, newest, on);
  if (best) return best;
  throw new UserError(
    `No run on ${name} has a ${
      metricOf(newest).title
    } yet, so there is no "best" of that data set: ` +
      'name a run by its id, or another data set as in "best:mnist"',
  );
}

function bestOfSweep(store: Store, sweepId: string): Run {
  const [newest] = store.runs.list({ sweepId, limit: 1 }).runs;
  const best = newest && lowest(store, newest, { sweepId });
  if (best) return best;
  throw new UserError(
    `No run of ${sweepId} has a value to be best by yet: name one of its runs by its id`,
  );
}

/** The lowest of such runs by the metric of one of them, on the same data. */
function lowest(store: Store, of: Run, filter: RunFilter): Run | null {
  const id = store.runs.lowest(metricOf(of).name, filter, of.datasetHash);
  return id === null ? null : store.runs.byId(id);
}

/**
 * The configuration with its start written out, as a run and a step.
 *
 * @param find Finds the run that a reference means.
 * @throws {UserError} If that run cannot be started from.
 */
export function withFoundStart(config: RunConfig, find: (ref: string) => Run): RunConfig {
  const start = startOf(config);
  if (start === null) return config;
  const run = find(start.run);
  const { checkpointStep: step } = run;
  if (!hasEnded(run)) {
    throw new UserError(`start_from is ${run.id}, which is ${run.status}: wait for its end first`);
  }
  if (step === null || (start.step !== undefined && start.step !== step)) {
    throw new UserError(
      `start_from is ${config.start_from}, but ${
        step === null
          ? "it has no checkpoint"
          : `the newest checkpoint of ${run.id} is of step ${step}`
      }: name ${step === null ? "another run" : `${run.id}@${step}`}`,
    );
  }
  if (run.config.modality !== config.modality) {
    throw new UserError(
      `start_from is ${run.id}, a run on ${run.config.modality}, but this one is on ` +
        `${config.modality}: name a run of the same kind`,
    );
  }
  for (const field of ["network", "size"]) {
    const [own, other] = [config, run.config].map((of) => JSON.stringify(Reflect.get(of, field)));
    if (own === other) continue;
    throw new UserError(
      `${field} is ${own}, but start_from is ${run.id}, whose ${field} is ${other}, and weights fit the ` +
        `same network only: give ${field} ${other}, or start from another run`,
    );
  }
  if (config.start_with === "training" && config.steps <= step) {
    throw new UserError(
      `steps is ${config.steps}, but ${run.id} has done ${step} already: give more steps`,
    );
  }
  return { ...config, start_from: `${run.id}@${step}` };
}
