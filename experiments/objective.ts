/** What a configuration means in the terms of models/diffusion. */
import {
  type Objective,
  requireTrainable,
  schedule,
  type Target,
} from "../models/diffusion/mod.ts";
import type { ImageConfig } from "./config.ts";

/** Standard deviation of digits' pixels in [−1, 1]: 0.6162 in MNIST. Only EDM's target uses it. */
const SIGMA_DATA = 0.62;

/** The objective that a configuration's network is trained for. */
export function objectiveFor({ target }: ImageConfig): Target | Objective {
  return target === "edm" ? { target, sigmaData: SIGMA_DATA } : target;
}

/**
 * Checks that schedule, target, weighting and times make sense together.
 *
 * @throws {UserError} Naming the fields that do not fit, the reason, and what would.
 */
export function requireTrainableConfig(config: ImageConfig): void {
  requireTrainable({
    schedule: schedule(config.schedule),
    objective: objectiveFor(config),
    weighting: config.weighting,
    times: config.time_sampling,
  });
}
