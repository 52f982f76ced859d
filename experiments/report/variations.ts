/** What was varied: the settings that runs have tried and those that none has, and each sweep in short. */
import { metricOf, scoreOf } from "../registry/modalities.ts";
import type { Run, RunStatus } from "../store/run.ts";
import { differingFields, namesOfFieldsWith, withLaterFields } from "../config/configuration.ts";
import { type RunConfig, tellingFields } from "../config/fields.ts";
import type { MetricName } from "../store/metrics.ts";

/** A configuration, and the number of its runs. */
export interface Tried {
  readonly config: RunConfig;
  readonly runs: number;
}

/** The settings of all runs of one modality. */
export interface Variation {
  readonly modality: RunConfig["modality"];
  readonly runs: number;
  /** Configurations, apart from seeds and recording intervals. */
  readonly configurations: number;
  /** Fields with several values, those with the most values first; of each the commonest value first. */
  readonly varied: readonly {
    readonly field: string;
    readonly values: readonly { readonly value: string | number; readonly runs: number }[];
  }[];
  /** Fields that have one value in all runs. */
  readonly neverVaried: Readonly<Record<string, string | number>>;
}

/** One for each modality that has runs, the one with the most runs first. */
export function variationsOf(tried: readonly Tried[]): Variation[] {
  return [...Map.groupBy(tried, ({ config }) => config.modality)]
    .map(([modality, of]) => variationOf(modality, of))
    .sort((a, b) => b.runs - a.runs);
}

function variationOf(modality: RunConfig["modality"], tried: readonly Tried[]): Variation {
  // These fields say nothing of what was tried.
  const ignored = ["modality", "seed", ...namesOfFieldsWith("recording")];
  const counts = new Map<string, Map<string | number, number>>();
  for (const { config, runs } of tried) {
    for (const [field, value] of tellingFields(withLaterFields(config))) {
      if (ignored.includes(field)) continue;
      const values = counts.get(field) ?? new Map<string | number, number>();
      counts.set(field, values.set(value, (values.get(value) ?? 0) + runs));
    }
  }
  const fields = [...counts];
  return {
    modality,
    runs: tried.reduce((sum, { runs }) => sum + runs, 0),
    configurations: tried.length,
    varied: fields.filter(([, values]) => values.size > 1)
      .sort(([, a], [, b]) => b.size - a.size)
      .map(([field, values]) => ({
        field,
        values: [...values].map(([value, runs]) => ({ value, runs }))
          .sort((a, b) => b.runs - a.runs),
      })),
    neverVaried: Object.fromEntries(
      fields.filter(([, values]) => values.size === 1)
        .map(([field, values]) => [field, [...values.keys()][0]!]),
    ),
  };
}

/** A sweep in short. */
export interface SweepSummary {
  readonly id: string;
  readonly createdAt: string;
  readonly label: string | null;
  /** How many of its runs have each status. */
  readonly statuses: Readonly<Partial<Record<RunStatus, number>>>;
  readonly runs: number;
  readonly dataset: string;
  /** Fields with several values, and those; the seeds among them. */
  readonly varied: Readonly<Record<string, readonly (string | number)[]>>;
  readonly metric: MetricName;
  /** The run with the lowest value of the metric; null before the first validation, and where the runs have several
   * data sets, whose values do not compare. */
  readonly best: { readonly run: string; readonly value: number } | null;
}

/** @param runs All runs of one sweep, of which there is at least one. */
export function sweepSummary(id: string, runs: readonly Run[]): SweepSummary {
  const [first] = runs;
  const differing = differingFields(runs.map(({ config }) => config));
  const [best] = runs.flatMap((run) => {
    const value = scoreOf(run);
    return value === null || differing.includes("dataset") ? [] : [{ run: run.id, value }];
  }).sort((a, b) => a.value - b.value);
  const valuesOf = (field: string) => [
    ...new Set(runs.map(({ config }) => (config as Record<string, string | number>)[field]!)),
  ];
  return {
    id,
    createdAt: first!.createdAt,
    label: first!.label,
    statuses: Object.fromEntries(
      [...Map.groupBy(runs, ({ status }) => status)].map(([status, of]) => [status, of.length]),
    ),
    runs: runs.length,
    dataset: first!.config.dataset,
    varied: Object.fromEntries(differing.map((field) => [field, valuesOf(field)])),
    metric: metricOf(first!).name,
    best: best ?? null,
  };
}
