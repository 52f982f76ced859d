/** Windows of text as the inputs of a step, and the predictions that the heads make of them. */
import { tf } from "../../../engine/mod.ts";
import type { Tensors } from "../../layers/mod.ts";
import {
  diffuse,
  input,
  perExample,
  perExampleInput,
  sharedInput,
  type Step,
} from "../../steps/mod.ts";
import { EMBEDDING_DIMENSION } from "../mod.ts";
import type { Denoiser, Filler, Reader } from "./heads.ts";
import type { TextNetwork } from "./network.ts";
import type { KeyValueCache } from "./trunk.ts";

/** Declares the windows themselves. */
export function windowInputs({ options: { context } }: TextNetwork): Step["inputs"] {
  return { tokens: perExampleInput([context], "int32") };
}

/** Declares the noise level of each example. */
export const levelInputs: Step["inputs"] = {
  gamma: perExampleInput([]),
  alpha: perExampleInput([]),
  sigma: perExampleInput([]),
};

/** Declares windows, the noise that is added to their embeddings, and for blocks the attention mask. */
export function noisyWindowInputs(network: TextNetwork): Step["inputs"] {
  const { context } = network.options;
  return {
    ...windowInputs(network),
    eps: perExampleInput([context, EMBEDDING_DIMENSION]),
    ...levelInputs,
    ...(network.reader ? { mask: sharedInput([context, 2 * context]) } : {}),
  };
}

/** Declares windows and their masked positions. */
export function maskedWindowInputs(network: TextNetwork): Step["inputs"] {
  return { ...windowInputs(network), masked: perExampleInput([network.options.context]) };
}

/** The noise levels among the inputs. */
export function levelsOf(inputs: Tensors) {
  return {
    gamma: input(inputs, "gamma"),
    alpha: input(inputs, "alpha"),
    sigma: input(inputs, "sigma"),
  };
}

/** Returns the cross-entropy −log softmax(logits) of each token: [N, L, V], [N, L] → [N, L]. */
export function tokenCrossEntropy(logits: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  const vocabulary = logits.shape.at(-1)!;
  const chosen = tf.oneHot(tokens, vocabulary, 1, 0, "float32");
  return tf.neg(tf.sum(tf.mul(chosen, tf.logSoftmax(logits)), -1));
}

/** Returns the mean of {@link tokenCrossEntropy} over each window: [N]. */
export function crossEntropy(logits: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  return tf.mean(tokenCrossEntropy(logits, tokens), -1);
}

/** Applies the autoregressive head to whole windows; their last character is only predicted. */
export function readWindows(reader: Reader, inputs: Tensors): ReturnType<Reader["read"]> {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  return reader.read(inputs, tf.slice(tokens, [0, 0], [n, length - 1]));
}

/** What the denoiser predicts of noisy windows. */
export interface NoisyWindows {
  readonly logits: tf.Tensor;
  /** The embeddings e of the windows, without noise and with it, [N, L, d]. */
  readonly clean: tf.Tensor;
  readonly z: tf.Tensor;
}

/**
 * Adds noise to the embeddings of the windows and applies the denoiser.
 *
 * @param previous The previous estimate x̂ of each window, or 0, [N, L, d].
 * @param cache The reader's key/value cache of the windows, if there is a reader.
 */
export function denoiseWindows(
  denoiser: Denoiser,
  inputs: Tensors,
  previous: tf.Tensor,
  cache: KeyValueCache | undefined,
): NoisyWindows {
  const clean = embeddedWindows(denoiser, inputs);
  const level = levelsOf(inputs);
  const alpha = perExample(level.alpha, clean), sigma = perExample(level.sigma, clean);
  const z = diffuse(clean, input(inputs, "eps"), alpha, sigma);
  const mask = cache && input(inputs, "mask");
  return { logits: denoiser.denoise(inputs, { z, previous, ...level, cache, mask }), clean, z };
}

/** Returns the estimate x̂ of the windows without a previous one. */
export function firstEstimate(
  denoiser: Denoiser,
  inputs: Tensors,
  cache: KeyValueCache | undefined,
): tf.Tensor {
  const previous = tf.zeros(input(inputs, "eps").shape);
  return estimateOf(denoiser, inputs, denoiseWindows(denoiser, inputs, previous, cache).logits);
}

/** Returns the embeddings of the windows, [N, L, d]. */
export function embeddedWindows(denoiser: Denoiser, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  const e = denoiser.embeddings(inputs) as tf.Tensor2D;
  const [vocabulary, d] = e.shape;
  const rows = tf.oneHot(tf.reshape(tokens, [n * length]), vocabulary, 1, 0, "float32");
  return tf.reshape(tf.matMul(rows as tf.Tensor2D, e), [n, length, d]);
}

/** Returns the estimate x̂ = softmax(logits)·E, [N, L, d]. */
export function estimateOf(denoiser: Denoiser, inputs: Tensors, logits: tf.Tensor): tf.Tensor {
  const [n, length, vocabulary] = logits.shape as [number, number, number];
  const e = denoiser.embeddings(inputs) as tf.Tensor2D;
  const shares = tf.reshape(tf.softmax(logits), [n * length, vocabulary]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(shares, e), [n, length, e.shape[1]]);
}

/** Returns the squared error ‖e − x̂‖² of each window, as the mean over its characters, [N]. */
export function squaredError(
  denoiser: Denoiser,
  inputs: Tensors,
  { logits, clean }: NoisyWindows,
): tf.Tensor {
  const error = tf.sub(clean, estimateOf(denoiser, inputs, logits));
  return tf.mean(tf.sum(tf.square(error), -1), -1);
}

/** Returns the cross-entropy of each window under {@link outputPrior} of its embeddings `z` alone, [N]. */
export function priorCrossEntropy(denoiser: Denoiser, inputs: Tensors, z: tf.Tensor): tf.Tensor {
  const logits = denoiser.prior(inputs, { z, ...levelsOf(inputs) });
  return crossEntropy(logits, input(inputs, "tokens"));
}

/**
 * Returns the mean cross-entropy of each window's masked characters, [N], from `tokens` and `masked`,
 * [N, L]. With masks from `maskedPlaces` it estimates the bound. Unmasked characters cost nothing, and the
 * mask has no logit ("SUBS" of MDLM, section 3).
 */
export function maskedBound(filler: Filler, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens"), masked = input(inputs, "masked");
  const nats = tokenCrossEntropy(filler.fill(inputs, tokens, masked), tokens);
  return tf.div(tf.sum(tf.mul(nats, masked), -1), tf.sum(masked, -1));
}
