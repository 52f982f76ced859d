/**
 * The training step, the validation step and the denoiser for any network and objective. Noise levels
 * enter as amplitudes and an angle computed on the host (`noiseInputs`), and so do loss weights
 * (`lossWeights`), so one compiled step serves every schedule.
 *
 * The steps take the parameters of the network by name and the inputs that each {@link Step} declares,
 * with N examples along the first axis:
 *
 * | input | shape | meaning |
 * |---|---|---|
 * | `x`, `eps` | [N, …] | clean samples and unit normal noise, in training and validation |
 * | `z` | [N, …] | noisy points, in the denoiser |
 * | `alpha`, `sigma`, `angle` | [N] | noise levels (`noiseInputs`) |
 * | `labels` | [N] int32 | classes |
 * | `weight` | [N] | factors of the examples' losses (`lossWeights`), in weighted training |
 * | `previous` | like `z` | the previous estimate x̂, or 0, in the denoiser of a self-conditioned network |
 * | `guidance_scale`, `guidance_rescale` | [] | in a guided denoiser |
 */
import { tf } from "../../engine/mod.ts";
import { guide, type Objective, parameterizationOf, rescaleGuidance } from "../diffusion/mod.ts";
import type { Tensors } from "../layers/mod.ts";
import { input, perExampleInput, sharedInput, type Step } from "./step.ts";
import {
  diffuse,
  firstRows,
  lossAndGradients,
  perExample,
  selfConditions,
  tensorArithmetic as m,
} from "./tensors.ts";

/** A denoising network of any modality, conditioned on a noise level and a class. */
export interface DenoisingNetwork {
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Shape of one sample. */
  readonly sampleShape: readonly number[];
  /** The label that stands for "no class": label dropout and guidance use it. */
  readonly noClass: number;
  /**
   * Whether the network is conditioned on its previous estimate x̂ (self-conditioning, Chen et al. 2023,
   * "Analog Bits"). By default it is not.
   */
  readonly selfConditioned?: boolean | undefined;
  /**
   * Predicts the target: z [N, …], angle [N] ({@link noiseAngle}), labels [N] int32 → shaped like z.
   *
   * @param previous The previous estimate x̂, shaped like z, or zeros. Required if and only if the network
   * is self-conditioned.
   */
  apply(
    parameters: Readonly<Record<string, tf.Tensor>>,
    z: tf.Tensor,
    angle: tf.Tensor,
    labels: tf.Tensor,
    previous?: tf.Tensor | undefined,
  ): tf.Tensor;
}

/** Options of a training step. */
export interface TrainingOptions {
  /** Adds the input `weight`, which multiplies each example's loss (`lossWeights`). */
  readonly weighted?: boolean | undefined;
  /**
   * For a self-conditioned network, the share of the examples, the first ones, that are conditioned on
   * their first estimate (Chen et al. 2023 use 0.5). By default all.
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
 * A self-conditioned network is evaluated twice for some of the examples: the estimate of the first
 * evaluation conditions the second one, and no gradient flows through it.
 */
export function trainingStep(
  network: DenoisingNetwork,
  objective: Objective,
  options: TrainingOptions = {},
): Step {
  const predictor = predictorOf(network, objective);
  const apply: Step["apply"] = (inputs) => {
    const noisy = noisyExamples(inputs);
    // Computed outside of the differentiated function, so no gradient flows through it.
    const previous = predictor.firstEstimate(inputs, noisy, options.selfCondition);
    return lossAndGradients(network.parameters, inputs, (inputs) => {
      const error = predictor.squaredError(
        inputs,
        noisy,
        predictor.output(inputs, noisy, previous),
      );
      return tf.mean(
        options.weighted ? tf.mul(error, perExample(input(inputs, "weight"), error)) : error,
      );
    });
  };
  return {
    parameters: network.parameters,
    inputs: {
      ...exampleInputs(network),
      ...(options.weighted ? { weight: perExampleInput([]) } : {}),
    },
    apply,
  };
}

/** Options of a validation step. */
export interface ValidationOptions {
  /** The range of the data, to which x̂ is clipped as in sampling. By default it is not clipped. */
  readonly clip?: readonly [low: number, high: number];
}

/**
 * Measures held-out examples one by one, so that they can be grouped by noise level.
 *
 * Outputs: `loss` [N], the unweighted training objective, which is comparable only between networks with
 * the same target; and `denoising_mse` [N], the mean squared error of x̂, which is comparable between all
 * networks at the same noise levels. Lower is better for both.
 */
export function validationStep(
  network: DenoisingNetwork,
  objective: Objective,
  options: ValidationOptions = {},
): Step {
  const predictor = predictorOf(network, objective);
  const apply: Step["apply"] = (inputs) => {
    const noisy = noisyExamples(inputs);
    const output = predictor.output(inputs, noisy, predictor.firstEstimate(inputs, noisy));
    const estimate = predictor.denoised(output, noisy);
    const denoised = options.clip ? tf.clipByValue(estimate, ...options.clip) : estimate;
    return {
      loss: meanPerExample(predictor.squaredError(inputs, noisy, output)),
      denoising_mse: meanPerExample(squared(tf.sub(denoised, input(inputs, "x")))),
    };
  };
  return { parameters: network.parameters, inputs: exampleInputs(network), apply };
}

/** Options of a denoiser. */
export interface DenoiserOptions {
  /** Adds the input `guidance_scale` and doubles the batch of the network. */
  readonly guided: boolean;
  /** Adds the input `guidance_rescale`, φ of `rescaleGuidance`. Requires `guided`. */
  readonly rescaled?: boolean | undefined;
}

/**
 * The denoiser that samplers call. Output: `denoised` [N, …], the estimate x̂ without clipping.
 *
 * With guidance, the conditional and the unconditional estimate are computed in one pass over a doubled
 * batch (see `guide`).
 */
export function denoiser(
  network: DenoisingNetwork,
  objective: Objective,
  options: DenoiserOptions,
): Step {
  const sample = perExampleInput(network.sampleShape);
  const predictor = predictorOf(network, objective);
  const apply: Step["apply"] = (inputs) => {
    const noisy = pointsWithLevels(input(inputs, "z"), inputs);
    const previous = network.selfConditioned ? input(inputs, "previous") : undefined;
    if (!options.guided) {
      return { denoised: predictor.denoised(predictor.output(inputs, noisy, previous), noisy) };
    }
    const both = predictor.output(
      {
        ...inputs,
        angle: twice(input(inputs, "angle")),
        labels: withUnconditional(network, input(inputs, "labels")),
      },
      { z: twice(noisy.z), alpha: twice(noisy.alpha), sigma: twice(noisy.sigma) },
      previous && twice(previous),
    );
    const [conditional, unconditional] = tf.split(both, 2, 0) as [tf.Tensor, tf.Tensor];
    const output = guide(m, conditional, unconditional, input(inputs, "guidance_scale"));
    const guided = predictor.denoised(output, noisy);
    if (!options.rescaled) return { denoised: guided };
    const rescale = input(inputs, "guidance_rescale");
    const unguided = predictor.denoised(conditional, noisy);
    return { denoised: rescaleGuidance(m, guided, unguided, rescale) };
  };
  return {
    parameters: network.parameters,
    inputs: {
      z: sample,
      ...(network.selfConditioned ? { previous: sample } : {}),
      ...conditionInputs,
      ...(options.guided ? { guidance_scale: sharedInput([]) } : {}),
      ...(options.guided && options.rescaled ? { guidance_rescale: sharedInput([]) } : {}),
    },
    apply,
  };
}

/** Noise levels and classes. */
const conditionInputs: Step["inputs"] = {
  alpha: perExampleInput([]),
  sigma: perExampleInput([]),
  angle: perExampleInput([]),
  labels: perExampleInput([], "int32"),
};

/** Clean samples, the noise to be added to them, and its levels. */
function exampleInputs({ sampleShape }: DenoisingNetwork): Step["inputs"] {
  const sample = perExampleInput(sampleShape);
  return { x: sample, eps: sample, ...conditionInputs };
}

function twice(values: tf.Tensor): tf.Tensor {
  return tf.concat([values, values], 0);
}

function withUnconditional(network: DenoisingNetwork, labels: tf.Tensor): tf.Tensor {
  return tf.concat([labels, tf.fill(labels.shape, network.noClass, "int32")], 0);
}

/** Noisy points with the amplitudes of each, broadcastable: [N, …] and [N, 1, …]. */
interface NoisyExamples {
  readonly z: tf.Tensor;
  readonly alpha: tf.Tensor;
  readonly sigma: tf.Tensor;
}

/** Applies the forward process to the clean samples among the inputs. */
function noisyExamples(inputs: Tensors): NoisyExamples {
  const x = input(inputs, "x");
  const { alpha, sigma } = pointsWithLevels(x, inputs);
  return { z: diffuse(x, input(inputs, "eps"), alpha, sigma), alpha, sigma };
}

function pointsWithLevels(z: tf.Tensor, inputs: Tensors): NoisyExamples {
  return {
    z,
    alpha: perExample(input(inputs, "alpha"), z),
    sigma: perExample(input(inputs, "sigma"), z),
  };
}

/** Returns what a network with an objective predicts, as functions of the inputs of a step. */
function predictorOf(network: DenoisingNetwork, objective: Objective) {
  const parameterization = parameterizationOf(objective);

  /** Applies the network; its parameters, the angle and the labels are among the inputs. */
  const output = (inputs: Tensors, noisy: NoisyExamples, previous: tf.Tensor | undefined) =>
    network.apply(
      inputs,
      parameterization.networkInput(m, noisy.z, noisy),
      input(inputs, "angle"),
      input(inputs, "labels"),
      previous,
    );

  /** Returns x̂ from an output of the network. */
  const denoised = (output: tf.Tensor, noisy: NoisyExamples) =>
    parameterization.denoised(m, output, noisy.z, noisy);

  return {
    output,
    denoised,

    /** Returns the squared error of the target, element by element. */
    squaredError(inputs: Tensors, noisy: NoisyExamples, output: tf.Tensor): tf.Tensor {
      const x = input(inputs, "x"), eps = input(inputs, "eps");
      return squared(tf.sub(output, parameterization.target(m, x, eps, noisy)));
    },

    /** Returns the first estimate x̂ of the self-conditioned share of the examples, and 0 for the others. */
    firstEstimate(inputs: Tensors, noisy: NoisyExamples, share = 1): tf.Tensor | undefined {
      if (!network.selfConditioned) return undefined;
      return selfConditions(noisy.z.shape, share, (rows) => {
        const z = firstRows(noisy.z, rows);
        const first = {
          z,
          alpha: firstRows(noisy.alpha, rows),
          sigma: firstRows(noisy.sigma, rows),
        };
        const condition = {
          angle: firstRows(input(inputs, "angle"), rows),
          labels: firstRows(input(inputs, "labels"), rows),
        };
        return denoised(output({ ...inputs, ...condition }, first, tf.zerosLike(z)), first);
      });
    },
  };
}

function meanPerExample(values: tf.Tensor): tf.Tensor {
  return tf.mean(tf.reshape(values, [values.shape[0]!, -1]), 1);
}

function squared(values: tf.Tensor): tf.Tensor {
  return tf.mul(values, values);
}
