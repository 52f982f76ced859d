/** What a caller asks of a sampler, checked and with its defaults filled in. */
import { UserError } from "../../engine/host/mod.ts";
import { type SamplerName, samplersWith } from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config.ts";
import { DIGITS, noClassOf } from "../image/pictures.ts";
import type { PictureFacts, SampleRequest, SampleSettings } from "../types.ts";
import { givenSettings, isGiven } from "./given.ts";
import { requireOptions, samplingOptions } from "./options.ts";
import { samplerNames } from "./names.ts";
import { requireWithin } from "./within.ts";

/** Largest number of pictures in one sample. */
export const MAX_COUNT = 256;
export const MAX_SAMPLER_STEPS = 1000;
export const MAX_GUIDANCE = 20;

/** The part of DDPM's noise that samplers add unless told otherwise; the others add none. */
function defaultEta(sampler: SamplerName): number {
  if (sampler === "ddpm") return 1;
  return Number(samplersWith("eta").find(({ name }) => name === sampler)?.default ?? 0);
}

/**
 * The settings for a request to a run with this configuration.
 *
 * @param pictures What the run's pictures are like; by default digits.
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function sampleSettings(
  request: Omit<SampleRequest, "run">,
  config: ImageConfig,
  pictures: Pick<PictureFacts, "classNames"> = DIGITS,
): SampleSettings {
  const film = request.film_strip ?? false;
  const guidance = request.guidance_scale ?? 1;
  const inpainting = request.keep !== undefined;
  const sampler = request.sampler ?? (inpainting ? "ddpm" : "ddim");
  requireWithin("count", request.count ?? 1, 1, MAX_COUNT, true);
  requireWithin("steps", request.steps ?? 1, 1, MAX_SAMPLER_STEPS, true);
  requireWithin("guidance_scale", guidance, 0, MAX_GUIDANCE, false);
  requireWithin("seed", request.seed ?? 0, 0, 2 ** 31 - 1, true);
  if (!samplerNames.includes(sampler)) {
    throw new UserError(
      `sampler is ${JSON.stringify(sampler)}: use one of ${samplerNames.join(", ")}`,
    );
  }
  requireOptions(request, sampler, guidance);
  requireConsistent(request, guidance, config);
  const count = request.count ?? (film ? 8 : 20);
  return {
    count,
    sampler,
    steps: request.steps ?? 50,
    guidance_scale: guidance,
    ...givenSettings(request, count),
    classes: guidance === 0
      ? Array(count).fill(noClassOf(pictures))
      : isGiven(request) && request.class === undefined
      ? []
      : classesFor(request.class, count, pictures.classNames.length),
    seed: request.seed ?? 0,
    eta: request.eta ?? defaultEta(sampler),
    ...samplingOptions(request),
    film_strip: film,
    made_by: "request",
  };
}

function requireConsistent(
  request: Omit<SampleRequest, "run">,
  guidance: number,
  config: ImageConfig,
): void {
  if (guidance === 0 && request.class !== undefined) {
    throw new UserError(
      "class has no effect where guidance_scale is 0: leave it out, or use a guidance_scale of 1",
    );
  }
  if (guidance !== 1 && config.label_dropout === 0) {
    throw new UserError(
      `guidance_scale is ${guidance}, but the run was trained with label_dropout 0 and knows no ` +
        "pictures without a class: use guidance_scale 1, or train with label_dropout 0.1",
    );
  }
}

/** One class for each picture: the given ones in turn. */
function classesFor(
  asked: number | readonly number[] | undefined,
  count: number,
  known: number,
): number[] {
  const classes = asked === undefined
    ? Array.from({ length: known }, (_, i) => i)
    : typeof asked === "number"
    ? [asked]
    : asked;
  if (classes.length === 0) {
    throw new UserError(`class is an empty list: name a class from 0 to ${known - 1}`);
  }
  for (const value of classes) requireWithin("class", value, 0, known - 1, true);
  return Array.from({ length: count }, (_, i) => classes[i % classes.length]!);
}
