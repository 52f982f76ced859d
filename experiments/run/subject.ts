/**
 * What is learned: all that the trainer asks of a modality. It knows of parameters, steps and
 * checkpoints; what a batch is, what is validated and what a sample looks like is the subject's.
 */
import type { DownloadProgress } from "../../data/mod.ts";
import type { AdamWConfig, Arrays, Engine, Parameters } from "../../engine/mod.ts";
import type { ParameterSpec } from "../../models/layers/mod.ts";
import type { Step } from "../../models/steps/mod.ts";
import type { RunConfig } from "../config/mod.ts";
import type { Store } from "../store/store.ts";
import type { TrainingState } from "./state.ts";
import type { MetricName } from "../store/metrics.ts";
import type { PictureFacts, Run } from "../store/run.ts";

/** Values of the validation metrics by name. */
export type ValidationMetrics = Readonly<Partial<Record<MetricName, number>>>;

export interface Validation {
  /** Measures the moving average of the weights on what is not trained on. */
  run(ema: Parameters): Promise<ValidationMetrics>;
}

export interface TrainingSampler {
  /** Draws from the moving average as it is, and keeps it. */
  sample(): Promise<void>;
}

export interface TrainingMeasurer {
  /** Training steps between measurements, 1 or more. */
  readonly every: number;
  /** Whether the state at hand was measured before. */
  isDone(): boolean;
  /**
   * Measures what the moving average makes, as it is, and keeps the evaluation.
   *
   * @param tell Called with what is being done, often; what it throws ends the measurement.
   */
  measure(tell: (activity: string) => void): Promise<ValidationMetrics>;
}

/** Where a training's samples go. */
export interface SamplingContext {
  readonly store: Store;
  readonly engine: Engine;
  readonly run: Run;
  readonly state: TrainingState;
  readonly signal?: AbortSignal | undefined;
}

/** A network, its data and its objective, ready to be compiled. */
export interface Subject {
  readonly data: { readonly title: string; readonly name: string; readonly hash: string };
  /** What its pictures are like, where it learns pictures. */
  readonly pictures?: PictureFacts | undefined;
  readonly parameters: readonly ParameterSpec[];
  /** Whether weights that were learnt on other data mean the same here; tokens of another text do not. */
  readonly takesOtherWeights: boolean;
  readonly parameterCount: number;
  /**
   * {@link Run.baseline}.
   *
   * @param workspace Where what it takes may be kept for the next run.
   */
  baseline(workspace: string): number;
  /** AdamW's constants besides the learning rate. */
  readonly adam: { readonly beta1: number; readonly beta2: number; readonly epsilon: number };
  /** Of parameters that are not treated like all others. */
  readonly treatments?: NonNullable<AdamWConfig["treatments"]> | undefined;
  /** The training step: `loss` and `grad/<name>` from the parameters and a batch. */
  readonly step: Step;
  /** Whether a batch depends on the parameters at its step. */
  readonly batchFollowsParameters: boolean;
  /** The batch of a step, counted from 0: a function of configuration, data and step, and of the
   * parameters where levels follow what the run has learnt of them. */
  batch(step: number, parameters: Parameters): Arrays;
  validation(engine: Engine): Validation;
  sampler(context: SamplingContext): TrainingSampler;
  /** Nothing where no measurements are asked for. */
  measurer?(context: SamplingContext): TrainingMeasurer | undefined;
}

export interface SubjectOptions {
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: DownloadProgress): void;
  /** Called as the pictures of a folder are decoded. */
  onDecoded?(done: number, total: number): void;
}

/**
 * Loads the data of a configuration and builds its network.
 *
 * @throws {UserError} If the data is not to be had, or too small.
 */
export type OpenSubject = (config: RunConfig, options: SubjectOptions) => Promise<Subject>;
