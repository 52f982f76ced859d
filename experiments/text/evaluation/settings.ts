/** What a caller asks of a text run's evaluation, checked and with its defaults filled in. */
import { UserError } from "../../../engine/host/mod.ts";
import type { TextConfig } from "../../config.ts";
import { requireWithin } from "../../sampling/within.ts";
import type { TextEvaluateRequest, TextEvaluationSettings } from "../../types.ts";
import { writeSettings } from "../settings.ts";

export const LEAST_TEXTS = 2;
export const MOST_TEXTS = 256;
export const LEAST_DRAWS = 2;
export const MOST_DRAWS = 200;
/** Lists of steps that are measured. */
export const MOST_WALKS = 6;

const DEFAULT_TEXTS = 32;
const DEFAULT_DRAWS = 24;
const DEFAULT_WALKS = [16, 64];

/**
 * The settings for a request to a run with this configuration. Texts have a window's length unless
 * another is asked for.
 *
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function textEvaluationSettings(
  request: Omit<TextEvaluateRequest, "run">,
  config: TextConfig,
): TextEvaluationSettings {
  const { draws = DEFAULT_DRAWS, bound_steps, count = DEFAULT_TEXTS, ...writing } = request;
  if (writing.mode === "infill") {
    throw new UserError(
      'mode is "infill", which fills in a template: evaluate takes the modes that write whole texts',
    );
  }
  requireWithin("draws", draws, LEAST_DRAWS, MOST_DRAWS, true);
  requireWithin("count", count, LEAST_TEXTS, MOST_TEXTS, true);
  const written = writeSettings(
    { length: config.context, ...writing, count },
    config,
    MOST_TEXTS,
  );
  return { draws, bound_steps: walksOf(bound_steps, written.steps, config), writing: written };
}

/** The numbers of steps whose bounds are measured, rising. */
function walksOf(
  asked: readonly number[] | undefined,
  steps: number,
  { method }: TextConfig,
): number[] {
  if (method === "autoregressive") {
    if (asked === undefined) return [];
    throw new UserError(
      `bound_steps is ${JSON.stringify(asked)}, but the run only learnt to read left to right, ` +
        "where the likelihood is exact: leave it out",
    );
  }
  const walks = asked ?? [...DEFAULT_WALKS, steps];
  if (walks.length > MOST_WALKS) {
    throw new UserError(
      `bound_steps has ${walks.length} numbers of steps: give at most ${MOST_WALKS}`,
    );
  }
  for (const walk of walks) requireWithin("bound_steps", walk, 1, 1000, true);
  return [...new Set(walks)].sort((a, b) => a - b);
}
