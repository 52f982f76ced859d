/** Everything that tools, the command line and the pages may ask of the laboratory. */
import type { SamplerName, Spacing } from "../models/diffusion/mod.ts";
import type { GenerationMode, TextComparison } from "../models/text/mod.ts";
import type { DeviceName } from "../engine/mod.ts";
import type { ConfigGrid, ConfigOverrides, ImageConfig, PresetName, RunConfig } from "./config.ts";

/**
 * Where a run stands: `queued` waits for the worker, `running` has a living worker, `finished` did
 * all its steps, `stopped` was asked to stop (a checkpoint was kept), `interrupted` lost its worker
 * (resume goes on from the last checkpoint), `failed` met an error.
 */
export type RunStatus = "queued" | "running" | "finished" | "stopped" | "interrupted" | "failed";
export const RUN_STATUSES = [
  "queued",
  "running",
  "finished",
  "stopped",
  "interrupted",
  "failed",
] as const satisfies readonly RunStatus[];

/** One training run. Times are ISO 8601 strings in UTC. */
export interface Run {
  /** For example `image-0012`. */
  readonly id: string;
  readonly status: RunStatus;
  /** A running run that was asked to stop and has not yet done so. */
  readonly stopRequested: boolean;
  /** What the worker is doing now ("downloading mnist", "compiling", "training"), null unless running. */
  readonly activity: string | null;
  readonly config: RunConfig;
  readonly configHash: string;
  /** Equal for runs that differ only in their seed (and in how often they record). */
  readonly groupHash: string;
  /** Commit of the code that trained it, with "-dirty" where it had changes; else the version. */
  readonly codeVersion: string;
  /** SHA-256 of the data set's contents, once it was loaded. */
  readonly datasetHash: string | null;
  readonly device: string | null;
  readonly parameterCount: number | null;
  /** Replicas the batch was cut into: part of what makes a run repeatable bit for bit. */
  readonly replicas: number | null;
  /** For text, nats per character of a bigram model: one that is not below it has learnt nothing of
   * what a context tells. For images, the denoising error, on the same images and noise levels, of
   * the best that each pixel can do by itself: the linear estimate from its own noisy value, its mean and its variance over the training
   * images. A model that is not below it has learnt nothing of the images' structure. */
  readonly trivialMse: number | null;
  /** What its pictures are like; null until its data was loaded, and for text. */
  readonly pictures: PictureFacts | null;
  readonly sweepId: string | null;
  readonly label: string | null;
  /** Steps done, and steps to do. */
  readonly step: number;
  readonly steps: number;
  /** Step of the newest checkpoint; null before the first. */
  readonly checkpointStep: number | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: string | null;
  /** Seconds until it ends at its present speed; null unless it is running and has a speed. */
  readonly etaSeconds: number | null;
  /** The newest value of each metric. */
  readonly latest: Readonly<Partial<Record<MetricName, number>>>;
}

/** Shape and classes of pictures. */
export interface PictureFacts {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** What people call the classes, in the order of their numbers. */
  readonly classNames: readonly string[];
}

/** Names of the stored metrics; those from validation use the EMA weights. */
export type MetricName =
  | "loss"
  | "learning_rate"
  | "gradient_norm"
  | "images_per_second"
  | "validation_loss"
  | "denoising_mse"
  | "denoising_mse_q0"
  | "denoising_mse_q1"
  | "denoising_mse_q2"
  | "denoising_mse_q3"
  | "nats_per_character"
  | "nats_standard_error"
  | "nats_block_1"
  | "nats_block_4"
  | "nats_block_16"
  | "nats_block_64"
  | "nats_block_full"
  | "nats_block_1_error"
  | "nats_block_4_error"
  | "nats_block_16_error"
  | "nats_block_64_error"
  | "nats_block_full_error"
  | "reconstruction_nats"
  | "diffusion_nats"
  | "prior_nats"
  | "train_nats"
  | "cross_entropy_q0"
  | "cross_entropy_q1"
  | "cross_entropy_q2"
  | "cross_entropy_q3"
  | "prior_cross_entropy_q0"
  | "prior_cross_entropy_q1"
  | "prior_cross_entropy_q2"
  | "prior_cross_entropy_q3"
  | "embedding_norm"
  | "embedding_rank"
  | "embedding_accuracy"
  | "windows_per_second"
  | "shuffled_gap"
  | "rounding_nats"
  | "informative_share";
export const METRIC_NAMES = [
  "loss",
  "learning_rate",
  "gradient_norm",
  "images_per_second",
  "validation_loss",
  "denoising_mse",
  "denoising_mse_q0",
  "denoising_mse_q1",
  "denoising_mse_q2",
  "denoising_mse_q3",
  "nats_per_character",
  "nats_standard_error",
  "nats_block_1",
  "nats_block_4",
  "nats_block_16",
  "nats_block_64",
  "nats_block_full",
  "nats_block_1_error",
  "nats_block_4_error",
  "nats_block_16_error",
  "nats_block_64_error",
  "nats_block_full_error",
  "reconstruction_nats",
  "diffusion_nats",
  "prior_nats",
  "train_nats",
  "cross_entropy_q0",
  "cross_entropy_q1",
  "cross_entropy_q2",
  "cross_entropy_q3",
  "prior_cross_entropy_q0",
  "prior_cross_entropy_q1",
  "prior_cross_entropy_q2",
  "prior_cross_entropy_q3",
  "embedding_norm",
  "embedding_rank",
  "embedding_accuracy",
  "windows_per_second",
  "shuffled_gap",
  "rounding_nats",
  "informative_share",
] as const satisfies readonly MetricName[];

export interface MetricPoint {
  readonly step: number;
  readonly value: number;
}
export type Curves = Readonly<Partial<Record<MetricName, readonly MetricPoint[]>>>;

export interface TrainRequest {
  readonly preset: PresetName;
  readonly overrides?: ConfigOverrides;
  /** Lists of values of which every combination is run. */
  readonly grid?: ConfigGrid;
  /** Each combination is run once for each of these. */
  readonly seeds?: readonly number[];
  /** A few words on what the run or sweep is for. */
  readonly label?: string;
}
export interface TrainAnswer {
  readonly runs: readonly Run[];
  /** For example `sweep-0003`; null for a single run. */
  readonly sweepId: string | null;
}

export interface RunFilter {
  readonly status?: RunStatus;
  readonly sweepId?: string;
  /** 1 to 1000, by default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface WatchProgress {
  readonly runs: readonly Run[];
  /** Steps done and to do, over all watched runs. */
  readonly done: number;
  readonly total: number;
  /** One line for people: what runs, its loss, how long it will take. */
  readonly message: string;
}
export interface WatchOptions {
  readonly timeoutSeconds: number;
  /** Called at once, then whenever something changed but at most every `everySeconds`. */
  readonly onProgress?: (progress: WatchProgress) => void;
  /** By default 3. */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal;
}

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

export interface WriteRequest {
  /** A run's id, a unique prefix of one, "latest" or "best". */
  readonly run: string;
  /** By default what the run's method does; infill where a template is given. */
  readonly mode?: GenerationMode;
  /** Texts, 1 to 16, by default 3. */
  readonly count?: number;
  /** Characters to write after the prompt, 1 to 2000; by default what fits a window for diffusion,
   * two windows otherwise. */
  readonly length?: number;
  /** Text to continue, in characters of the run's vocabulary; empty by default. */
  readonly prompt?: string;
  /** Text with an underscore for every character to fill in. */
  readonly template?: string;
  /** Characters written together, 1 to the run's context, by default 16. */
  readonly block_size?: number;
  readonly sampler?: SamplerName;
  /** Steps through the noise levels for every block, 1 to 1000, by default 64. */
  readonly steps?: number;
  /** 0 (the likeliest character) to 5, by default 0.9. */
  readonly temperature?: number;
  /** Share of the probability that is drawn from, 0.01 to 1 (the default). */
  readonly top_p?: number;
  /** For guided: weight of diffusion against reading, 0 to 1, by default 0.5. */
  readonly diffusion_weight?: number;
  /** For revised: share of characters that each round writes again, by default 0.2. */
  readonly revise_share?: number;
  /** For revised: 1 to 10, by default 2. */
  readonly rounds?: number;
  readonly seed?: number;
  readonly film_strip?: boolean;
}

/** How a text was written: the request with its defaults filled in. */
export type WriteSettings = Required<Omit<WriteRequest, "run" | "template">> & {
  readonly template: string | null;
  /** Asked for by a caller (as where it is absent), or made by the trainer on its way. */
  readonly made_by?: "request" | "training";
};

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
   * model of the same lengths. */
  readonly statistics: TextComparison;
  /** What the network thought on the way, noisiest first in every block; empty unless asked for. */
  readonly frames: readonly TextSampleFrame[];
  /** Evaluations of the network for each text. */
  readonly networkEvaluations: number;
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

export interface TextSampleFrame {
  /** Negative log signal-to-noise ratio. */
  readonly gamma: number;
  /** Where the block stands in the text, in characters. */
  readonly start: number;
  /** The likeliest characters of the block in each text. */
  readonly texts: readonly string[];
  /** Probability of each of these characters. */
  readonly confidence: readonly (readonly number[])[];
}

/** How far a process of its own is with a sample or an evaluation. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}
export type SampleProgress = JobProgress;

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

export interface Verdict {
  readonly level: "good" | "caution" | "bad";
  readonly text: string;
}

/** Signal and noise at one time of a schedule; SNR = exp(-gamma). */
export interface SchedulePoint {
  readonly t: number;
  readonly gamma: number;
  readonly alpha: number;
  readonly sigma: number;
  readonly snr: number;
}
/** A line as the likeliest characters behind its noisy embeddings, each with its probability. */
export interface NoisyLine {
  readonly text: string;
  readonly confidence: readonly number[];
}
export interface ScheduleFacts {
  readonly name: string;
  readonly description: string;
  /** Evenly spaced times from 0 to 1, both included. */
  readonly curve: readonly SchedulePoint[];
  readonly start: SchedulePoint;
  readonly end: SchedulePoint;
  /** The part of the signal left at t = 1: alpha, which the papers write as the root of alpha-bar_T. */
  readonly leftoverSignal: number;
  readonly terminal: Verdict;
  /** Where the best linear estimate of each pixel from its own noisy value (its mean and variance
   * being known) recovers half of the data's variance. */
  readonly halfInformation: SchedulePoint;
  /** Shares of training times, by what that estimate recovers: above 95 %, between, below 5 %. */
  readonly shares: {
    readonly nearlyClean: number;
    readonly informative: number;
    readonly nearlyNoise: number;
  };
  /** The same of a line of verse: what each character's own noisy embedding tells of it. */
  readonly verse: {
    readonly halfInformation: SchedulePoint;
    readonly shares: ScheduleFacts["shares"];
    /** What the noisiest embedding still tells: the prior term of the bound, in nats per character. */
    readonly priorNats: number;
  };
  /** The forward process on the digit and on the line: the same noise at every time. */
  readonly forward: readonly {
    readonly point: SchedulePoint;
    readonly pixels: Float32Array;
    readonly verse: NoisyLine;
  }[];
}
export interface ScheduleReport {
  readonly schedules: readonly ScheduleFacts[];
  readonly digit: {
    readonly dataset: string;
    readonly index: number;
    readonly label: number;
    readonly height: number;
    readonly width: number;
    /** In [-1, 1]. */
    readonly pixels: Float32Array;
  };
  /** The line, and what its embeddings are. */
  readonly verse: { readonly line: string; readonly embeddings: string };
  /** Mean over the pixels of each pixel's variance. */
  readonly dataVariance: number;
  /** One or two sentences that compare the schedules. */
  readonly summary: string;
}
export interface ScheduleOptions {
  /** Data set the digit comes from: by default mnist if it is at hand, else made-up-digits. */
  readonly dataset?: ImageConfig["dataset"];
  /** Index of the digit in the test set, by default 0. */
  readonly index?: number;
  /** Times of the forward process, by default 8 evenly spaced from 0 to 1. */
  readonly times?: readonly number[];
}

/** A metric whose lower values are better, comparable between runs whatever their configuration. */
export interface Yardstick {
  readonly metric: MetricName;
  /** In a sentence: "its … is 0.08". */
  readonly title: string;
  /** What {@link Run.trivialMse} stands for. */
  readonly trivial: string;
}

export interface LeaderboardRow {
  readonly rank: number;
  readonly runId: string;
  readonly status: RunStatus;
  readonly step: number;
  readonly label: string | null;
  /** By the comparison's yardstick; null before the first validation. */
  readonly score: number | null;
  readonly validationLoss: number | null;
  /** The values of the differing parameters. */
  readonly parameters: Readonly<Record<string, string | number>>;
}
export interface ComparisonGroup {
  readonly groupHash: string;
  /** The differing parameters, without the seed. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly runIds: readonly string[];
  readonly seeds: readonly number[];
  /** Runs with a score. */
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation over the seeds; null below two runs. */
  readonly sd: number | null;
}
export interface AlignedCurve {
  readonly name: MetricName;
  readonly steps: readonly number[];
  /** One value for each step; null where a run has none. */
  readonly series: readonly {
    readonly runId: string;
    readonly values: readonly (number | null)[];
  }[];
}
export interface Comparison {
  /** What the runs are ranked by. */
  readonly yardstick: Yardstick;
  /** Best first; runs without a score last. */
  readonly leaderboard: readonly LeaderboardRow[];
  /** Names of the parameters in which the runs differ. */
  readonly differing: readonly string[];
  /** Best first. */
  readonly groups: readonly ComparisonGroup[];
  readonly curves: readonly AlignedCurve[];
  /** The newest evaluation of each run that has one, in the leaderboard's order. */
  readonly evaluations: readonly Evaluation[];
  /** {@link Run.trivialMse}, where it is known and the same for all. */
  readonly trivialMse: number | null;
  /** Whether the best configuration's lead exceeds seed noise, in words. */
  readonly verdict: string;
  /** What makes these runs less than comparable (other data, unequal steps, still running). */
  readonly cautions: readonly string[];
}

export interface Alert {
  readonly level: "info" | "warning" | "error";
  /** For example `learnt-nothing`, `loss-not-falling`, `stale-heartbeat`. */
  readonly code: string;
  /** What was seen, and what to do. */
  readonly message: string;
}
export interface Checkpoint {
  readonly runId: string;
  readonly step: number;
  /** Absolute path of the safetensors file. */
  readonly path: string;
  readonly bytes: number;
  readonly createdAt: string;
}
export interface RunReport {
  readonly run: Run;
  readonly curves: Curves;
  readonly imagesPerSecond: number | null;
  readonly secondsPerStep: number | null;
  /** Denoising error as a fraction of {@link Run.trivialMse}: 1 is learning nothing, lower is better. */
  readonly relativeError: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly samples: readonly Sample[];
  /** Oldest first. */
  readonly evaluations: readonly Evaluation[];
  readonly alerts: readonly Alert[];
  /** One or two sentences on how the run stands. */
  readonly summary: string;
}

/** Something that happened, in the order of `id`. */
export interface LabEvent {
  readonly id: number;
  readonly at: string;
  readonly runId: string | null;
  readonly kind:
    | "run-queued"
    | "run-started"
    | "run-validated"
    | "run-checkpointed"
    | "run-ended"
    | "sample-made";
  readonly message: string;
}

export interface LabOptions {
  /** Folder of the store and the runs; made if missing. */
  readonly workspace: string;
  /** Folder with data sets that were downloaded before; by default they are fetched when needed. */
  readonly dataDirectory?: string;
  /** Where runs train and sample, by default "auto". */
  readonly device?: DeviceName;
}

/**
 * The laboratory over one workspace. Opening one is cheap: no tensors here, training and sampling
 * happen in processes of their own. A `ref` is a run's id, a unique prefix of one, "latest", or
 * "best" (the lowest denoising error). Where several are taken, a sweep's id stands for all its runs.
 *
 * Every method throws a {@link UserError} for what the caller can mend, such as an unknown run.
 */
export interface Lab {
  readonly workspace: string;
  /** Starts a worker if runs are waiting and none lives; `train`, `resume` and `watch` do it too. A
   * server calls it when it starts. */
  ensureWorker(): void;
  /** Queues one run, or every combination of a grid and seeds, and sees that a worker is at work. */
  train(request: TrainRequest): Promise<TrainAnswer>;
  /** Puts a stopped, interrupted or failed run back in the queue, to go on from its checkpoint. */
  resume(ref: string): Promise<Run>;
  /** Cancels queued runs and asks running ones to stop after their present step, keeping a
   * checkpoint. Returns the runs as they stand now: `stopRequested` until the worker has obeyed. */
  stop(refs: readonly string[] | "all"): Run[];
  run(ref: string): Run;
  /**
   * The runs that references mean, each once; a sweep's id stands for all its runs.
   *
   * @throws {UserError} As {@link Lab.run} does.
   */
  find(refs: readonly string[]): Run[];
  /** Newest first. */
  runs(filter?: RunFilter): { readonly runs: Run[]; readonly total: number };
  /** Curves with at most `maxPoints` each (by default 50), ends kept; `afterStep` gives only later points. */
  metrics(
    ref: string,
    options?: {
      readonly names?: readonly MetricName[];
      readonly maxPoints?: number;
      readonly afterStep?: number;
    },
  ): Curves;
  /** Waits until all these runs ended, the time is up, or the signal aborts; returns them as they stand. */
  watch(refs: readonly string[], options: WatchOptions): Promise<Run[]>;
  /** Draws samples from a run's EMA weights in a process of its own. */
  sample(
    request: SampleRequest,
    options?: {
      readonly onProgress?: (progress: SampleProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Sample>;
  /** Writes texts with a run's EMA weights in a process of its own. */
  write(
    request: WriteRequest,
    options?: {
      readonly onProgress?: (progress: JobProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<TextSample>;
  /** What a run wrote, oldest first. */
  texts(ref: string): TextSample[];
  /** Draws pictures from a run's EMA weights and measures them, in a process of its own. */
  evaluate(
    request: EvaluateRequest,
    options?: {
      readonly onProgress?: (progress: JobProgress) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Evaluation>;
  /** A run's evaluations, oldest first. */
  evaluations(ref: string): Evaluation[];
  /** A run's samples, oldest first. */
  samples(ref: string): Sample[];
  sampleById(id: string): Sample;
  /** The pixel file as it lies on disk. */
  sampleFile(id: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }>;
  samplePixels(id: string): Promise<SamplePixels>;
  inspectSchedules(names: readonly string[], options?: ScheduleOptions): Promise<ScheduleReport>;
  /** 2 to 100 runs. */
  compare(refs: readonly string[]): Comparison;
  inspect(ref: string): RunReport;
  /** Events later than the given id, oldest first, at most 200; without one, the newest 50. */
  events(options?: { readonly after?: number }): LabEvent[];
  close(): void;
}
