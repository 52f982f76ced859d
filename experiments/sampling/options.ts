/** The finer choices of a request for pictures: which samplers take them, and their ranges. */
import { UserError } from "../../engine/host/mod.ts";
import { type SamplerName, solver } from "../../models/diffusion/mod.ts";
import type { SampleRequest, SamplingOptions } from "../types.ts";
import { spacingNames } from "./names.ts";
import { requireWithin } from "./within.ts";

const names = [
  "variance",
  "churn",
  "spacing",
  "rho",
  "guidance_rescale",
  "guidance_interval",
] as const satisfies readonly (keyof SamplingOptions)[];

/** The options among these values that are given. */
export function samplingOptions(values: SamplingOptions): SamplingOptions {
  return Object.fromEntries(
    names.flatMap((name) => values[name] === undefined ? [] : [[name, values[name]]]),
  );
}

/** @throws {UserError} If an option is out of its range, or does not go with what it is beside. */
export function requireOptions(
  request: Omit<SampleRequest, "run">,
  sampler: SamplerName,
  guidance: number,
): void {
  const { eta, variance, churn, spacing = "trailing", rho } = request;
  solver(sampler, { eta, variance, churn });
  requireOneOf("spacing", spacing, spacingNames);
  if (rho !== undefined) {
    requireWithin("rho", rho, 0.1, 100, false);
    if (spacing !== "karras") {
      throw new UserError(
        `rho is ${rho} with spacing ${spacing}: only karras has it, leave it out`,
      );
    }
  }
  requireGuidance(request, guidance);
}

function requireGuidance(
  { guidance_rescale: rescale, guidance_interval: interval }: SamplingOptions,
  guidance: number,
): void {
  requireWithin("guidance_rescale", rescale ?? 0, 0, 1, false);
  if ((rescale || interval) && !isGuided(guidance)) {
    throw new UserError(
      `${interval ? "guidance_interval" : "guidance_rescale"} has no effect where guidance_scale ` +
        `is ${guidance}: leave it out, or use a guidance_scale such as 2`,
    );
  }
  if (interval && !(interval.length === 2 && interval[0] < interval[1])) {
    throw new UserError(
      `guidance_interval is ${JSON.stringify(interval)}, but must be two values of -log SNR, the ` +
        "lower first, such as [-5, 2]",
    );
  }
}

/** Whether this scale needs the unconditional estimate beside the conditional one. */
export function isGuided(scale: number): boolean {
  return scale !== 0 && scale !== 1;
}

function requireOneOf(field: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new UserError(
    `${field} is ${JSON.stringify(value)}, but must be one of ${allowed.join(", ")}`,
  );
}
