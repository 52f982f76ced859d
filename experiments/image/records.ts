/** Records of samples and evaluations of image runs. */
import type { ImageEvaluationSettings, SampleSettings } from "./requests.ts";
import type { PictureFacts } from "../store/run.ts";
import type { Evaluation, FileSample } from "../store/results.ts";

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
