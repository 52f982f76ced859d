/** From a request to a run on images to its settings: the defaults, and what no single field says. */
import { parseWith, RefusedValue, UserError } from "../../engine/host/mod.ts";
import {
  isGuided,
  type SamplerName,
  samplerOptionFields,
  samplers,
  samplersWith,
  samplingLevels,
  solver,
} from "../../models/diffusion/mod.ts";
import type { ImageConfig } from "../config/mod.ts";
import {
  type GivenOptions,
  ImageEvaluateRequest,
  type ImageEvaluationSettings,
  optionNames,
  SampleRequest,
  type SampleSettings,
  type SamplingChoices,
  type SamplingOptions,
} from "../requests/image.ts";
import type { PictureFacts } from "../store/run.ts";
import { givenSettings, isGiven } from "./held_out.ts";
import { scheduleOf } from "./objective.ts";
import { DIGITS, noClassOf } from "./pictures.ts";

/** What a request to sample says beside its run. */
const Sampling = SampleRequest.omit({ run: true });
/** What a request to evaluate says beside its run. */
const Evaluating = ImageEvaluateRequest.omit({ run: true });

/** What both ask for. */
type Asked = Omit<ReturnType<typeof Evaluating.parse>, "count">;

/**
 * The settings for a request to a run with this configuration.
 *
 * @param pictures What the run's pictures are like; by default digits.
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function sampleSettings(
  given: Omit<SampleRequest, "run">,
  config: ImageConfig,
  pictures: Pick<PictureFacts, "classNames"> = DIGITS,
): SampleSettings {
  const request = parseWith(Sampling, given);
  const { film_strip, count = film_strip ? 8 : 20 } = request;
  const choices = choicesOf(request, config, request.keep === undefined ? "ddim" : "ddpm");
  const { sampler, steps, guidance_scale, ...others } = choices;
  const unconditional = guidance_scale === 0;
  if (unconditional && request.class !== undefined) {
    throw new RefusedValue((name) =>
      `${name("class")} has no effect where ${
        name("guidance_scale")
      } is 0: leave it out, or use a ` +
      `${name("guidance_scale")} of 1`
    );
  }
  const settings: SampleSettings = {
    count,
    sampler,
    steps,
    guidance_scale,
    ...givenSettings(request, count),
    classes: unconditional
      ? Array(count).fill(noClassOf(pictures))
      : isGiven(request) && request.class === undefined
      ? []
      : classesFor(request.class, count, pictures.classNames.length),
    ...others,
    film_strip,
    made_by: "request",
  };
  levelsFor(config, settings);
  return settings;
}

/**
 * The settings for a request to a run with this configuration.
 *
 * @throws {UserError} If a value is out of its range, or does not go with another one.
 */
export function evaluationSettings(
  given: Omit<ImageEvaluateRequest, "run">,
  config: ImageConfig,
  pictures: PictureFacts = DIGITS,
): ImageEvaluationSettings {
  const { count = 1000, ...request } = parseWith(Evaluating, given);
  requireClasses(pictures, config.dataset);
  const settings = { count, ...choicesOf(request, config, "ddim") };
  levelsFor(config, settings);
  return settings;
}

/** How pictures are drawn, with the defaults that depend on something else. */
function choicesOf(request: Asked, config: ImageConfig, usual: SamplerName): SamplingChoices {
  const { sampler = usual, steps, guidance_scale, seed } = request;
  const { eta = defaultEta(sampler), ...options } = samplingOptions(request);
  requireOptions(request, sampler);
  if (guidance_scale !== 1 && config.label_dropout === 0) {
    throw new RefusedValue((name) =>
      `${
        name("guidance_scale")
      } is ${guidance_scale}, but the run was trained with label_dropout 0 ` +
      `and knows no pictures without a class: use ${name("guidance_scale")} 1, or train with ` +
      "label_dropout 0.1"
    );
  }
  return { sampler, steps, guidance_scale, seed, eta, ...options };
}

/** The part of DDPM's noise that samplers add unless told otherwise; the others add none. */
function defaultEta(sampler: SamplerName): number {
  if (sampler === "ddpm") return 1;
  return Number(samplersWith("eta").find(({ name }) => name === sampler)?.default ?? 0);
}

/** One class for each picture: the given ones in turn. */
function classesFor(
  asked: number | readonly number[] | undefined,
  count: number,
  known: number,
): number[] {
  const classes = asked === undefined ? Array.from({ length: known }, (_, i) => i) : [asked].flat();
  const wrong = classes.find((value) => value >= known);
  if (wrong !== undefined) {
    throw new RefusedValue((name) =>
      `${name("class")} is ${wrong}, but must be a whole number from 0 to ${known - 1}`
    );
  }
  return Array.from({ length: count }, (_, i) => classes[i % classes.length]!);
}

/** The options among these values that are given. */
export function samplingOptions(values: SamplingOptions): SamplingOptions {
  return Object.fromEntries(
    optionNames.flatMap((name) => values[name] === undefined ? [] : [[name, values[name]]]),
  );
}

/** The options that the settings' sampler has. */
export function ownOptions({ sampler, ...settings }: SamplingChoices): SamplingOptions {
  const own = samplers[sampler].options.shape;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name in own));
}

/** @throws {UserError} If an option does not go with what it is beside. */
function requireOptions(request: Asked, sampler: SamplerName): void {
  const options = Object.fromEntries(
    Object.entries(request).filter(([name]) => samplerOptionNames.includes(name)),
  );
  solver(sampler, options);
  const { guidance_scale, guidance_rescale, guidance_interval } = request;
  if ((guidance_rescale || guidance_interval) && !isGuided(guidance_scale)) {
    throw new RefusedValue((name) =>
      `${name(guidance_interval ? "guidance_interval" : "guidance_rescale")} has no effect where ` +
      `${name("guidance_scale")} is ${guidance_scale}: leave it out, or use a ` +
      `${name("guidance_scale")} such as 2`
    );
  }
  if (guidance_interval && guidance_interval[0] >= guidance_interval[1]) {
    throw new RefusedValue((name) =>
      `${name("guidance_interval")} is ${
        JSON.stringify(guidance_interval)
      }, but must be two values ` +
      "of -log SNR, the lower first, such as [-5, 2]"
    );
  }
}

const samplerOptionNames: readonly string[] = Object.keys(samplerOptionFields);

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
    throw new RefusedValue((name) =>
      `${
        name("sampler")
      } is "${sampler}", but the run's schedule "${config.schedule}" ends in pure ` +
      `noise, where ${sampler}'s sigma is infinite: use "flow-heun", "euler" or "dpmpp-2m"`
    );
  }
  return levels;
}
