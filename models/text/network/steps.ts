/**
 * The functions of the text network that an engine compiles. All take the network's parameters by
 * name beside these inputs, with N windows of L characters:
 *
 * | input | shape | what |
 * |---|---|---|
 * | `tokens` | [N, L] int32 | the windows |
 * | `eps` | [N, L, d] | unit normal noise |
 * | `gamma`, `alpha`, `sigma` | [N] | noise level |
 * | `cross_entropy_weight`, `squared_error_weight` | [N] | what each window counts in the bound |
 * | `knot_weight` | [N, KNOTS] | `knotWeights`, for a network that learns where its bound is made up |
 * | `mask` | [L, 2L] | `blockMask`, for blocks |
 * | `masked` | [N, L] | `maskedPlaces`: 1 where a character is masked |
 */
import { tf } from "../../../engine/mod.ts";
import type { TensorFunction } from "../../../engine/mod.ts";
import { diffuse, firstRows, input, perExample } from "../../steps/mod.ts";
import type { Tensors } from "../../layers/mod.ts";
import { DENSITY, densityFit } from "./adaptive.ts";
import { crossEntropy, perCharacter } from "./cross_entropy.ts";
import { maskedBound } from "./masked.ts";
import type { TextNetwork } from "./network.ts";
import { outputPrior } from "./output_prior.ts";

/** How text is learned by a network that reads clean text, noisy embeddings, or both, or that fills in
 * what is masked. */
export type TextMethod = "autoregressive" | "diffusion" | "blocks" | "masked";

export interface TextStepOptions {
  readonly method: TextMethod;
  /** Share of the windows, the first ones, that are shown the network's own first estimate. */
  readonly selfCondition: number;
  /** Where the cross-entropy of the cleanest level is taken: of the noisy embeddings, which is right,
   * or (to see what it does) of the clean ones, which tells the network nothing. */
  readonly rounding?: "prediction" | "clean";
}

/**
 * One training step without its optimiser: `loss` [] in nats per character and `grad/<name>`, means
 * over the windows.
 *
 * Autoregressive: the exact negative log-likelihood. Diffusion: the bound's two learned terms, as
 * weighed by the inputs (its prior term is constant). Blocks: the mean of both, the noisy stream
 * seeing the clean one through `mask`. Masked: the whole bound ({@link maskedBound}).
 */
export function textTrainingStep(network: TextNetwork, options: TextStepOptions): TensorFunction {
  const names = network.parameters.map(({ name }) => name);
  return (inputs) => {
    // Outside of the function that is differentiated, so a constant to its gradient.
    const previous = network.options.noisy ? firstEstimate(network, inputs, options) : null;
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const all = { ...inputs, ...parameters };
      const tokens = input(inputs, "tokens");
      if (options.method === "masked") return tf.mean(maskedBound(network, all));
      if (!previous) return tf.mean(crossEntropy(readAll(network, all).logits, tokens));
      const stream = options.method === "blocks" ? readAll(network, all) : undefined;
      const { crossEntropies, squaredErrors } = estimate(network, all, previous, {
        ...options,
        ...(stream ? { before: stream.memory } : {}),
      });
      const bound = tf.mean(tf.add(
        tf.mul(input(inputs, "cross_entropy_weight"), crossEntropies),
        tf.mul(input(inputs, "squared_error_weight"), squaredErrors),
      ));
      const loss = stream
        ? tf.mul(tf.add(bound, tf.mean(crossEntropy(stream.logits, tokens))), 0.5)
        : bound;
      if (!network.options.adaptive) return loss;
      return tf.add(
        loss,
        densityFit({
          logDensity: input(all, DENSITY),
          knots: input(inputs, "knot_weight"),
          gamma: input(inputs, "gamma"),
          squaredErrors,
          squaredErrorWeight: input(inputs, "squared_error_weight"),
        }),
      );
    })(names.map((name) => input(inputs, name)));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
}

/** `nats` [N, L]: −log p of each character given those before it in its window. */
export function autoregressiveStep(network: TextNetwork): TensorFunction {
  return (inputs) => ({
    nats: perCharacter(readAll(network, inputs).logits, input(inputs, "tokens")),
  });
}

/**
 * What the bound is made of, for each window, means over its characters: `cross_entropy` and
 * `squared_error` (‖e − x̂‖²) [N] of the estimate, and `prior_cross_entropy` [N] of the output prior
 * alone, which looks at no other position. The estimate is self-conditioned if training was.
 * `rounding` [N] is the cross-entropy where training takes it: another than `cross_entropy` only
 * where that is the clean embedding.
 */
export function boundStep(network: TextNetwork, options: TextStepOptions): TensorFunction {
  return (inputs) => {
    const before = options.method === "blocks" ? { before: readAll(network, inputs).memory } : {};
    const all = { ...options, ...before, selfCondition: options.selfCondition > 0 ? 1 : 0 };
    const previous = firstEstimate(network, inputs, all);
    const { crossEntropies, squaredErrors, lone } = estimate(network, inputs, previous, {
      ...all,
      rounding: "prediction",
    });
    return {
      rounding: options.rounding === "clean" ? cleanRounding(network, inputs) : crossEntropies,
      cross_entropy: crossEntropies,
      squared_error: squaredErrors,
      prior_cross_entropy: lone,
    };
  };
}

/**
 * The denoiser of generation: `logits` [N, length, V] from `z` and `previous` [N, length, d], the
 * level [N] and, where the network reads, `tokens` [N, slots − 1] before the block, `mask`
 * ({@link continuationMask}) and `cos`, `sin` [length, headWidth/2] of the block's positions.
 */
export function textDenoiser(network: TextNetwork): TensorFunction {
  return (inputs) => {
    const reads = network.options.clean;
    const block = reads
      ? {
        before: network.read(inputs, input(inputs, "tokens")).memory,
        mask: input(inputs, "mask"),
        rotary: { cos: input(inputs, "cos"), sin: input(inputs, "sin") },
      }
      : {};
    return { logits: network.denoise(inputs, { ...levels(inputs), ...noisy(inputs), ...block }) };
  };
}

/** `logits` [N, slots, V] of the characters after each prefix of `tokens` [N, slots − 1]. */
export function nextCharacters(network: TextNetwork): TensorFunction {
  return (inputs) => ({ logits: network.read(inputs, input(inputs, "tokens")).logits });
}

interface EstimateOptions extends TextStepOptions {
  readonly before?: ReturnType<TextNetwork["read"]>["memory"];
}

/** The clean stream over whole windows: the last character is predicted, not read. */
function readAll(network: TextNetwork, inputs: Tensors) {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  return network.read(inputs, tf.slice(tokens, [0, 0], [n, length - 1]));
}

/** x̂ of the first windows, zeros for the others: [N, L, d]. */
function firstEstimate(
  network: TextNetwork,
  inputs: Tensors,
  options: EstimateOptions,
): tf.Tensor {
  const eps = input(inputs, "eps");
  const [n, length, d] = eps.shape as [number, number, number];
  const rows = Math.round(options.selfCondition * n);
  if (rows === 0) return tf.zeros([n, length, d]);
  const first = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) =>
      PER_WINDOW.includes(name) ? [name, firstRows(value, rows)] : [name, value]
    ),
  );
  const before = options.before && rows === n
    ? { before: options.before }
    : options.method === "blocks"
    ? { before: readAll(network, first).memory }
    : {};
  const zeros = tf.zeros([rows, length, d]);
  const { logits } = ask(network, first, zeros, before);
  const estimated = denoised(network, inputs, logits);
  return rows === n ? estimated : tf.concat([estimated, tf.zeros([n - rows, length, d])], 0);
}

/** Inputs with one row for each window. */
export const PER_WINDOW: readonly string[] = [
  "tokens",
  "masked",
  "eps",
  "gamma",
  "alpha",
  "sigma",
  "cross_entropy_weight",
  "squared_error_weight",
  "knot_weight",
  "z",
  "previous",
];

function estimate(
  network: TextNetwork,
  inputs: Tensors,
  previous: tf.Tensor,
  options: EstimateOptions,
) {
  const tokens = input(inputs, "tokens");
  const { logits, clean, z } = ask(network, inputs, previous, options);
  const error = tf.sub(clean, denoised(network, inputs, logits));
  return {
    crossEntropies: options.rounding === "clean"
      ? cleanRounding(network, inputs)
      : crossEntropy(logits, tokens),
    squaredErrors: tf.mean(tf.sum(tf.square(error), -1), -1),
    lone: crossEntropy(lonePosterior(network, inputs, z), tokens),
  };
}

/** The cross-entropy of finding characters from their own clean embeddings, [N]. */
function cleanRounding(network: TextNetwork, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens");
  return crossEntropy(lonePosterior(network, inputs, embedded(network, inputs)), tokens);
}

/** The windows' embeddings, [N, L, d]. */
function embedded(network: TextNetwork, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  const e = network.embeddings(inputs) as tf.Tensor2D;
  const { vocabulary } = network.options;
  const rows = tf.oneHot(tf.reshape(tokens, [n * length]), vocabulary, 1, 0, "float32");
  return tf.reshape(tf.matMul(rows as tf.Tensor2D, e), [n, length, e.shape[1]]);
}

/** Noises the windows' embeddings and asks what is behind. */
function ask(
  network: TextNetwork,
  inputs: Tensors,
  previous: tf.Tensor,
  { before }: Pick<EstimateOptions, "before">,
) {
  const clean = embedded(network, inputs);
  const level = levels(inputs);
  const alpha = perExample(level.alpha, clean), sigma = perExample(level.sigma, clean);
  const z = diffuse(clean, input(inputs, "eps"), alpha, sigma);
  const logits = network.denoise(inputs, {
    z,
    previous,
    ...level,
    ...(before ? { before, mask: input(inputs, "mask") } : {}),
  });
  return { logits, clean, z };
}

/** x̂ = softmax(logits)·E, [N, L, d]. */
function denoised(network: TextNetwork, inputs: Tensors, logits: tf.Tensor): tf.Tensor {
  const [n, length, vocabulary] = logits.shape as [number, number, number];
  const e = network.embeddings(inputs) as tf.Tensor2D;
  const shares = tf.reshape(tf.softmax(logits), [n * length, vocabulary]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(shares, e), [n, length, e.shape[1]]);
}

/** The output prior alone. */
function lonePosterior(network: TextNetwork, inputs: Tensors, z: tf.Tensor): tf.Tensor {
  const { alpha, sigma } = levels(inputs);
  return outputPrior(z, alpha, sigma, network.embeddings(inputs), network.options);
}

function levels(inputs: Tensors) {
  return {
    gamma: input(inputs, "gamma"),
    alpha: input(inputs, "alpha"),
    sigma: input(inputs, "sigma"),
  };
}

function noisy(inputs: Tensors) {
  return { z: input(inputs, "z"), previous: input(inputs, "previous") };
}
