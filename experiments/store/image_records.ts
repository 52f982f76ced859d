/** Drawing pictures from a run. */
import type { SamplerName, Spacing } from "../../models/diffusion/mod.ts";
import type { PictureFacts } from "./run.ts";

export type { SamplerName };

/** Choices that only some samplers, or only guidance, take; what is left out has its default. */
export interface SamplingOptions {
  /** The variance of ddpm's noise, by default "small". */
  readonly variance?: "small" | "large";
  /** By how much euler and heun raise sigma before each step, 0 (the default) to 0.4142. */
  readonly churn?: number;
  /** How the noise levels lie, by default "trailing". */
  readonly spacing?: Spacing;
  /** Exponent of karras spacing, by default 7. */
  readonly rho?: number;
  /** Takes back contrast that guidance adds: 0 (the default) nothing of it, 1 all. */
  readonly guidance_rescale?: number;
  /** −log SNR above which and up to which guidance applies; everywhere by default. */
  readonly guidance_interval?: readonly [low: number, high: number];
}

/** Held-out pictures to keep a part of, or to start from. */
export interface GivenOptions {
  /** In-painting: the half of each picture that stays as it is, to the bit; the rest is drawn. */
  readonly keep?: KeptHalf;
  /** Image-to-image: the time at which the noised picture is taken up, above 0 (the picture itself)
   * to 1 (noise alone). */
  readonly strength?: number;
  /** In-painting: times that each step is walked, by default 10; more let the halves agree better. */
  readonly resamples?: number;
}
export type KeptHalf = "left" | "right" | "top" | "bottom";

/** What decides how pictures are drawn, with the defaults filled in. */
export interface SamplingChoices extends SamplingOptions {
  readonly sampler: SamplerName;
  /** Steps of the sampler; some ask the network more than once in a step. */
  readonly steps: number;
  readonly guidance_scale: number;
  readonly seed: number;
  /** Part of DDPM's noise; 0 for samplers that have no eta. */
  readonly eta: number;
}

export interface SampleRequest extends SamplingOptions, GivenOptions {
  /** Numbers of held-out pictures for `keep` or `strength`, repeated over the count; by default 0, 1,
   * 2 and so on. */
  readonly pictures?: number | readonly number[];
  /** A run's id, a unique prefix of one, "latest" or "best". */
  readonly run: string;
  /** 1 to 256, by default 20 (8 for a film strip). */
  readonly count?: number;
  readonly sampler?: SamplerName;
  /** Steps of the sampler, 1 to 1000, by default 50. */
  readonly steps?: number;
  /** 0 ignores the classes, 1 (the default) is plain conditional, above 1 sharpens; 0 to 20. */
  readonly guidance_scale?: number;
  /** One class for all pictures, or a list that is repeated over them; by default 0 to 9 in turn, or
   * those of the held-out pictures. */
  readonly class?: number | readonly number[];
  readonly seed?: number;
  /** Noise of ddim (default 0) and euler-ancestral (default 1): 0 is none, 1 is as in DDPM. */
  readonly eta?: number;
  /** Keep what the sampler saw on its way, for about ten of its steps. */
  readonly film_strip?: boolean;
}

/** How a sample was made: the request with its defaults filled in. */
export interface SampleSettings extends SamplingChoices, GivenOptions {
  readonly count: number;
  /** Number of a held-out picture for each picture, where these are kept or started from. */
  readonly pictures?: readonly number[];
  /** One class for each picture; 10, "no class", where guidance_scale is 0. None before held-out
   * pictures are loaded whose classes are to be taken. */
  readonly classes: readonly number[];
  readonly film_strip: boolean;
  /** Asked for by a caller, or made by the trainer on its way. */
  readonly made_by: "request" | "training";
}

export interface Sample {
  /** For example `image-0012-sample-003`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly kind: "contact-sheet" | "film-strip";
  readonly settings: SampleSettings;
  /** Evaluations of the network for each picture; a guided one counts twice. */
  readonly networkEvaluations: number;
  /** Absolute path of the pixels, a safetensors file; pictures drawn from it may be cached beside. */
  readonly path: string;
  /** Seconds of sampling, without start-up and compilation. */
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

/** The pixels of a sample, in [-1, 1]. */
export interface SamplePixels extends PictureFacts {
  readonly count: number;
  /** [count, height, width, channels] */
  readonly images: Float32Array;
  /** Numbers of classes, the number after the last for no class. */
  readonly labels: Int32Array;
  /** The held-out pictures that were kept or started from. */
  readonly given?: GivenPictures;
  /** What the sampler saw on its way, noisiest first; empty unless a film strip was asked for. */
  readonly frames: readonly SampleFrame[];
}
/** Held-out pictures behind a sample, one for each of its pictures. */
export interface GivenPictures {
  /** [count, height, width, channels] */
  readonly images: Float32Array;
  /** Which classes they are of. */
  readonly labels: Int32Array;
  /** 1 where the picture was kept, as `images`; absent where nothing was. */
  readonly mask?: Float32Array;
  /** The classes that the project's classifier sees in what was drawn; absent where it knows none. */
  readonly recognised?: Int32Array;
}
export interface SampleFrame {
  /** Sampler step, 0 is the first. */
  readonly step: number;
  /** Negative log signal-to-noise ratio of `noisy`. */
  readonly gamma: number;
  /** x_t, [count, height, width, channels]. */
  readonly noisy: Float32Array;
  /** The denoiser's answer at x_t, of the same shape. */
  readonly denoised: Float32Array;
}

/** Of a request to evaluate, what runs on images take. */
export interface ImageEvaluateOptions extends SamplingOptions {
  /** As in {@link SampleRequest}. */
  readonly guidance_scale?: number;
  /** As in {@link SampleRequest}. */
  readonly eta?: number;
}

/** How the pictures of an evaluation were drawn: the request with its defaults filled in. */
export interface ImageEvaluationSettings extends SamplingChoices {
  readonly count: number;
}

/**
 * What was measured. All of it is in the 64 features, or the classes, of one classifier, and
 * comparable only between evaluations with the same classifier, data set and count.
 */
export interface ImageEvaluationResults {
  readonly frechet: {
    /** Squared feature units; lower is better. Mean over random draws of as many held-out images. */
    readonly distance: number;
    /** Standard deviation over the draws; the generated pictures are the same in all of them. */
    readonly distanceSd: number;
    /** What other held-out images reach against the same draws: a model can hardly do better. */
    readonly floor: number;
    readonly floorSd: number;
    readonly draws: number;
  };
  /** Share of pictures that are classified as the class that was asked for, 0 to 1, higher is
   * better; null where none was. The classifier itself errs now and then, see its accuracy. */
  readonly accuracy: number | null;
  /** The classifier's mean probability of that class. */
  readonly targetProbability: number | null;
  /** Entropy of the predicted classes in nats; ln 10 = 2.303 if ten are equally frequent. */
  readonly classEntropy: number;
  /** The same of all held-out images. */
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

/** The classifier that judged. */
export interface ClassifierFacts {
  readonly dataset: string;
  /** On the test images of that data set, which is MNIST where MNIST-6k is judged. */
  readonly accuracy: number;
  /** SHA-256 of its weights' file. */
  readonly hash: string;
}
