/** The options of the commands that draw pictures from a run, and what they ask for. */
import { UserError } from "../../engine/host/mod.ts";
import { numberIn, oneOf } from "./options.ts";

export const DRAWING_OPTIONS = {
  count: { type: "string" },
  sampler: { type: "string" },
  steps: { type: "string" },
  "guidance-scale": { type: "string" },
  seed: { type: "string" },
} as const;

interface DrawingValues {
  readonly count?: string | undefined;
  readonly sampler?: string | undefined;
  readonly steps?: string | undefined;
  readonly "guidance-scale"?: string | undefined;
  readonly seed?: string | undefined;
}

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
      : { sampler: oneOf("sampler", values.sampler, ["ddpm", "ddim"] as const) }),
    ...(guidance === undefined
      ? {}
      : { guidance_scale: numberIn("guidance-scale", guidance, { minimum: 0, maximum: 20 }) }),
  };
}

/** The one run that a command takes: "latest" if none is named. */
export function runNamed(command: string, positionals: readonly string[]): string {
  const [reference = "latest", ...rest] = positionals;
  if (rest.length === 0) return reference;
  throw new UserError(`${command} takes one run, got ${positionals.join(", ")}`);
}
