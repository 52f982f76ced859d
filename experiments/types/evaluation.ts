/** Measuring the pictures that a run draws. */
import type { SamplerName } from "../../models/diffusion/mod.ts";
import type { SamplingChoices, SamplingOptions } from "./sampling.ts";

export interface EvaluateRequest extends SamplingOptions {
  /** A run's id, a unique prefix of one, "latest" or "best". */
  readonly run: string;
  /** Pictures, 200 to 5000 and at most half of the held-out images; by default 1000. */
  readonly count?: number;
  readonly sampler?: SamplerName;
  /** Steps of the sampler, 1 to 1000, by default 25. */
  readonly steps?: number;
  /** As in {@link SampleRequest}. */
  readonly guidance_scale?: number;
  readonly seed?: number;
  /** As in {@link SampleRequest}. */
  readonly eta?: number;
}

/** How the pictures of an evaluation were drawn: the request with its defaults filled in. */
export interface EvaluationSettings extends SamplingChoices {
  readonly count: number;
}

/**
 * What was measured. All of it is in the 64 features, or the classes, of one digit classifier, and
 * comparable only between evaluations with the same classifier, data set and count.
 */
export interface EvaluationResults {
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
  /** Entropy of the predicted classes in nats; ln 10 = 2.303 if all are equally frequent. */
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

export interface Evaluation {
  /** For example `image-0012-evaluation-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly settings: EvaluationSettings;
  readonly results: EvaluationResults;
  /** Evaluations of the network for each picture; guidance takes two for each step. */
  readonly networkEvaluations: number;
  /** Seconds of drawing all pictures, without start-up and compilation. */
  readonly samplingSeconds: number;
  readonly measuringSeconds: number;
  readonly classifier: {
    readonly dataset: string;
    /** On the data set's test images. */
    readonly accuracy: number;
    /** SHA-256 of its weights' file. */
    readonly hash: string;
  };
  readonly datasetHash: string;
  readonly configHash: string;
  /** Of the evaluating code. */
  readonly codeVersion: string;
  readonly device: string;
  readonly createdAt: string;
}
