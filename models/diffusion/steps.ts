/**
 * The three functions that an engine compiles, for any network and any objective: a training step, a
 * validation step and a denoiser. Noise levels enter as amplitudes and angle computed on the host
 * (`noiseInputs`), weights likewise (`lossWeights`), so one compiled function serves every schedule.
 *
 * All of them take the network's parameters by their own names beside these inputs, with N examples
 * along the first axis:
 *
 * | input | shape | training, validation | denoiser |
 * |---|---|---|---|
 * | `x` | [N, …] | clean samples | |
 * | `eps` | like `x` | unit normal noise | |
 * | `z` | [N, …] | | noisy points |
 * | `alpha`, `sigma`, `angle` | [N] | yes | yes |
 * | `labels` | [N] int32 | yes | yes |
 * | `weight` | [N] | training, if weighted | |
 * | `previous` | like `z` | | if the network is self-conditioned: x̂ so far, or 0 |
 * | `guidance_scale` | [] | | if guided |
 * | `guidance_rescale` | [] | | if rescaled |
 */
import { tf } from "../../engine/mod.ts";
import type { TensorFunction } from "../../engine/mod.ts";
import type { Tensors } from "../layers/mod.ts";
import { guide, rescaleGuidance } from "./guidance.ts";
import { firstRows, input, perExample } from "./inputs.ts";
import type { Target } from "./names/mod.ts";
import { denoisedFrom, networkInput, type Objective, targetOf } from "./objective.ts";
import { diffuse } from "./process.ts";

/** A network as the core sees it: any modality, conditioned on a noise level and a class. */
export interface DenoisingNetwork {
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The label that stands for "no class": label dropout and guidance use it. */
  readonly noClass: number;
  /**
   * Whether the network also sees an earlier estimate x̂ of the same example (self-conditioning, Chen
   * et al. 2023, "Analog Bits"). By default it does not.
   */
  readonly selfConditioned?: boolean;
  /**
   * z [N, …], angle [N] ({@link noiseAngle}), labels [N] int32 → the target's estimate, like z.
   *
   * @param previous x̂ as estimated before, like z, zeros where there is none; given if and only if
   * the network is self-conditioned.
   */
  apply(
    parameters: Readonly<Record<string, tf.Tensor>>,
    z: tf.Tensor,
    angle: tf.Tensor,
    labels: tf.Tensor,
    previous?: tf.Tensor,
  ): tf.Tensor;
}

/** What a training step does beyond the plain mean. */
export interface TrainingOptions {
  /** Adds the input `weight`, a factor of each example's loss (`lossWeights`). */
  readonly weighted?: boolean;
  /**
   * Share of the examples, the first ones, whose first estimate is the condition of a second, where
   * the network is self-conditioned (Chen et al. 2023 take 0.5): all by default.
   */
  readonly selfCondition?: number;
}

/**
 * One training step without its optimiser: the loss and its gradient.
 *
 * Outputs: `loss` [], the squared error of the target averaged over examples and elements (Ho et al.
 * 2020, equation 14, for ε), and `grad/<name>` shaped like each parameter. All are means over the
 * examples, so means over equal slices of a batch average to the whole batch's.
 *
 * A self-conditioned network is asked twice for some of the examples: what it estimates first,
 * without a condition, is its condition the second time, and no gradient flows through it.
 */
export function trainingStep(
  network: DenoisingNetwork,
  objective: Target | Objective,
  options: TrainingOptions = {},
): TensorFunction {
  const names = network.parameters.map(({ name }) => name);
  return (inputs) => {
    const noisy = noisyExamples(inputs);
    // Outside of the function that is differentiated, so a constant to its gradient.
    const previous = firstEstimate(network, objective, inputs, noisy, options.selfCondition);
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const output = ask(network, objective, { ...inputs, ...parameters }, noisy, previous);
      const error = targetError(objective, inputs, noisy, output);
      const weighted = options.weighted
        ? tf.mul(error, perExample(input(inputs, "weight"), error))
        : error;
      return tf.mean(weighted) as tf.Scalar;
    })(names.map((name) => input(inputs, name)));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
}

/** How validation measures the denoised estimate. */
export interface ValidationOptions {
  /** The range of the data, to which x̂ is clipped as in sampling; not clipped by default. */
  readonly clip?: readonly [low: number, high: number];
}

/**
 * Errors on held-out examples, one per example so that they can be sorted by noise level.
 *
 * Outputs: `loss` [N], the network's own objective, not weighted (comparable within one target
 * only), and `denoising_mse` [N], the mean squared error of x̂ (comparable between all networks at
 * the same noise levels). Smaller is better for both.
 */
export function validationStep(
  network: DenoisingNetwork,
  objective: Target | Objective,
  options: ValidationOptions = {},
): TensorFunction {
  return (inputs) => {
    const noisy = noisyExamples(inputs);
    const previous = firstEstimate(network, objective, inputs, noisy);
    const output = ask(network, objective, inputs, noisy, previous);
    const estimate = denoisedFrom(objective, output, noisy.z, noisy.alpha, noisy.sigma);
    const denoised = options.clip ? tf.clipByValue(estimate, ...options.clip) : estimate;
    return {
      loss: meanPerExample(targetError(objective, inputs, noisy, output)),
      denoising_mse: meanPerExample(squared(tf.sub(denoised, input(inputs, "x")))),
    };
  };
}

/** Whether a denoiser mixes in the unconditional estimate. */
export interface DenoiserOptions {
  /** Adds the input `guidance_scale` and doubles the batch that the network sees. */
  readonly guided: boolean;
  /** Adds the input `guidance_rescale`, φ of {@link rescaleGuidance}; only where guided. */
  readonly rescaled?: boolean;
}

/**
 * The denoiser that samplers call. Output: `denoised` [N, …], the estimate x̂, not clipped.
 *
 * When guided, conditional and unconditional estimates come from one pass over a doubled batch
 * (see {@link guide}).
 */
export function denoiser(
  network: DenoisingNetwork,
  objective: Target | Objective,
  options: DenoiserOptions,
): TensorFunction {
  return (inputs) => {
    const z = input(inputs, "z");
    const alpha = perExample(input(inputs, "alpha"), z);
    const sigma = perExample(input(inputs, "sigma"), z);
    const previous = network.selfConditioned ? input(inputs, "previous") : undefined;
    const denoised = (output: tf.Tensor) => denoisedFrom(objective, output, z, alpha, sigma);
    if (!options.guided) {
      return { denoised: denoised(ask(network, objective, inputs, { z, alpha, sigma }, previous)) };
    }
    const both = ask(
      network,
      objective,
      {
        ...inputs,
        angle: twice(input(inputs, "angle")),
        labels: withoutClassToo(network, input(inputs, "labels")),
      },
      { z: twice(z), alpha: twice(alpha), sigma: twice(sigma) },
      previous && twice(previous),
    );
    const [conditional, unconditional] = tf.split(both, 2, 0);
    const guided = denoised(guide(conditional!, unconditional!, input(inputs, "guidance_scale")));
    if (!options.rescaled) return { denoised: guided };
    const rescale = input(inputs, "guidance_rescale");
    return { denoised: rescaleGuidance(guided, denoised(conditional!), rescale) };
  };
}

function twice(values: tf.Tensor): tf.Tensor {
  return tf.concat([values, values], 0);
}

function withoutClassToo(network: DenoisingNetwork, labels: tf.Tensor): tf.Tensor {
  return tf.concat([labels, tf.fill(labels.shape, network.noClass, "int32")], 0);
}

/** Noisy points with the amplitudes of each, broadcastable: [N, …] and [N, 1, …]. */
interface NoisyExamples {
  readonly z: tf.Tensor;
  readonly alpha: tf.Tensor;
  readonly sigma: tf.Tensor;
}

function noisyExamples(inputs: Tensors): NoisyExamples {
  const x = input(inputs, "x");
  const alpha = perExample(input(inputs, "alpha"), x);
  const sigma = perExample(input(inputs, "sigma"), x);
  return { z: diffuse(x, input(inputs, "eps"), alpha, sigma), alpha, sigma };
}

/** x̂ of a first pass for a share of the examples, the first ones, and 0 for the others. */
function firstEstimate(
  network: DenoisingNetwork,
  objective: Target | Objective,
  inputs: Tensors,
  noisy: NoisyExamples,
  share = 1,
): tf.Tensor | undefined {
  if (!network.selfConditioned) return undefined;
  const count = noisy.z.shape[0]!;
  const rows = Math.round(share * count);
  if (rows === 0) return tf.zerosLike(noisy.z);
  const z = firstRows(noisy.z, rows);
  const first = { z, alpha: firstRows(noisy.alpha, rows), sigma: firstRows(noisy.sigma, rows) };
  const asked = {
    ...inputs,
    angle: firstRows(input(inputs, "angle"), rows),
    labels: firstRows(input(inputs, "labels"), rows),
  };
  const output = ask(network, objective, asked, first, tf.zerosLike(z));
  const estimate = denoisedFrom(objective, output, z, first.alpha, first.sigma);
  if (rows === count) return estimate;
  const others = [count - rows, ...noisy.z.shape.slice(1)];
  return tf.concat([estimate, tf.zeros(others)], 0);
}

/** The network's output; its parameters, the angle and the labels are among the inputs. */
function ask(
  network: DenoisingNetwork,
  objective: Target | Objective,
  inputs: Tensors,
  { z, alpha, sigma }: NoisyExamples,
  previous: tf.Tensor | undefined,
): tf.Tensor {
  const seen = networkInput(objective, z, alpha, sigma);
  const angle = input(inputs, "angle"), labels = input(inputs, "labels");
  return previous
    ? network.apply(inputs, seen, angle, labels, previous)
    : network.apply(inputs, seen, angle, labels);
}

/** The squared error of the target, element by element. */
function targetError(
  objective: Target | Objective,
  inputs: Tensors,
  { alpha, sigma }: NoisyExamples,
  output: tf.Tensor,
): tf.Tensor {
  const x = input(inputs, "x"), eps = input(inputs, "eps");
  return squared(tf.sub(output, targetOf(objective, x, eps, alpha, sigma)));
}

function meanPerExample(values: tf.Tensor): tf.Tensor {
  return tf.mean(tf.reshape(values, [values.shape[0]!, -1]), 1);
}

function squared(values: tf.Tensor): tf.Tensor {
  return tf.mul(values, values);
}
