/** The noise levels of a sample's steps. */
import { UserError } from "../../engine/host/mod.ts";
import { samplers, samplingLevels } from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config.ts";
import { scheduleOf } from "../objective.ts";
import type { GivenOptions, SamplingChoices } from "../types.ts";

/**
 * γ before the first step and after each, the last −∞.
 *
 * @throws {UserError} If the sampler or the spacing does not go with a schedule that ends in pure noise.
 */
export function levelsFor(config: ImageConfig, settings: SamplingChoices & GivenOptions): number[] {
  const { sampler, steps, spacing, rho, strength } = settings;
  const levels = samplingLevels(scheduleOf(config), steps, { spacing, rho, from: strength });
  if (levels[0] === Infinity && samplers[sampler].finiteStart) {
    throw new UserError(
      `sampler is "${sampler}", but the run's schedule "${config.schedule}" ends in pure noise, where ` +
        `${sampler}'s sigma is infinite: use "flow-heun", "euler" or "dpmpp-2m"`,
    );
  }
  return levels;
}
