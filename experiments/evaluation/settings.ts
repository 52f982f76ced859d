/** What a caller asks of an evaluation, checked and with its defaults filled in. */
import { UserError } from "../../engine/host/mod.ts";
import type { ImageConfig } from "../config.ts";
import { DIGITS } from "../image/pictures.ts";
import { samplingOptions } from "../sampling/options.ts";
import { sampleSettings } from "../sampling/settings.ts";
import { requireWithin } from "../sampling/within.ts";
import type { ImageEvaluateRequest, ImageEvaluationSettings, PictureFacts } from "../types.ts";

export const LEAST_COUNT = 200;
export const MOST_COUNT = 5000;
const DEFAULT_STEPS = 25;

/**
 * The settings for a request to a run with this configuration.
 *
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function evaluationSettings(
  request: Omit<ImageEvaluateRequest, "run">,
  config: ImageConfig,
  pictures: PictureFacts = DIGITS,
): ImageEvaluationSettings {
  const { count = 1000, ...sampling } = request;
  requireWithin("count", count, LEAST_COUNT, MOST_COUNT, true);
  requireClasses(pictures, config.dataset);
  const settings = sampleSettings(
    { steps: DEFAULT_STEPS, ...sampling },
    config,
    pictures,
  );
  const { sampler, steps, guidance_scale, seed, eta } = settings;
  return { count, sampler, steps, guidance_scale, seed, eta, ...samplingOptions(settings) };
}

/** @throws {UserError} If a classifier, in whose features pictures are judged, would see one class. */
function requireClasses({ classNames }: PictureFacts, dataset: string): void {
  if (classNames.length >= 2) return;
  throw new UserError(
    `The pictures of ${dataset} are of one class, but they are judged by a classifier of at least ` +
      "2: put them into a subfolder for each class and train a new run, or look at what it samples",
  );
}
