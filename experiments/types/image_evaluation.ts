/** Measuring the pictures that a run draws. */
import type { SamplingChoices, SamplingOptions } from "./sampling.ts";

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
