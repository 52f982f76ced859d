/** What a configuration of images means in the terms of models/diffusion. */
import {
  type Objective,
  requireTrainable,
  type Schedule,
  schedule,
  type Target,
  type WeightOptions,
} from "../../models/diffusion/mod.ts";
import { type ImageConfig, LATER } from "../config/mod.ts";

/** Standard deviation of digits' pixels in [−1, 1]: 0.6162 in MNIST. Only EDM's target uses it. */
const SIGMA_DATA = 0.62;

/** The objective that a configuration's network is trained for. */
export function objectiveFor({ target }: ImageConfig): Target | Objective {
  return target === "edm" ? { target, sigmaData: SIGMA_DATA } : target;
}

/** The noise schedule of a configuration. */
export function scheduleOf(config: Pick<ImageConfig, "schedule" | "terminal_snr">): Schedule {
  return schedule(config.schedule, { zeroTerminalSnr: config.terminal_snr === "zero" });
}

/** The limit of a weighting as models/diffusion takes it: not the one that stands in every configuration
 * for weightings without. */
export function weightOptions({ weighting, snr_limit }: ImageConfig): WeightOptions {
  const limited = weighting.endsWith("min-snr") || snr_limit !== LATER.image.snr_limit;
  return limited ? { snrLimit: snr_limit } : {};
}

/**
 * Checks that schedule, target, weighting and times make sense together.
 *
 * @throws {UserError} Naming the fields that do not fit, the reason, and what would.
 */
export function requireTrainableConfig(config: ImageConfig): void {
  requireTrainable({
    schedule: scheduleOf(config),
    objective: objectiveFor(config),
    weighting: config.weighting,
    times: config.time_sampling,
    ...weightOptions(config),
  });
}
