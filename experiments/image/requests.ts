/** Requests to sample from and to evaluate image runs, and the records of their results. */
import { z } from "zod";
import {
  levelFields,
  samplerNames,
  samplerOptionFields,
  solver,
} from "../../models/diffusion/mod.ts";
import {
  defaulted,
  fieldFacts,
  filmStrip,
  integer,
  optional,
  run,
  samplerSteps,
  seed,
  seedNumber,
} from "../config/fields.ts";
import type { PictureFacts } from "../store/run.ts";
import type { Evaluation, FileSample } from "../store/results.ts";

/** Largest number of pictures in one sample. */
const MAX_COUNT = 256;
/** Smallest number of images in an evaluation. */
export const LEAST_EVALUATED = 200;

/** Default number of times that in-painting repeats each step. */
export const DEFAULT_RESAMPLES = 10;
/** Default number of pictures in a sample, without and with a film strip, and in an evaluation. */
export const DEFAULT_COUNTS = { sheet: 20, filmStrip: 8, evaluation: 1000 } as const;

/** In-painting: the halves of an image that can be kept. */
const keptHalves = ["left", "right", "top", "bottom"] as const;
export type KeptHalf = typeof keptHalves[number];

const negativeLogSnr = z.number().min(-1000).max(1000);

/** Options of some samplers or of guidance. */
const optionFields = {
  ...samplerOptionFields,
  ...levelFields,
  guidance_rescale: optional(
    z.number().min(0).max(1),
    "Share by which the contrast that guidance adds is removed",
    "0",
  ),
  guidance_interval: z.tuple([negativeLogSnr, negativeLogSnr]).optional().describe(
    "[low, high]: guidance applies only where -log SNR is between them, -1000 to 1000 (default everywhere)",
  ),
};

for (const field of Object.values(optionFields)) fieldFacts.add(field, { rare: true });

/** Names of the options of some samplers or of guidance. */
export const optionNames = Object.keys(optionFields) as (keyof typeof optionFields)[];

const guidanceScale = z.number().min(0).max(20);

export const SampleRequest = z.strictObject({
  run,
  count: optional(
    integer(1, MAX_COUNT),
    "Pictures",
    `${DEFAULT_COUNTS.sheet}; ${DEFAULT_COUNTS.filmStrip} for a film strip`,
  ),
  sampler: optional(z.enum(samplerNames), describedSamplers(), "ddim; ddpm for in-painting"),
  steps: defaulted(samplerSteps, "Sampler steps", 50),
  guidance_scale: defaulted(
    guidanceScale,
    "Classifier-free guidance: 0 is unconditional, 1 conditional, above 1 makes classes clearer and " +
      "pictures less varied",
    1,
  ),
  class: oneOrMore(integer(0, 999)).optional().describe(
    "Class to draw, from 0, or a list that is repeated (default all classes in turn, or those of the " +
      "held-out pictures)",
  ),
  seed,
  ...optionFields,
  keep: optional(
    z.enum(keptHalves),
    "In-painting: half of the held-out pictures that is kept; the rest is drawn",
    "none",
  ),
  strength: optional(
    z.number().min(0.01).max(1),
    "Image-to-image: held-out pictures (with keep, their other half) are noised to this time t",
    "none",
  ),
  pictures: oneOrMore(seedNumber).optional().describe(
    "For keep and strength: index of the held-out picture, or a list (default 0, 1, 2, ...)",
  ).register(fieldFacts, { rare: true }),
  resamples: optional(
    integer(1, 50),
    "In-painting: times that each step is repeated (RePaint)",
    String(DEFAULT_RESAMPLES),
  )
    .register(fieldFacts, { rare: true }),
  film_strip: filmStrip,
});
export type SampleRequest = z.input<typeof SampleRequest>;

export const ImageEvaluateRequest = z.strictObject({
  run,
  count: optional(
    integer(LEAST_EVALUATED, 5000),
    "Pictures, at most half of the test images",
    `${DEFAULT_COUNTS.evaluation}, or half of a small test set`,
  ),
  sampler: optional(z.enum(samplerNames), "Sampler", "ddim"),
  steps: defaulted(samplerSteps, "Sampler steps", 25),
  guidance_scale: defaulted(guidanceScale, "Classifier-free guidance, as in sample", 1),
  seed,
  ...optionFields,
});
export type ImageEvaluateRequest = z.input<typeof ImageEvaluateRequest>;

/** Declares one value for all images, or a list that is repeated. */
function oneOrMore(schema: z.ZodNumber) {
  return z.union([schema, z.array(schema).min(1).max(MAX_COUNT)]);
}

/** Describes which samplers are stochastic, of second order, or evaluate the network twice in a step. */
function describedSamplers(): string {
  const solvers = samplerNames.map((name) => solver(name));
  const names = (chosen: typeof solvers) => chosen.map(({ name }) => name).join(", ");
  return `Sampler: ${names(solvers.filter(({ stochastic }) => stochastic))} add noise in every ` +
    `step; ${names(solvers.filter(({ order }) => order === 2))} are of second order; ` +
    `${names(solvers.filter(({ evaluations }) => evaluations === 2))} evaluate the network twice ` +
    "in a step";
}

type SampleFields = z.output<typeof SampleRequest>;

/** Options of some samplers or of guidance; missing ones have their default. */
export type SamplingOptions = Readonly<Pick<SampleFields, keyof typeof optionFields>>;

/** Options of in-painting and image-to-image. */
export type HeldOutOptions = Readonly<Pick<SampleFields, "keep" | "strength" | "resamples">>;

/** Sampling settings with defaults filled in. */
export type SamplingChoices =
  & SamplingOptions
  & Readonly<Pick<SampleFields, "steps" | "guidance_scale" | "seed">>
  & { readonly [Field in "sampler" | "eta"]-?: NonNullable<SampleFields[Field]> };

/** Settings of a sample: the request with defaults filled in. */
export type SampleSettings = SamplingChoices & HeldOutOptions & {
  readonly count: number;
  /** Index of a held-out image for each image, for in-painting and image-to-image. */
  readonly pictures?: readonly number[] | undefined;
  /** The data set of the held-out images, where it is not that of the run but a part of it in the repository. */
  readonly pictures_of?: string | undefined;
  /** One class for each image; 10, "no class", if guidance_scale is 0. Empty until held-out images whose classes
   * are used have been loaded. */
  readonly classes: readonly number[];
  readonly film_strip: boolean;
  /** Whether it was requested by a caller, or made during training. */
  readonly made_by: "request" | "training";
};

/** Settings of an evaluation: the request with defaults filled in. */
export type ImageEvaluationSettings = SamplingChoices & { readonly count: number };

/** A sample of pictures; its file has the pixels. */
export interface Sample extends FileSample {
  readonly settings: SampleSettings;
}

/** The pixels of a sample, in [-1, 1]. */
export interface SamplePixels extends PictureFacts {
  readonly count: number;
  /** [count, height, width, channels] */
  readonly images: Float32Array;
  /** Class indices; the number of classes stands for "no class". */
  readonly labels: Int32Array;
  /** The held-out images of in-painting or image-to-image. */
  readonly heldOut?: HeldOutPictures | undefined;
  /** Intermediate states, highest noise level first; empty unless a film strip was requested. */
  readonly frames: readonly SampleFrame[];
}

/** The held-out images of a sample, one for each image. */
export interface HeldOutPictures {
  /** [count, height, width, channels] */
  readonly images: Float32Array;
  /** Their classes. */
  readonly labels: Int32Array;
  /** 1 where the image was kept, shaped like `images`; undefined without in-painting. */
  readonly mask?: Float32Array | undefined;
  /** The classes that the classifier assigns to the samples; undefined without a classifier. */
  readonly recognised?: Int32Array | undefined;
}

export interface SampleFrame {
  /** Sampler step, 0 is the first. */
  readonly step: number;
  /** Negative log signal-to-noise ratio of `noisy`. */
  readonly gamma: number;
  /** x_t, [count, height, width, channels]. */
  readonly noisy: Float32Array;
  /** The denoised estimate at x_t, of the same shape. */
  readonly denoised: Float32Array;
}

/**
 * Results of an evaluation, computed from the 64 features and the classes of a classifier. They are comparable only
 * between evaluations with the same classifier, data set and count.
 */
export interface ImageEvaluationResults {
  readonly frechet: {
    /** Squared feature units; lower is better. Mean over random draws of as many held-out images. */
    readonly distance: number;
    /** Standard deviation over the draws; the generated pictures are the same in all of them. */
    readonly distanceSd: number;
    /** The distance of other held-out images from the same draws, a floor for models. */
    readonly floor: number;
    readonly floorSd: number;
    readonly draws: number;
  };
  /** Share of pictures that are classified as the class that was asked for, 0 to 1, higher is
   * better; null where none was. The classifier itself errs now and then, see its accuracy. */
  readonly accuracy: number | null;
  /** The classifier's mean probability of that class. */
  readonly targetProbability: number | null;
  /** Entropy of the predicted classes in nats (ln 10 = 2.303 for ten equally frequent classes). */
  readonly classEntropy: number;
  /** The entropy for all held-out images. */
  readonly realClassEntropy: number;
  /** Share of each predicted class. */
  readonly classShares: readonly number[];
  /** Share of pictures among real ones, 0 to 1, higher is better (Kynkäänniemi et al. 2019, k = 3). */
  readonly precision: number;
  /** Share of real images among generated ones, 0 to 1, higher is better. */
  readonly recall: number;
  /** Precision and recall that other held-out images reach. */
  readonly real: { readonly precision: number; readonly recall: number };
  /** Euclidean distance to the nearest training image over pixels in [−1, 1]. Much less than real
   * held-out images have means that training images were learnt by heart. */
  readonly nearestTraining: {
    readonly median: number;
    readonly realMedian: number;
    /** Share of pictures nearer than the nearest hundredth of held-out images: 0.01 is expected. */
    readonly copies: number;
  };
}

/** The classifier of an evaluation. */
export interface ClassifierFacts {
  readonly dataset: string;
  /** Accuracy on the test images of its data set, which is MNIST for MNIST-6k. */
  readonly accuracy: number;
  /** SHA-256 of the file of its weights. */
  readonly hash: string;
}

export interface ImageEvaluation extends Evaluation {
  readonly modality: "image";
  readonly settings: ImageEvaluationSettings;
  readonly results: ImageEvaluationResults;
  readonly classifier: ClassifierFacts;
}
