/**
 * The training subject: the interface between the trainer and a modality. The trainer handles parameters, steps
 * and checkpoints; batches, validation and samples belong to the subject.
 */
import type { DownloadProgress } from "../../data/mod.ts";
import type { AdamWConfig, Arrays, Engine, Parameters } from "../../engine/mod.ts";
import type { ParameterSpec } from "../../models/layers/mod.ts";
import type { Step } from "../../models/steps/mod.ts";
import type { Store } from "../store/store.ts";
import type { TrainingState } from "./state.ts";
import type { MetricName } from "../store/metrics.ts";
import type { PictureFacts, Run } from "../store/run.ts";
import type { RunConfig } from "../config/fields.ts";

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

/** A network, its data and its objective, ready to be trained. */
export interface Subject {
  readonly data: { readonly title: string; readonly name: string; readonly hash: string };
  /** Shape and classes of images, for image runs. */
  readonly pictures?: PictureFacts | undefined;
  readonly parameters: readonly ParameterSpec[];
  /** Whether weights that were learnt on other data mean the same here; tokens of another text do not. */
  readonly takesOtherWeights: boolean;
  readonly parameterCount: number;
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
  /** Whether a batch depends on the parameters of its step. */
  readonly batchFollowsParameters: boolean;
  /** Returns the batch of a step, from 0: a function of configuration, data and step and, for adaptive noise
   * levels, of the parameters. */
  batch(step: number, parameters: Parameters): Arrays;
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
