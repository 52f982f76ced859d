/** Records of samples and evaluations of each modality. */
import type { SampleSettings } from "../requests/image.ts";
import type { PictureFacts } from "./run.ts";
import type { TextComparison, TextStatistics } from "../../models/text/mod.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { WriteSettings } from "../requests/text.ts";

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

/** A sample of generated texts. */
export interface TextSample {
  /** For example `text-0003-sample-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly settings: WriteSettings;
  /** The texts, including the prompt. */
  readonly texts: readonly string[];
  /** Of what was written, without prompt and template, beside real text and the samples of a 5-gram
   * model of the same lengths. Null where the text that the run learnt from was not at hand. */
  readonly statistics: TextComparison | null;
  /** Intermediate states, highest noise level first in every block; empty unless requested. */
  readonly frames: readonly TextSampleFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

export interface TextSampleFrame {
  /** Negative log signal-to-noise ratio; null for masked diffusion. */
  readonly gamma: number | null;
  /** For masked diffusion: mean share of the characters to generate that are still masked. */
  readonly masked?: number | undefined;
  /** Start of the block in the first text, in characters. */
  readonly start: number;
  /** The likeliest characters of the block in each text; underscores where masked. */
  readonly texts: readonly string[];
  /** Probability of the token that each of these characters is of, or of the likeliest one behind a
   * mask. */
  readonly confidence: readonly (readonly number[])[];
}

/** The likelihood of held-out text, or its bound, for a block size, in nats per character. */
export interface MeasuredBound extends LikelihoodBound {
  /** Block size in tokens; 1 is autoregressive, with an exact likelihood. */
  readonly blockSize: number;
  /** Number of sampling steps of the bound; null for continuous time. */
  readonly steps: number | null;
}

/** Baselines: interpolated Witten–Bell n-gram models of the training text. */
export interface TextBaselines {
  /** Nats per character of the uniform distribution: the logarithm of the vocabulary size. */
  readonly uniform: number;
  /** Nats per character of the held-out text under 1-grams, 2-grams, and so on. */
  readonly ngrams: readonly number[];
}

/** A value with the standard deviation over sets of the same size. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** Names of the numeric statistics. */
export type StatisticName = Exclude<
  keyof TextStatistics,
  "samples" | "characters" | "topCharacter" | "longestCopyText"
>;

/** Statistics of generated texts and of held-out texts of the same number and length. */
export interface WrittenResults {
  readonly written: TextStatistics;
  /** Statistics of {@link sets} sets of held-out windows; null if the text is too short. */
  readonly real: Readonly<Record<StatisticName, Spread | null>> | null;
  readonly sets: number;
  /** Statistics of samples of a 5-gram model. */
  readonly ngrams: TextStatistics;
  /** Nats per character under the autoregressive head of the run; null if it has none. */
  readonly ownNats: {
    readonly written: number;
    /** Value of the held-out sets; null if `real` is null. */
    readonly real: Spread | null;
  } | null;
  /** The first texts. */
  readonly texts: readonly string[];
}

export interface TextEvaluationResults {
  /** Bounds by ascending block size; for each, continuous time first, then finite numbers of steps. */
  readonly bounds: readonly MeasuredBound[];
  readonly baselines: TextBaselines;
  readonly texts: WrittenResults;
}
