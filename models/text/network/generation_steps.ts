/** The steps of the text network that generation evaluates. */
import { tf } from "../../../engine/mod.ts";
import { input, perExampleInput, sharedInput, type Step } from "../../steps/mod.ts";
import { EMBEDDING_DIMENSION, FIXED_LOGIT } from "../mod.ts";
import type { Denoiser, Filler, Reader } from "./heads.ts";
import type { TextNetwork } from "./network.ts";
import { estimateOf, levelInputs, levelsOf } from "./windows.ts";

/** Output: `logits` [N, context, V] of the character after each prefix of `tokens`, [N, context − 1]. */
export function nextCharacters(network: TextNetwork, reader: Reader): Step {
  return {
    parameters: network.parameters,
    inputs: { tokens: perExampleInput([network.options.context - 1], "int32") },
    apply: (inputs) => ({ logits: reader.read(inputs, input(inputs, "tokens")).logits }),
  };
}

/** Output: `logits` [N, length, V] of the masked characters, from `tokens` and `masked` [N, length]. */
export function textFiller(network: TextNetwork, filler: Filler, length: number): Step {
  return {
    parameters: network.parameters,
    inputs: { tokens: perExampleInput([length], "int32"), masked: perExampleInput([length]) },
    apply: (inputs) => ({
      logits: filler.fill(inputs, input(inputs, "tokens"), input(inputs, "masked")),
    }),
  };
}

/**
 * The denoiser of generation. Output: `logits` [N, length, V], from `z` and `previous`,
 * [N, length, d], and the noise level, [N]. For a network with a reader, also from the `tokens` before
 * the block, [N, context − 1], `mask` ({@link continuationMask}) and the rotary tables `cos` and `sin`
 * of the block's positions, [length, headWidth/2].
 *
 * @param length Number of characters in the block.
 */
export function textDenoiser(network: TextNetwork, denoiser: Denoiser, length: number): Step {
  const { reader, headWidth, options: { context } } = network;
  const points = perExampleInput([length, EMBEDDING_DIMENSION]);
  const angles = sharedInput([length, headWidth / 2]);
  return {
    parameters: network.parameters,
    inputs: {
      z: points,
      previous: points,
      ...levelInputs,
      ...(reader
        ? {
          tokens: perExampleInput([context - 1], "int32"),
          mask: sharedInput([length, context + length]),
          cos: angles,
          sin: angles,
        }
        : {}),
    },
    apply: (inputs) => ({
      logits: denoiser.denoise(inputs, {
        ...levelsOf(inputs),
        z: input(inputs, "z"),
        previous: input(inputs, "previous"),
        cache: reader?.read(inputs, input(inputs, "tokens")).cache,
        mask: reader ? input(inputs, "mask") : undefined,
        rotary: reader ? { cos: input(inputs, "cos"), sin: input(inputs, "sin") } : undefined,
      }),
    }),
  };
}

/**
 * The denoiser of sampling loops that stay where the network runs (`compileSampling`): as
 * {@link textDenoiser}, with the inputs `fixed`, [N, length] int32, the characters that are not to be
 * sampled or −1, and `temperature`, []. Outputs: `logits`, [N, length, V], those of fixed characters
 * included, and `denoised`, [N, length, d], the estimate x̂ = softmax(logits / temperature)·E.
 */
export function textEstimator(network: TextNetwork, denoiser: Denoiser, length: number): Step {
  const { parameters, inputs, apply } = textDenoiser(network, denoiser, length);
  return {
    parameters,
    inputs: {
      ...inputs,
      fixed: perExampleInput([length], "int32"),
      temperature: sharedInput([]),
    },
    apply: (all) => {
      const fixed = input(all, "fixed");
      const certain = tf.oneHot(fixed, network.options.vocabulary, FIXED_LOGIT, 0, "float32");
      const isFixed = tf.expandDims(tf.greaterEqual(fixed, 0), -1);
      const logits = tf.where(isFixed, certain, input(apply(all), "logits"));
      const scaled = tf.div(logits, input(all, "temperature"));
      return { logits, denoised: estimateOf(denoiser, all, scaled) };
    },
  };
}
