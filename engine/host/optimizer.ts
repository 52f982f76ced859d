/**
 * AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), gradients
 * clipped by their global norm, the learning rate's course over a run, and the moving average of the weights.
 *
 * It works on host arrays, one fused loop for each tensor: arithmetic in float64, state in float32.
 */
import { UserError } from "./errors.ts";

/** The learned tensors of a model by name, in row-major order. */
export type Parameters = Record<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

export interface AdamWConfig {
  readonly learningRate: number;
  /** Decay of the first moment, in [0, 1). */
  readonly beta1: number;
  /** Decay of the second moment, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the bias-corrected second moment. */
  readonly epsilon: number;
  /** Decoupled: every step takes away `learningRate · weightDecay` of each weight. Tensors of rank
   * below 2 (biases, scales) are left alone. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; a larger one is scaled down to it. 0 switches it off. */
  readonly gradientClip: number;
  /** Tensors, by name, that another optimiser updates: their gradients count in the global norm. */
  readonly except?: ReadonlySet<string> | undefined;
  /** Tensors, by name, that are treated otherwise, such as embeddings. */
  readonly treatments?: Readonly<Record<string, Treatment>> | undefined;
}

/** The options of the optimiser for one tensor. */
interface Treatment {
  /** Multiplies the learning rate. */
  readonly learningRateFactor: number;
  /** Takes the place of the common weight decay, whatever the tensor's rank. */
  readonly weightDecay: number;
}

/** The state of AdamW between steps. */
export interface OptimizerState {
  /** Steps taken so far. */
  step: number;
  /** First moments by tensor name. */
  readonly m: Record<string, Float32Array>;
  /** Second moments by tensor name. */
  readonly v: Record<string, Float32Array>;
}

/** The state before the first step: all moments zero. */
export function createAdamW(parameters: Parameters): OptimizerState {
  const zeros = () =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]),
    );
  return { step: 0, m: zeros(), v: zeros() };
}

/**
 * Takes one step in place.
 *
 * @param gradients One array for each parameter, of its length.
 * @returns The global norm of the gradient before clipping, and what clipping scaled it by.
 * @throws {UserError} If that norm is not finite; parameters and state are then as they were.
 */
export function adamWStep(
  parameters: Parameters,
  gradients: Readonly<Record<string, Float32Array>>,
  state: OptimizerState,
  config: AdamWConfig,
): { gradientNorm: number; scale: number } {
  const gradientNorm = globalNorm(parameters, gradients, state.step);
  const { gradientClip } = config;
  const scale = gradientClip > 0 && gradientNorm > gradientClip ? gradientClip / gradientNorm : 1;
  state.step++;
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    if (config.except?.has(name)) continue;
    const treatment = config.treatments?.[name];
    const decay = shape.length < 2 ? 0 : config.weightDecay;
    updateTensor(data, gradients[name]!, { m: state.m[name]!, v: state.v[name]! }, scale, {
      ...config,
      learningRate: config.learningRate * (treatment?.learningRateFactor ?? 1),
      weightDecay: treatment?.weightDecay ?? decay,
      step: state.step,
    });
  }
  return { gradientNorm, scale };
}

function updateTensor(
  data: Float32Array,
  gradient: Float32Array,
  { m, v }: { readonly m: Float32Array; readonly v: Float32Array },
  scale: number,
  config: AdamWConfig & { readonly step: number },
): void {
  const { beta1, beta2, epsilon, learningRate, weightDecay, step } = config;
  const stepSize = learningRate / (1 - beta1 ** step);
  const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  const keep = 1 - learningRate * weightDecay;
  for (let i = 0; i < data.length; i++) {
    const g = gradient[i]! * scale;
    const first = beta1 * m[i]! + (1 - beta1) * g;
    const second = beta2 * v[i]! + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    data[i] = keep * data[i]! - stepSize * first / (Math.sqrt(second) * rootCorrection + epsilon);
  }
}

function globalNorm(
  parameters: Parameters,
  gradients: Readonly<Record<string, Float32Array>>,
  step: number,
): number {
  let sum = 0;
  for (const [name, { data }] of Object.entries(parameters)) {
    const gradient = gradients[name];
    if (gradient?.length !== data.length) {
      throw new Error(
        `Internal: the gradient of \`${name}\` has ${gradient?.length ?? "no"} elements, ` +
          `the parameter has ${data.length}`,
      );
    }
    let part = 0;
    for (let i = 0; i < gradient.length; i++) part += gradient[i]! * gradient[i]!;
    if (!Number.isFinite(part)) {
      throw new UserError(
        `Cannot take optimizer step ${step + 1}: the gradient of \`${name}\` is not finite, so ` +
          "training has diverged; lower the learning rate, lengthen its warm-up, or clip gradients",
      );
    }
    sum += part;
  }
  return Math.sqrt(sum);
}

/** The course of the learning rate over a run. */
export interface LearningRateSchedule {
  /** The highest learning rate, reached when warm-up ends. */
  readonly learningRate: number;
  /** Steps of linear warm-up; 0 for none. */
  readonly warmupSteps: number;
  /** Steps of the whole run. */
  readonly steps: number;
  readonly decay: "constant" | "cosine" | "linear";
  /** The final learning rate as a fraction of the initial one, 0 to 1. */
  readonly finalFraction: number;
}

/**
 * The learning rate of one step, counted from 0. Warm-up rises linearly, with the first step already
 * above zero and the full rate at step `warmupSteps − 1`; the decay then runs from step
 * `warmupSteps` to `steps`, and holds its final value beyond.
 */
export function learningRateAt(step: number, schedule: LearningRateSchedule): number {
  const { learningRate, warmupSteps, steps, decay, finalFraction } = schedule;
  if (step < warmupSteps) return learningRate * (step + 1) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return learningRate * (finalFraction + (1 - finalFraction) * remaining(decay, progress));
}

function remaining(decay: LearningRateSchedule["decay"], progress: number): number {
  switch (decay) {
    case "constant":
      return 1;
    case "linear":
      return 1 - progress;
    case "cosine":
      return (1 + Math.cos(Math.PI * progress)) / 2;
  }
}

/**
 * The decay to use at a step counted from 0: min(maximum, (1 + step) / (10 + step)). It lets the
 * average forget the initial weights quickly at first (the rule of TensorFlow's
 * `ExponentialMovingAverage` with `num_updates`).
 */
export function emaDecayAt(step: number, maximum: number): number {
  return Math.min(maximum, (1 + step) / (10 + step));
}

/** Moves the average towards the parameters, in place: ema ← decay·ema + (1 − decay)·parameters. */
export function updateEma(ema: Parameters, parameters: Parameters, decay: number): void {
  for (const [name, { data }] of Object.entries(parameters)) {
    const average = ema[name]?.data;
    if (average?.length !== data.length) {
      throw new Error(
        `Internal: the average of \`${name}\` has ${average?.length ?? "no"} elements, ` +
          `the parameter has ${data.length}`,
      );
    }
    for (let i = 0; i < data.length; i++) {
      average[i] = average[i]! + (1 - decay) * (data[i]! - average[i]!);
    }
  }
}
