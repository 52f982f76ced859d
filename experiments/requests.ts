/** Which runs take which fields of a request to evaluate. */
import { UserError } from "../engine/host/mod.ts";
import type { EvaluateRequest } from "./store/evaluations.ts";
import type { ImageEvaluateOptions } from "./store/image_records.ts";
import type { Run } from "./store/run.ts";
import type { TextEvaluateOptions } from "./store/text_records.ts";

const OF_IMAGES: Readonly<Record<keyof ImageEvaluateOptions, true>> = {
  guidance_scale: true,
  eta: true,
  variance: true,
  churn: true,
  spacing: true,
  rho: true,
  guidance_rescale: true,
  guidance_interval: true,
};
const OF_TEXT: Readonly<Record<keyof TextEvaluateOptions, true>> = {
  mode: true,
  length: true,
  block_size: true,
  temperature: true,
  top_p: true,
  diffusion_weight: true,
  revise_share: true,
  rounds: true,
  draws: true,
  bound_steps: true,
};

/** @throws {UserError} If a field is for runs of the other modality. */
export function requireFieldsOf(run: Run, request: Omit<EvaluateRequest, "run">): void {
  const ofText = run.config.modality === "text";
  const foreign: Readonly<Record<string, true>> = ofText ? OF_IMAGES : OF_TEXT;
  const wrong = Object.entries(request)
    .filter(([field, value]) => value !== undefined && Object.hasOwn(foreign, field))
    .map(([field]) => field);
  if (wrong.length === 0) return;
  throw new UserError(
    `${run.id} is a run on ${ofText ? "text" : "images"}, which takes no ${wrong.join(", ")}: ` +
      `leave ${wrong.length > 1 ? "them" : "it"} out`,
  );
}
