/**
 * The steps of the text network that train it and measure it on windows of text. For N windows of L
 * characters, their inputs besides the parameters are:
 *
 * | input | shape | meaning |
 * |---|---|---|
 * | `tokens` | [N, L] int32 | the windows |
 * | `eps` | [N, L, d] | unit normal noise |
 * | `gamma`, `alpha`, `sigma` | [N] | noise level |
 * | `cross_entropy_weight`, `squared_error_weight` | [N] | weights of each window in the bound |
 * | `knot_weight` | [N, KNOTS] | `knotWeights`, if the network learns the density of its bound |
 * | `mask` | [L, 2L] | `blockMask`, for blocks |
 * | `masked` | [N, L] | `maskedPlaces`: 1 where a character is masked |
 */
import { tf } from "../../../engine/mod.ts";
import type { Tensors } from "../../layers/mod.ts";
import {
  firstRows,
  input,
  lossAndGradients,
  perExampleInput,
  selfConditions,
  type Step,
} from "../../steps/mod.ts";
import { DENSITY, densityFit, KNOTS } from "./adaptive.ts";
import type { Denoiser, Filler, Reader } from "./heads.ts";
import type { TextNetwork } from "./network.ts";
import {
  crossEntropy,
  denoiseWindows,
  embeddedWindows,
  firstEstimate,
  maskedBound,
  maskedWindowInputs,
  noisyWindowInputs,
  priorCrossEntropy,
  readWindows,
  squaredError,
  tokenCrossEntropy,
  windowInputs,
} from "./windows.ts";

export interface TextStepOptions {
  /** Share of the windows, the first ones, that are self-conditioned. */
  readonly selfCondition: number;
  /** Input of the reconstruction term: the noisy embeddings ("prediction"), or the clean ones ("clean"), an
   * ablation in which the term carries no gradient for the network. */
  readonly rounding?: "prediction" | "clean" | undefined;
}

/**
 * One training step without its optimiser. Outputs: `loss` [] in nats per character and `grad/<name>`,
 * both means over the windows.
 *
 * The loss of "autoregressive" is the exact negative log-likelihood; that of "diffusion" the two learned
 * terms of the bound, weighted by the inputs (the prior term is constant); that of "blocks" the mean of
 * both, with the denoiser attending to the reader through `mask`; that of "masked" {@link maskedBound}.
 */
export function textTrainingStep(network: TextNetwork, options: TextStepOptions): Step {
  const { parameters, reader, denoiser, filler } = network;
  if (denoiser) return denoiserTrainingStep(network, denoiser, options);
  const loss = filler
    ? (all: Tensors) => tf.mean(maskedBound(filler, all))
    : (all: Tensors) => readerLoss(readWindows(reader!, all).logits, all);
  return {
    parameters,
    inputs: filler ? maskedWindowInputs(network) : windowInputs(network),
    apply: (inputs) => lossAndGradients(parameters, inputs, loss),
  };
}

/** Returns the mean cross-entropy of all windows, a scalar. */
function readerLoss(logits: tf.Tensor, inputs: Tensors): tf.Tensor {
  return tf.mean(crossEntropy(logits, input(inputs, "tokens")));
}

function denoiserTrainingStep(
  network: TextNetwork,
  denoiser: Denoiser,
  { selfCondition, rounding }: TextStepOptions,
): Step {
  const { parameters, reader, options: { adaptive } } = network;
  const inputs: Step["inputs"] = {
    ...noisyWindowInputs(network),
    cross_entropy_weight: perExampleInput([]),
    squared_error_weight: perExampleInput([]),
    ...(adaptive ? { knot_weight: perExampleInput([KNOTS]) } : {}),
  };
  const lossOf = (all: Tensors, previous: tf.Tensor): tf.Tensor => {
    const read = reader && readWindows(reader, all);
    const noisy = denoiseWindows(denoiser, all, previous, read?.cache);
    // Gradients are summed in the order of these two; changing it would change the bits of a run.
    const squaredErrors = squaredError(denoiser, all, noisy);
    const crossEntropies = rounding === "clean"
      ? roundingCrossEntropy(denoiser, all)
      : crossEntropy(noisy.logits, input(all, "tokens"));
    const bound = tf.mean(tf.add(
      tf.mul(input(all, "cross_entropy_weight"), crossEntropies),
      tf.mul(input(all, "squared_error_weight"), squaredErrors),
    ));
    const loss = read ? tf.mul(tf.add(bound, readerLoss(read.logits, all)), 0.5) : bound;
    if (!adaptive) return loss;
    return tf.add(
      loss,
      densityFit({
        logDensity: input(all, DENSITY),
        knots: input(all, "knot_weight"),
        gamma: input(all, "gamma"),
        squaredErrors,
        squaredErrorWeight: input(all, "squared_error_weight"),
      }),
    );
  };
  const apply: Step["apply"] = (all) => {
    // Computed outside of the differentiated function, so no gradient flows through it.
    const previous = selfConditions(input(all, "eps").shape, selfCondition, (rows) => {
      const first = Object.fromEntries(
        Object.entries(all).map(([name, value]) =>
          inputs[name]?.perExample ? [name, firstRows(value, rows)] : [name, value]
        ),
      );
      return firstEstimate(denoiser, first, reader && readWindows(reader, first).cache);
    });
    return lossAndGradients(parameters, all, (all) => lossOf(all, previous));
  };
  return { parameters, inputs, apply };
}

/** Returns the cross-entropy of characters given their own clean embeddings, [N]. */
function roundingCrossEntropy(denoiser: Denoiser, inputs: Tensors): tf.Tensor {
  return priorCrossEntropy(denoiser, inputs, embeddedWindows(denoiser, inputs));
}

/** Output: `nats` [N, L], −log p of each character conditioned on those before it in its window. */
export function autoregressiveStep(network: TextNetwork, reader: Reader): Step {
  return {
    parameters: network.parameters,
    inputs: windowInputs(network),
    apply: (inputs) => ({
      nats: tokenCrossEntropy(readWindows(reader, inputs).logits, input(inputs, "tokens")),
    }),
  };
}

/**
 * The measurements of each window that the bound is computed from, as means over its characters.
 * Outputs: `cross_entropy` and `squared_error` (‖e − x̂‖²), [N], of the network;
 * `prior_cross_entropy`, [N], of {@link outputPrior} alone; and `rounding`, [N], the reconstruction term
 * as it is trained, which differs from `cross_entropy` only with `rounding: "clean"`. The network is
 * self-conditioned if it was trained so.
 */
export function boundStep(
  network: TextNetwork,
  denoiser: Denoiser,
  { selfCondition, rounding }: TextStepOptions,
): Step {
  const { parameters, reader } = network;
  return {
    parameters,
    inputs: noisyWindowInputs(network),
    apply: (inputs) => {
      const cache = reader && readWindows(reader, inputs).cache;
      const previous = selfCondition > 0
        ? firstEstimate(denoiser, inputs, cache)
        : tf.zeros(input(inputs, "eps").shape);
      const noisy = denoiseWindows(denoiser, inputs, previous, cache);
      const crossEntropies = crossEntropy(noisy.logits, input(inputs, "tokens"));
      return {
        rounding: rounding === "clean" ? roundingCrossEntropy(denoiser, inputs) : crossEntropies,
        cross_entropy: crossEntropies,
        squared_error: squaredError(denoiser, inputs, noisy),
        prior_cross_entropy: priorCrossEntropy(denoiser, inputs, noisy.z),
      };
    },
  };
}

/** Output: `nats` [N], which is {@link maskedBound}. */
export function maskedBoundStep(network: TextNetwork, filler: Filler): Step {
  return {
    parameters: network.parameters,
    inputs: maskedWindowInputs(network),
    apply: (inputs) => ({ nats: maskedBound(filler, inputs) }),
  };
}
