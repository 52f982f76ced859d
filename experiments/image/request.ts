/** What a caller asks of a sampler, checked and with its defaults filled in. */
import { UserError } from "../../engine/host/mod.ts";
import {
  isGuided,
  type SamplerName,
  samplerNames,
  samplerOptionFields,
  samplers,
  samplersWith,
  samplingLevels,
  solver,
  spacingNames,
} from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config/mod.ts";
import { DIGITS, noClassOf } from "./pictures.ts";
import { givenSettings, isGiven } from "./held_out.ts";
import { requireWithin } from "../common/within.ts";
import type {
  GivenOptions,
  ImageEvaluationSettings,
  SampleRequest,
  SampleSettings,
  SamplingChoices,
  SamplingOptions,
} from "../store/image_records.ts";
import type { ImageEvaluateRequest } from "../store/evaluations.ts";
import type { PictureFacts } from "../store/run.ts";
import { scheduleOf } from "./objective.ts";

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

function requireOneOf(field: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new UserError(
    `${field} is ${JSON.stringify(value)}, but must be one of ${allowed.join(", ")}`,
  );
}

/** Whether a sampler has the option eta. */
export function hasEta(sampler: SamplerName): boolean {
  return samplersWith("eta").some(({ name }) => name === sampler);
}

/** Names of the options that only some samplers have. */
export const samplerOptionNames = Object.keys(samplerOptionFields) as (
  keyof typeof samplerOptionFields
)[];

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
