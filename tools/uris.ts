/** Addresses of our resources. */
export const SCHEME = "textdiffusion://";
export const RUNS_URI = `${SCHEME}runs`;
export const runUri = (id: string) => `${SCHEME}runs/${id}`;
export const curvesUri = (id: string, format: string) => `${SCHEME}runs/${id}/curves/${format}`;
export const sampleUri = (id: string) => `${SCHEME}samples/${id}`;
export const journalUri = (id: string) => `${SCHEME}journal/${id}`;
