/**
 * The three functions that an engine compiles, for any network and any target: a training step, a
 * validation step and a denoiser. Noise levels enter as amplitudes and angle computed on the host
 * (`noiseInputs`), so one compiled function serves every schedule.
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
 * | `guidance_scale` | [] | | if guided |
 */
import { tf } from "../../engine/mod.ts";
import type { TensorFunction } from "../../engine/mod.ts";
import { guide } from "./guidance.ts";
import { denoisedFrom, type Target, targetOf } from "./objective.ts";
import { diffuse } from "./process.ts";

/** A network as the core sees it: any modality, conditioned on a noise level and a class. */
export interface DenoisingNetwork {
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The label that stands for "no class": label dropout and guidance use it. */
  readonly noClass: number;
  /** z [N, …], angle [N] ({@link noiseAngle}), labels [N] int32 → the target's estimate, like z. */
  apply(
    parameters: Readonly<Record<string, tf.Tensor>>,
    z: tf.Tensor,
    angle: tf.Tensor,
    labels: tf.Tensor,
  ): tf.Tensor;
}

type Tensors = Record<string, tf.Tensor>;

/**
 * One training step without its optimiser: the loss and its gradient.
 *
 * Outputs: `loss` [], the squared error of the target averaged over examples and elements (Ho et al.
 * 2020, equation 14, for ε), and `grad/<name>` shaped like each parameter. All are means over the
 * examples, so means over equal slices of a batch average to the whole batch's.
 */
export function trainingStep(network: DenoisingNetwork, target: Target): TensorFunction {
  const names = network.parameters.map(({ name }) => name);
  return (inputs) => {
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      return predict(network, target, { ...inputs, ...parameters }).error.mean() as tf.Scalar;
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
 * Outputs: `loss` [N], the network's own objective (comparable within one target only), and
 * `denoising_mse` [N], the mean squared error of x̂ (comparable between all networks at the same
 * noise levels). Smaller is better for both.
 */
export function validationStep(
  network: DenoisingNetwork,
  target: Target,
  options: ValidationOptions = {},
): TensorFunction {
  return (inputs) => {
    const { error, output, z, alpha, sigma } = predict(network, target, inputs);
    const estimate = denoisedFrom(target, output, z, alpha, sigma);
    const denoised = options.clip ? tf.clipByValue(estimate, ...options.clip) : estimate;
    return {
      loss: meanPerExample(error),
      denoising_mse: meanPerExample(squared(denoised.sub(input(inputs, "x")))),
    };
  };
}

/** Whether a denoiser mixes in the unconditional estimate. */
export interface DenoiserOptions {
  /** Adds the input `guidance_scale` and doubles the batch that the network sees. */
  readonly guided: boolean;
}

/**
 * The denoiser that samplers call. Output: `denoised` [N, …], the estimate x̂, not clipped.
 *
 * When guided, conditional and unconditional estimates come from one pass over a doubled batch
 * (see {@link guide}).
 */
export function denoiser(
  network: DenoisingNetwork,
  target: Target,
  options: DenoiserOptions,
): TensorFunction {
  return (inputs) => {
    const z = input(inputs, "z"), angle = input(inputs, "angle"), labels = input(inputs, "labels");
    const output = options.guided
      ? guidedOutput(network, inputs, z, angle, labels)
      : network.apply(inputs, z, angle, labels);
    const alpha = perExample(input(inputs, "alpha"), z);
    const sigma = perExample(input(inputs, "sigma"), z);
    return { denoised: denoisedFrom(target, output, z, alpha, sigma) };
  };
}

function guidedOutput(
  network: DenoisingNetwork,
  inputs: Tensors,
  z: tf.Tensor,
  angle: tf.Tensor,
  labels: tf.Tensor,
): tf.Tensor {
  const noClass = tf.fill(labels.shape, network.noClass, "int32");
  const both = network.apply(
    inputs,
    tf.concat([z, z], 0),
    tf.concat([angle, angle], 0),
    tf.concat([labels, noClass], 0),
  );
  const [conditional, unconditional] = tf.split(both, 2, 0);
  return guide(conditional!, unconditional!, input(inputs, "guidance_scale"));
}

/** Noises the examples, asks the network, and compares with the target, element by element. */
function predict(network: DenoisingNetwork, target: Target, inputs: Tensors) {
  const x = input(inputs, "x"), eps = input(inputs, "eps");
  const alpha = perExample(input(inputs, "alpha"), x);
  const sigma = perExample(input(inputs, "sigma"), x);
  const z = diffuse(x, eps, alpha, sigma);
  const output = network.apply(inputs, z, input(inputs, "angle"), input(inputs, "labels"));
  return {
    error: squared(output.sub(targetOf(target, x, eps, alpha, sigma))),
    output,
    z,
    alpha,
    sigma,
  };
}

/** [N] → [N, 1, …], to broadcast over the examples of `like`. */
function perExample(values: tf.Tensor, like: tf.Tensor): tf.Tensor {
  return values.reshape([-1, ...Array<number>(like.rank - 1).fill(1)]);
}

function meanPerExample(values: tf.Tensor): tf.Tensor {
  return values.reshape([values.shape[0]!, -1]).mean(1);
}

function squared(values: tf.Tensor): tf.Tensor {
  return values.mul(values);
}

function input(inputs: Tensors, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) {
    throw new Error(`Input ${name} is missing: given are ${Object.keys(inputs).join(", ")}`);
  }
  return tensor;
}
