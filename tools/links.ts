/** Addresses: of the viewer's pages, and of the server's resources. */
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
/** Of runs and sweeps beside each other. */
export const comparisonUri = (references: readonly string[]) =>
  `${SCHEME}comparisons/${references.map(segment).join(",")}`;
/** The record behind what another address shows as a picture or as text. */
export const asJson = (uri: string) => `${uri}/json`;
