/** What the runs of a workspace have tried, and which settings none of them has varied. */
import { LATER, RECORDING, type RunConfig } from "../config/mod.ts";

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

/** Fields that say nothing of what was tried. */
const IGNORED: readonly string[] = ["modality", "seed", ...RECORDING];

/** One for each modality that has runs, the one with the most runs first. */
export function variationsOf(tried: readonly Tried[]): Variation[] {
  return [...Map.groupBy(tried, ({ config }) => config.modality)]
    .map(([modality, of]) => variationOf(modality, of))
    .sort((a, b) => b.runs - a.runs);
}

function variationOf(modality: RunConfig["modality"], tried: readonly Tried[]): Variation {
  const counts = new Map<string, Map<string | number, number>>();
  for (const { config, runs } of tried) {
    // In the order of the configuration, and with what older ones lack.
    for (const [field, value] of Object.entries({ ...config, ...LATER[modality], ...config })) {
      if (IGNORED.includes(field)) continue;
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
