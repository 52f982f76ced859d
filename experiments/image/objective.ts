/** Objective, schedule and weights of an image configuration. */
import {
  type Objective,
  requireTrainable,
  type Schedule,
  schedule,
  type Target,
  type WeightOptions,
} from "../../models/diffusion/mod.ts";
import { type ImageConfig, laterImageFields } from "./config.ts";

/** Standard deviation of the pixels of digits in [−1, 1], 0.6162 for MNIST. Only EDM's target uses it. */
const SIGMA_DATA = 0.62;

/** Returns the training objective of a configuration. */
export function objectiveFor({ target }: ImageConfig): Target | Objective {
  return target === "edm" ? { target, sigmaData: SIGMA_DATA } : target;
}

/** Returns the noise schedule of a configuration. */
export function scheduleOf(config: Pick<ImageConfig, "schedule" | "terminal_snr">): Schedule {
  return schedule(config.schedule, { zeroTerminalSnr: config.terminal_snr === "zero" });
}

/** Returns the options of the weighting. The default of `snr_limit`, which every configuration contains, is
 * omitted for weightings without a limit. */
export function weightOptions({ weighting, snr_limit }: ImageConfig): WeightOptions {
  const limited = weighting.endsWith("min-snr") || snr_limit !== laterImageFields.snr_limit;
  return limited ? { snrLimit: snr_limit } : {};
}

/**
 * Validates the combination of schedule, target, weighting and distribution of times.
 *
 * @throws {UserError} If it is not valid; the message names the fields, the reason and valid values.
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
