/** What the store keeps of samples and evaluations, as records of each modality. */
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
  /** Numbers of classes, the number after the last for no class. */
  readonly labels: Int32Array;
  /** The held-out pictures that were kept or started from. */
  readonly heldOut?: HeldOutPictures | undefined;
  /** What the sampler saw on its way, noisiest first; empty unless a film strip was asked for. */
  readonly frames: readonly SampleFrame[];
}
/** Held-out pictures behind a sample, one for each of its pictures. */
export interface HeldOutPictures {
  /** [count, height, width, channels] */
  readonly images: Float32Array;
  /** Which classes they are of. */
  readonly labels: Int32Array;
  /** 1 where the picture was kept, as `images`; absent where nothing was. */
  readonly mask?: Float32Array | undefined;
  /** The classes that the project's classifier sees in what was drawn; absent where it knows none. */
  readonly recognised?: Int32Array | undefined;
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

/** Texts that a run wrote. */
export interface TextSample {
  /** For example `text-0003-sample-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly settings: WriteSettings;
  /** With the prompt. */
  readonly texts: readonly string[];
  /** Of what was written, without prompt and template, beside real text and the samples of a 5-gram
   * model of the same lengths. Null where the text that the run learnt from was not at hand. */
  readonly statistics: TextComparison | null;
  /** What the network thought on the way, noisiest first in every block; empty unless asked for. */
  readonly frames: readonly TextSampleFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

export interface TextSampleFrame {
  /** Negative log signal-to-noise ratio; null where characters are masked, not noised. */
  readonly gamma: number | null;
  /** Share of the characters to write that is masked on average, where they are. */
  readonly masked?: number | undefined;
  /** Where the block stands in the first text, in characters. */
  readonly start: number;
  /** The likeliest characters of the block in each text, an underscore where masked. */
  readonly texts: readonly string[];
  /** Probability of the token that each of these characters is of, or of the likeliest one behind a
   * mask. */
  readonly confidence: readonly (readonly number[])[];
}

/** The likelihood of held-out text, or its bound, with one size of blocks; nats per character. */
export interface MeasuredBound extends LikelihoodBound {
  /** Tokens written at once; 1 is left to right, where their likelihood is exact. */
  readonly blockSize: number;
  /** Steps of the walk through the noise levels whose bound it is; null for infinitely many. */
  readonly steps: number | null;
}

/** What needs no network: interpolated Witten–Bell n-gram models of the training text. */
export interface TextBaselines {
  /** The logarithm of the vocabulary's size. */
  readonly uniform: number;
  /** Nats per character of the held-out text under 1-grams, 2-grams, and so on. */
  readonly ngrams: readonly number[];
}

/** A value with the standard deviation over sets of the same size. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** Names of the numbers among the statistics. */
export type StatisticName = Exclude<
  keyof TextStatistics,
  "samples" | "characters" | "topCharacter" | "longestCopyText"
>;

/** Written texts beside held-out ones of the same number and length. */
export interface WrittenResults {
  readonly written: TextStatistics;
  /** The same of {@link sets} sets of held-out windows; null where the text is too short for one. */
  readonly real: Readonly<Record<StatisticName, Spread | null>> | null;
  readonly sets: number;
  /** The same of a 5-gram model's samples. */
  readonly ngrams: TextStatistics;
  /** Nats per character under the run's own reading from left to right; null where it has none. */
  readonly ownNats: {
    readonly written: number;
    /** Of the held-out sets; null as `real` is. */
    readonly real: Spread | null;
  } | null;
  /** The first of the texts, to look at. */
  readonly texts: readonly string[];
}

export interface TextEvaluationResults {
  /** By rising block size; for each the bound itself first, then those of finite walks. */
  readonly bounds: readonly MeasuredBound[];
  readonly baselines: TextBaselines;
  readonly texts: WrittenResults;
}
