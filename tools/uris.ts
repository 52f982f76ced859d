/** Addresses of our resources. */
export const SCHEME = "textdiffusion://";
export const RUNS_URI = `${SCHEME}runs`;
export const PRESETS_URI = `${SCHEME}presets`;
export const FIELDS_URI = `${SCHEME}fields`;
export const JOURNAL_URI = `${SCHEME}journal`;
export const runUri = (id: string) => `${SCHEME}runs/${id}`;
export const curvesUri = (id: string, format: string) => `${SCHEME}runs/${id}/curves/${format}`;
export const sampleUri = (id: string) => `${SCHEME}samples/${id}`;
export const journalUri = (id: string) => `${SCHEME}journal/${id}`;
/** Of runs and sweeps beside each other. */
export const comparisonUri = (references: readonly string[]) =>
  `${SCHEME}comparisons/${references.join(",")}`;
/** The record behind what another address shows as a picture or as text. */
export const asJson = (uri: string) => `${uri}/json`;
