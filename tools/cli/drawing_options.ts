/** The options of the commands that draw pictures from a run, and what they ask for. */
import { UserError } from "../../engine/host/mod.ts";
import {
  keptHalves,
  MAX_RESAMPLES,
  type SampleRequest,
  samplerNames,
  type SamplingOptions,
  spacingNames,
} from "../../experiments/mod.ts";
import { numberIn, oneOf } from "./options.ts";

export const DRAWING_OPTIONS = {
  count: { type: "string" },
  sampler: { type: "string" },
  steps: { type: "string" },
  "guidance-scale": { type: "string" },
  seed: { type: "string" },
  eta: { type: "string" },
  variance: { type: "string" },
  churn: { type: "string" },
  spacing: { type: "string" },
  rho: { type: "string" },
  "guidance-rescale": { type: "string" },
  "guidance-interval": { type: "string" },
} as const;

type DrawingValues = { readonly [Name in keyof typeof DRAWING_OPTIONS]?: string | undefined };

/** The part of a request that these options state; what is left out keeps its default. */
export function drawingRequest(
  values: DrawingValues,
  counts: { minimum: number; maximum: number },
) {
  const whole = (name: "count" | "steps" | "seed", minimum: number, maximum: number) =>
    values[name] === undefined
      ? {}
      : { [name]: numberIn(name, values[name], { minimum, maximum, whole: true }) };
  const guidance = values["guidance-scale"];
  return {
    ...whole("count", counts.minimum, counts.maximum),
    ...whole("steps", 1, 1000),
    ...whole("seed", 0, 2_147_483_647),
    ...(values.sampler === undefined
      ? {}
      : { sampler: oneOf("sampler", values.sampler, samplerNames) }),
    ...(guidance === undefined
      ? {}
      : { guidance_scale: numberIn("guidance-scale", guidance, { minimum: 0, maximum: 20 }) }),
    ...samplingRequest(values),
  };
}

function samplingRequest(values: DrawingValues): SamplingOptions & { eta?: number } {
  const { eta, variance, churn, spacing, rho } = values;
  const rescale = values["guidance-rescale"], interval = values["guidance-interval"];
  const from0 = (name: string, text: string, maximum: number) =>
    numberIn(name, text, { minimum: 0, maximum });
  return {
    ...(eta === undefined ? {} : { eta: from0("eta", eta, 1) }),
    ...(variance === undefined
      ? {}
      : { variance: oneOf("variance", variance, ["small", "large"] as const) }),
    ...(churn === undefined ? {} : { churn: from0("churn", churn, 0.4142) }),
    ...(spacing === undefined ? {} : { spacing: oneOf("spacing", spacing, spacingNames) }),
    ...(rho === undefined ? {} : { rho: from0("rho", rho, 100) }),
    ...(rescale === undefined ? {} : { guidance_rescale: from0("guidance-rescale", rescale, 1) }),
    ...(interval === undefined ? {} : { guidance_interval: intervalOf(interval) }),
  };
}

/** "-5,2" → [-5, 2] */
function intervalOf(text: string): [number, number] {
  const [low, high, ...rest] = text.split(",").map((item) =>
    numberIn("guidance-interval", item, { minimum: -1000, maximum: 1000 })
  );
  if (low !== undefined && high !== undefined && rest.length === 0) return [low, high];
  throw new UserError(`guidance-interval is ${text}, but must be two numbers, such as -5,2`);
}

/** The one run that a command takes: "latest" if none is named. */
export function runNamed(command: string, positionals: readonly string[]): string {
  const [reference = "latest", ...rest] = positionals;
  if (rest.length === 0) return reference;
  throw new UserError(`${command} takes one run, got ${positionals.join(", ")}`);
}

/** Options of held-out pictures that a sample keeps a part of, or starts from. */
export const GIVEN_OPTIONS = {
  keep: { type: "string" },
  strength: { type: "string" },
  pictures: { type: "string" },
  resamples: { type: "string" },
} as const;

export function givenRequest(
  { keep, strength, pictures, resamples }: {
    readonly [Name in keyof typeof GIVEN_OPTIONS]?: string | undefined;
  },
): Pick<SampleRequest, keyof typeof GIVEN_OPTIONS> {
  const bounds = { minimum: 1, maximum: MAX_RESAMPLES, whole: true };
  return {
    ...(keep === undefined ? {} : { keep: oneOf("keep", keep, keptHalves) }),
    ...(strength === undefined
      ? {}
      : { strength: numberIn("strength", strength, { minimum: 0.01, maximum: 1 }) }),
    ...(pictures === undefined
      ? {}
      : { pictures: wholeNumbers("pictures", pictures, 2_147_483_647) }),
    ...(resamples === undefined ? {} : { resamples: numberIn("resamples", resamples, bounds) }),
  };
}

/** "3,7" → [3, 7] */
export function wholeNumbers(name: string, text: string, maximum: number): number[] {
  return text.split(",").map((item) => numberIn(name, item, { minimum: 0, maximum, whole: true }));
}
