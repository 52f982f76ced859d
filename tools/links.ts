/** Addresses of the viewer's pages; null where no viewer is up. */
export interface Links {
  home(): string | null;
  run(id: string): string | null;
  sweep(id: string): string | null;
  compare(ids: readonly string[]): string | null;
  /** The run's page at its samples. */
  samples(runId: string): string | null;
  schedules(names: readonly string[]): string | null;
  journal(id: string): string | null;
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
    journal: (id) => at(`/journal/${encodeURIComponent(id)}`),
  };
}
