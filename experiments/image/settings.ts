/** The settings of sampling and evaluation requests for image runs: defaults and cross-field validation. */
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
import {
  DEFAULT_COUNTS,
  type HeldOutOptions,
  ImageEvaluateRequest,
  type ImageEvaluationSettings,
  optionNames,
  SampleRequest,
  type SampleSettings,
  type SamplingChoices,
  type SamplingOptions,
} from "./requests.ts";
import type { PictureFacts } from "../store/run.ts";
import { DIGITS, heldOutSettings, usesHeldOut } from "./pictures.ts";
import { type ImageConfig, scheduleOf } from "./config.ts";

/** The fields of a sampling request other than its run. */
const Sampling = SampleRequest.omit({ run: true });
/** The fields of an evaluation request other than its run. */
const Evaluating = ImageEvaluateRequest.omit({ run: true });

/** The fields that both requests have. */
type SharedFields = Omit<ReturnType<typeof Evaluating.parse>, "count">;

/**
 * Returns the settings of a sampling request.
 *
 * @param pictures Shape and classes of the images. By default digits.
 * @throws {UserError} If a value is out of range or contradicts another one.
 */
export function sampleSettings(
  input: Omit<SampleRequest, "run">,
  config: ImageConfig,
  pictures: Pick<PictureFacts, "classNames"> = DIGITS,
): SampleSettings {
  const request = parseWith(Sampling, input);
  const { film_strip, count = DEFAULT_COUNTS[film_strip ? "filmStrip" : "sheet"] } = request;
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
    ...heldOutSettings(request, count),
    // The label of "no class" is the number of classes.
    classes: unconditional
      ? Array(count).fill(pictures.classNames.length)
      : usesHeldOut(request) && request.class === undefined
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
 * Returns the settings of an evaluation request.
 *
 * @throws {UserError} If a value is out of range or contradicts another one.
 */
export function evaluationSettings(
  input: Omit<ImageEvaluateRequest, "run">,
  config: ImageConfig,
  pictures: PictureFacts = DIGITS,
): ImageEvaluationSettings {
  const { count = DEFAULT_COUNTS.evaluation, ...request } = parseWith(Evaluating, input);
  requireClasses(pictures, config.dataset);
  const settings = { count, ...choicesOf(request, config, "ddim") };
  levelsFor(config, settings);
  return settings;
}

/** Returns how often the network is evaluated for all images of an evaluation; guided evaluations count twice. */
export function drawnExamples(settings: ImageEvaluationSettings): number {
  const { evaluations } = solver(settings.sampler, ownOptions(settings));
  return settings.count * settings.steps * evaluations *
    (isGuided(settings.guidance_scale) ? 2 : 1);
}

/** Returns the sampling settings, with defaults that depend on other fields. */
function choicesOf(
  request: SharedFields,
  config: ImageConfig,
  usual: SamplerName,
): SamplingChoices {
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

/** Returns the default of `eta`, the share of DDPM's noise that a sampler adds. */
function defaultEta(sampler: SamplerName): number {
  if (sampler === "ddpm") return 1;
  return Number(samplersWith("eta").find(({ name }) => name === sampler)?.default ?? 0);
}

/** Returns one class for each image: the requested classes in turn. */
function classesFor(
  requested: number | readonly number[] | undefined,
  count: number,
  known: number,
): number[] {
  const classes = requested === undefined
    ? Array.from({ length: known }, (_, i) => i)
    : [requested].flat();
  const wrong = classes.find((value) => value >= known);
  if (wrong !== undefined) {
    throw new RefusedValue((name) =>
      `${name("class")} is ${wrong}, but must be a whole number from 0 to ${known - 1}`
    );
  }
  return Array.from({ length: count }, (_, i) => classes[i % classes.length]!);
}

/** Selects the sampling options that are defined. */
export function samplingOptions(values: SamplingOptions): SamplingOptions {
  return Object.fromEntries(
    optionNames.flatMap((name) => values[name] === undefined ? [] : [[name, values[name]]]),
  );
}

/** Selects the options of the sampler. */
export function ownOptions({ sampler, ...settings }: SamplingChoices): SamplingOptions {
  const own = samplers[sampler].options.shape;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name in own));
}

/** @throws {UserError} If an option contradicts another field. */
function requireOptions(request: SharedFields, sampler: SamplerName): void {
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

/** @throws {UserError} If there is only one class, so that no classifier can be trained. */
function requireClasses({ classNames }: PictureFacts, dataset: string): void {
  if (classNames.length >= 2) return;
  throw new UserError(
    `The pictures of ${dataset} are of one class, but they are judged by a classifier of at least ` +
      "2: put them into a subfolder for each class and train a new run, or look at what it samples",
  );
}

/**
 * Returns γ before the first step and after each step; the last value is −∞.
 *
 * @throws {UserError} If the sampler or the spacing does not support a schedule that ends in pure noise.
 */
export function levelsFor(
  config: ImageConfig,
  settings: SamplingChoices & HeldOutOptions,
): number[] {
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
