import type { Sample } from "../experiments/mod.ts";

/** Samples of one run that walked from the same noise in different ways. */
export interface SharedStart {
  readonly step: number;
  readonly seed: number;
  /** Oldest first; of equal recipes the newest alone. */
  readonly samples: readonly Sample[];
}

/** Pictures of each sample that stand side by side. */
export const SIDE_BY_SIDE = 10;

/**
 * Groups of at least two samples of the same weights, seed and classes. Pictures that were kept or
 * started from have another start.
 */
export function sharedStarts(samples: readonly Sample[]): SharedStart[] {
  const free = samples.filter(({ settings }) => settings.pictures === undefined);
  const groups = Map.groupBy(free, ({ step, settings: { seed, count, classes } }) => {
    const shown = Math.min(count, SIDE_BY_SIDE);
    return JSON.stringify([step, seed, shown, classes.slice(0, shown)]);
  });
  return [...groups.values()].flatMap((group) => {
    const byRecipe = new Map(group.map((sample) => [recipeOf(sample), sample]));
    const [first] = group;
    if (first === undefined || byRecipe.size < 2) return [];
    return { step: first.step, seed: first.settings.seed, samples: [...byRecipe.values()] };
  });
}

/** How it was drawn, whatever its film strip. */
function recipeOf({ settings }: Sample): string {
  const { film_strip: _, made_by: __, count: ___, classes: ____, ...recipe } = settings;
  return JSON.stringify(recipe);
}
