/** What an answer points to: pages of the viewer, resources of the server, and the next calls of tools. */
import { isDeepStrictEqual } from "node:util";
import { duration, orUndefined, withoutUndefined } from "../engine/host/mod.ts";
import {
  hasEnded,
  type Lab,
  modalityOf,
  PASSES_OF_A_STEP,
  type Run,
  type Sample,
  type TextSample,
} from "../experiments/mod.ts";

/** Addresses of the viewer's pages; null where no viewer is up. */
export interface Links {
  home(): string | null;
  run(id: string): string | null;
  sweep(id: string): string | null;
  compare(ids: readonly string[]): string | null;
  /** The run's page at its samples. */
  samples(runId: string): string | null;
  schedules(names: readonly string[]): string | null;
  /** The page of one entry; without an id that of all. */
  journal(id?: string): string | null;
}

/** @param base The viewer's address without a slash at its end, or null. */
export function linksTo(base: string | null): Links {
  const at = (path: string) => base === null ? null : `${base}${path}`;
  const list = (values: readonly string[]) => values.map(encodeURIComponent).join(",");
  return {
    home: () => at("/"),
    run: (id) => at(`/runs/${encodeURIComponent(id)}`),
    sweep: (id) => at(`/?sweep=${encodeURIComponent(id)}`),
    compare: (ids) => at(`/compare?runs=${list(ids)}`),
    samples: (runId) => at(`/runs/${encodeURIComponent(runId)}#samples`),
    schedules: (names) => at(`/schedules?names=${list(names)}`),
    journal: (id) => at(id === undefined ? "/journal" : `/journal/${encodeURIComponent(id)}`),
  };
}

/** Addresses of our resources. */
export const SCHEME = "textdiffusion://";
export const RUNS_URI = `${SCHEME}runs`;
export const PRESETS_URI = `${SCHEME}presets`;
export const FIELDS_URI = `${SCHEME}fields`;
export const SAMPLING_FIELDS_URI = `${SCHEME}sampling-fields`;
export const JOURNAL_URI = `${SCHEME}journal`;
/** An id as one segment of an address; the place of a variable stays as it is. */
const segment = (id: string) => id.replaceAll("/", "%2F");
export const runUri = (id: string) => `${SCHEME}runs/${segment(id)}`;
export const curvesUri = (id: string, format: string) =>
  `${SCHEME}runs/${segment(id)}/curves/${format}`;
export const sampleUri = (id: string) => `${SCHEME}samples/${id}`;
export const JOBS_URI = `${SCHEME}jobs`;
export const jobUri = (id: string) => `${JOBS_URI}/${id}`;
export const journalUri = (id: string) => `${SCHEME}journal/${id}`;
/** The address of a comparison of runs and sweeps. */
export const comparisonUri = (references: readonly string[]) =>
  `${SCHEME}comparisons/${references.map(segment).join(",")}`;
/** The record behind what another address shows as a picture or as text. */
export const asJson = (uri: string) => `${uri}/json`;

/** Seconds in which a process starts and compiles its programs. */
const START = 4;
/** Runs that one proposal names at most. */
const MOST_NAMED = 5;
/** Finished runs among which those are looked for that a run can be ranked with. */
const MOST_SEARCHED = 20;

/** A call as it can be made: `sample {"run": "image-0001", "seed": 1}`. */
export function call(tool: string, args: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(withoutUndefined(args))
    .map(([name, value]) => `${JSON.stringify(name)}: ${spaced(value)}`);
  return `${tool} {${fields.join(", ")}}`;
}

function spaced(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(spaced).join(", ")}]` : JSON.stringify(value);
}

/**
 * To see or read what a run makes, or for another purpose.
 *
 * @param seconds Duration of the sampling; by default that of a sample with default settings.
 */
export function sampleCall(
  run: Run,
  choices: Readonly<Record<string, unknown>> = {},
  purpose: string = modalityOf(run).toSample,
  seconds: number | undefined = secondsOfSample(run),
): string {
  return `${call("sample", { run: run.id, ...choices })} to ${purpose} (${timeOf(seconds)})`;
}

/** Returns the duration of a sample with default settings at the speed of training; undefined if that is unknown. */
function secondsOfSample(run: Run): number | undefined {
  const speed = run.latest.examples_per_second ?? 0;
  return speed > 0 ? modalityOf(run).passesOfSample(run) / (PASSES_OF_A_STEP * speed) : undefined;
}

/** Fields of a request. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the fields of a request that makes a sample with the same settings again: the seed, and what does not
 * follow from the fields before it or from the defaults.
 */
export function repeated(run: Run, { settings }: Sample | TextSample): Fields {
  const { requests, jobInputs } = modalityOf(run);
  const settingsFor = (request: Fields) =>
    orUndefined(() => (jobInputs.sample(run, request) as { readonly settings: Fields }).settings);
  let request: Fields = { seed: settings.seed };
  let made = settingsFor(request);
  for (const field of Object.keys(requests.sample.shape)) {
    // A request has the classes as a list that is repeated, the settings have that of every picture.
    const stored = field === "class" ? "classes" : field;
    const wanted = (settings as Fields)[stored];
    if (wanted == null || isDeepStrictEqual(made?.[stored], wanted)) continue;
    const longer = { ...request, [field]: field === "class" ? period(wanted as number[]) : wanted };
    const settingsOfLonger = settingsFor(longer);
    if (settingsOfLonger) [request, made] = [longer, settingsOfLonger];
  }
  return request;
}

/** Returns the shortest beginning of a list whose repetition is the list. */
export function period(values: readonly number[]): readonly number[] {
  const length = values.findIndex((_, n) =>
    n > 0 && values.every((value, i) => value === values[i % n])
  );
  return length < 0 ? values : values.slice(0, length);
}

/** The call that evaluates a run; empty if it cannot be evaluated. */
export function evaluateCalls(lab: Lab, run: Run): string[] {
  const { toEvaluate } = modalityOf(run);
  const calls = orUndefined(() => {
    const seconds = lab.estimateEvaluation({ run: run.id })?.seconds;
    return [`${call("evaluate", { run: run.id })} to ${toEvaluate} (${timeOf(seconds)})`];
  });
  return calls ?? [];
}

/** "about 12 sec", with the start of a process; in general terms where it is not known. */
function timeOf(seconds: number | undefined): string {
  return seconds === undefined ? "some seconds to minutes" : `about ${duration(START + seconds)}`;
}

/** The call that ranks a finished run in its sweep, or among others on the same data; empty if there are none. */
export function compareCalls(lab: Lab, run: Run): string[] {
  const { sweepId, config } = run;
  if (sweepId !== null && lab.runs({ sweepId, limit: 1 }).total > 1) {
    return [`${call("compare-runs", { sweep: sweepId })} to rank it in its sweep`];
  }
  const others = lab.runs({ status: "finished", limit: MOST_SEARCHED }).runs.filter((other) =>
    other.id !== run.id && other.config.modality === config.modality &&
    other.config.dataset === config.dataset
  );
  return rankCalls([run, ...others]);
}

/** The call that ranks the finished ones of the listed runs that have the data of the first; empty for fewer than two. */
export function rankCalls(runs: readonly Run[]): string[] {
  const ranked = runs.filter((run) => run.status === "finished");
  const alike = ranked.filter(({ config }) =>
    config.modality === ranked[0]!.config.modality && config.dataset === ranked[0]!.config.dataset
  );
  if (alike.length < 2) return [];
  const [sweep, ...others] = new Set(alike.map(({ sweepId }) => sweepId));
  // Some runs of a sweep would have its configurations with different numbers of seeds.
  if (sweep && others.length === 0) return [`${call("compare-runs", { sweep })} to rank them`];
  const ids = alike.slice(0, MOST_NAMED).map(({ id }) => id);
  return [`${call("compare-runs", { runs: ids })} to rank them`];
}

/** The call that resumes an interrupted or failed run; empty if there is none. */
export function resumeCalls(runs: readonly Run[]): string[] {
  const lost = runs.filter((run) => run.status === "interrupted" || run.status === "failed");
  return lost.slice(0, 1).map(({ id, checkpointStep }) =>
    `${call("train", { resume: id })} to ${
      checkpointStep === null ? "start it over" : "resume it from its last checkpoint"
    }`
  );
}

/** The call that waits for runs which have not ended; empty if all have. */
export function waitCalls(runs: readonly Run[], which: Readonly<Record<string, string>>): string[] {
  if (runs.every(hasEnded)) return [];
  return [
    `${call("inspect-run", { ...which, wait_seconds: 45 })} to wait until training ends`,
  ];
}
