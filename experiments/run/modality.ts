/**
 * The interface of a modality: everything that differs between runs of different modalities. Code outside of
 * a modality's folder uses this interface and never the name of the modality; `registry/modalities.ts` lists
 * the modalities.
 */
import type { z } from "zod";
import type { ModalityConfig } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";
import type { Finding, Measured } from "../diagnosis/curve.ts";
import type { Evaluation } from "../store/results.ts";
import type { JobKind } from "../store/jobs.ts";
import type { MetricName } from "../store/metrics.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import type { Work } from "./job_worker.ts";
import type { DownloadProgress } from "../../data/mod.ts";
import type { AdamWConfig, Arrays, Engine, Parameters } from "../../engine/mod.ts";
import type { ParameterSpec } from "../../models/layers/mod.ts";
import type { NoiseInput, Step } from "../../models/steps/mod.ts";
import type { Store } from "../store/store.ts";
import type { TrainingState } from "./state.ts";

/** Values of the metric that need no network: of n-gram models of the training data. */
export interface NgramBaselines {
  /** Value of the uniform distribution: for text, the logarithm of the vocabulary size. */
  readonly uniform: number;
  /** Values on held-out data of 1-grams, 2-grams, and so on. */
  readonly ngrams: readonly number[];
}

/** A noise schedule in reports. */
export interface InspectedSchedule {
  readonly name: string;
  readonly description: string;
  /** Whether the schedule is intended for embeddings instead of images. */
  readonly forEmbeddings?: boolean;
  /** −log SNR, increasing in t from 0 to 1; infinite at 1 for zero terminal SNR. */
  gamma(t: number): number;
}

/**
 * How tools and pages present samples and evaluations: as pictures drawn from the tensors of a
 * {@link FileSample}, as texts, or as tables of whatever fields the records have.
 */
type Presentation = "pictures" | "texts" | "tables";

/**
 * The aspects in which evaluations must agree to be comparable: for each aspect a key, and the caution if the
 * keys differ.
 */
export type Comparability<E extends Evaluation = Evaluation> = readonly (readonly [
  key: (evaluation: E) => unknown,
  caution: string,
])[];

/** A modality: its configurations and metrics, its requests, its jobs, and what is said of its runs. */
export interface Modality extends ModalityConfig, Measured {
  readonly presentation: Presentation;
  /** What `sample` is for, after "to": "see its pictures". */
  readonly toSample: string;
  /** What `evaluate` is for, after "to". */
  readonly toEvaluate: string;
  /** Passes of one example through the network that a sample with default settings takes. */
  passesOfSample(run: Run): number;
  /** The kind of network of a run, in a word or two. */
  networkTitle(config: RunConfig): string;
  /** What a run's network learns to do, in a few words. */
  objectiveTitle(config: RunConfig): string;
  /** The schemas of the requests for jobs; both have a field `run`. */
  readonly requests: Readonly<Record<JobKind, z.ZodObject>>;
  /** Whether the name of a data set is a path. */
  isPath(dataset: string): boolean;
  /** Returns the name of a data set with a path made absolute. @throws {UserError} If it is not there. */
  resolveDataset(dataset: string): string;
  /** Names of its noise schedules, for reports. */
  readonly schedules: readonly string[];
  /** Returns one of {@link schedules}. */
  openSchedule(name: string): Promise<InspectedSchedule>;
  /** What a training batch consists of: "… per second". */
  readonly examples: string;
  /** @throws {UserError} If fields of the configuration contradict each other. */
  requireTrainable(config: RunConfig): void;
  /** Returns defects of the configuration that prevent learning, from the newest validation. */
  defects(run: Run): Finding[];
  readonly comparability: Comparability<never>;
  /** Returns the metrics of tables with the results of such runs; the first one ranks runs. */
  resultMetrics(runs: readonly Run[]): readonly MetricName[];
  /** Describes the baseline in a sentence without its full stop; `value` is the formatted number. */
  baselineIs(value: string): string;
  /** Cautions about comparing such runs beyond those that apply to every modality. */
  cautions(runs: readonly Run[]): string[];
  /** Returns the n-gram baselines of the data; null if they were not computed, or there are none. */
  baselines(workspace: string, datasetHash: string): NgramBaselines | null;
  /**
   * Returns the input of a job for a request: all settings with defaults filled in.
   *
   * @throws {UserError} If the request is not valid for the run.
   */
  readonly jobInputs: Readonly<Record<JobKind, (run: Run, request: object) => object>>;
  /**
   * Returns how many examples the network processes in an evaluation, about, from the input of the job; an example is
   * counted each time.
   */
  evaluatedExamples(run: Run, input: object): number;
  /** Loads the part that uses tensors. */
  load(): Promise<ModalityWork>;
}

/** The part of a modality that uses tensors: training and jobs. */
export interface ModalityWork extends Readonly<Record<JobKind, Work>> {
  readonly openSubject: OpenSubject;
  /**
   * Returns the characters that a network writes, which are published with its weights. Modalities without text lack
   * it.
   *
   * @throws {UserError} If the weights of the configuration cannot be published, or the text is not available.
   */
  readonly publishedCharacters?: (
    config: RunConfig,
    dataDirectory: string | undefined,
  ) => Promise<string>;
}

/** Validation metrics by name. */
export type ValidationMetrics = Readonly<Record<MetricName, number>>;

export interface Validation {
  /** Measures the EMA weights on held-out data. */
  run(ema: Parameters): Promise<ValidationMetrics>;
}

export interface TrainingSampler {
  /** Samples with the current EMA weights and stores the sample. */
  sample(): Promise<void>;
}

export interface TrainingMeasurer {
  /** Number of training steps between evaluations, at least 1. */
  readonly every: number;
  /** Whether the current state was evaluated before. */
  isDone(): boolean;
  /**
   * Evaluates the current EMA weights and stores the evaluation.
   *
   * @param tell Called frequently with the current activity; an exception ends the evaluation.
   */
  measure(tell: (activity: string) => void): Promise<ValidationMetrics>;
}

/** The context of samples during training. */
export interface SamplingContext {
  readonly store: Store;
  readonly engine: Engine;
  readonly run: Run;
  readonly state: TrainingState;
  readonly signal?: AbortSignal | undefined;
}

export interface BatchOptions {
  /** Whether {@link Subject.noise} is left out. By default it is not. */
  readonly withoutNoise?: boolean | undefined;
}

/** A network, its data and its objective, ready to be trained. */
export interface Subject {
  readonly data: { readonly name: string; readonly hash: string };
  /** Shape and classes of images, for image runs. */
  readonly pictures?: PictureFacts | undefined;
  readonly parameters: readonly ParameterSpec[];
  /** Whether weights that were learnt on other data mean the same here; tokens of another text do not. */
  readonly takesOtherWeights: boolean;
  /**
   * Returns {@link Run.baseline}.
   *
   * @param workspace Workspace in which results may be cached.
   */
  baseline(workspace: string): number;
  /** Constants of AdamW other than the learning rate. */
  readonly adam: { readonly beta1: number; readonly beta2: number; readonly epsilon: number };
  /** Optimiser settings of individual parameters. */
  readonly treatments?: NonNullable<AdamWConfig["treatments"]> | undefined;
  /** The training step: `loss` and `grad/<name>` from the parameters and a batch. */
  readonly step: Step;
  /** The noise of a batch, which a device may draw itself; undefined if there is none. */
  readonly noise?: NoiseInput | undefined;
  /** Whether a batch depends on the parameters of its step. */
  readonly batchFollowsParameters: boolean;
  /** Returns the batch of a step, from 0: a function of configuration, data and step and, for adaptive noise
   * levels, of the parameters. */
  batch(step: number, parameters: Parameters, options?: BatchOptions): Arrays;
  validation(engine: Engine): Validation;
  sampler(context: SamplingContext): TrainingSampler;
  /** Returns undefined if no evaluations are configured. */
  measurer?(context: SamplingContext): TrainingMeasurer | undefined;
}

export interface SubjectOptions {
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: DownloadProgress): void;
  /** Called while the images of a folder are decoded. */
  onDecoded?(done: number, total: number): void;
}

/**
 * Loads the data of a configuration and builds its network.
 *
 * @throws {UserError} If the data is not available or too small.
 */
export type OpenSubject = (config: RunConfig, options: SubjectOptions) => Promise<Subject>;
