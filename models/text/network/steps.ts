/**
 * The steps of the text network that an engine compiles. They take the parameters of the network by name
 * and the inputs that each {@link Step} declares. For N windows of L characters these are:
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
  diffuse,
  firstRows,
  input,
  perExample,
  perExampleInput,
  sharedInput,
  type Step,
  type StepInput,
} from "../../steps/mod.ts";
import { DENSITY, densityFit, KNOTS } from "./adaptive.ts";
import { EMBEDDING_DIMENSION, FIXED_LOGIT } from "../mod.ts";
import { crossEntropy, type Denoiser, perCharacter, type Reader } from "./heads.ts";
import { maskedBound, maskedInputs } from "./masked.ts";
import type { TextNetwork } from "./network.ts";
import type { KeyValueCache } from "./trunk.ts";

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
  const { reader, denoiser, filler, options: { adaptive } } = network;
  const names = network.parameters.map(({ name }) => name);
  const inputs = filler ? maskedInputs(network) : denoiser
    ? {
      ...noisyWindows(network),
      cross_entropy_weight: perExampleInput([]),
      squared_error_weight: perExampleInput([]),
      ...(adaptive ? { knot_weight: perExampleInput([KNOTS]) } : {}),
      ...blockInputs(network),
    }
    : windows(network);

  const lossOf = (all: Tensors, previous: tf.Tensor | null): tf.Tensor => {
    const tokens = input(all, "tokens");
    if (filler) return tf.mean(maskedBound(filler, all));
    const read = reader && readAll(reader, all);
    if (!denoiser || !previous) return tf.mean(crossEntropy(read!.logits, tokens));
    const { crossEntropies, squaredErrors } = estimate(denoiser, all, previous, {
      rounding: options.rounding,
      cache: read?.cache,
    });
    const bound = tf.mean(tf.add(
      tf.mul(input(all, "cross_entropy_weight"), crossEntropies),
      tf.mul(input(all, "squared_error_weight"), squaredErrors),
    ));
    const loss = read
      ? tf.mul(tf.add(bound, tf.mean(crossEntropy(read.logits, tokens))), 0.5)
      : bound;
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

  const apply: Step["apply"] = (given) => {
    // Computed outside of the differentiated function, so no gradient flows through it.
    const previous = denoiser &&
      firstEstimate({ denoiser, reader }, inputs, given, options.selfCondition);
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      return lossOf({ ...given, ...parameters }, previous) as tf.Scalar;
    })(names.map((name) => input(given, name)));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
  return { parameters: network.parameters, inputs, apply };
}

/** Output: `nats` [N, L], −log p of each character conditioned on those before it in its window. */
export function autoregressiveStep(network: TextNetwork, reader: Reader): Step {
  return {
    parameters: network.parameters,
    inputs: windows(network),
    apply: (inputs) => ({
      nats: perCharacter(readAll(reader, inputs).logits, input(inputs, "tokens")),
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
  options: TextStepOptions,
): Step {
  const { reader } = network;
  const inputs = { ...noisyWindows(network), ...blockInputs(network) };
  return {
    parameters: network.parameters,
    inputs,
    apply: (given) => {
      const cache = reader ? readAll(reader, given).cache : undefined;
      const share = options.selfCondition > 0 ? 1 : 0;
      const previous = firstEstimate({ denoiser, reader }, inputs, given, share, cache);
      const { crossEntropies, squaredErrors, priorCrossEntropies } = estimate(
        denoiser,
        given,
        previous,
        { rounding: "prediction", cache },
      );
      return {
        rounding: options.rounding === "clean"
          ? roundingCrossEntropy(denoiser, given)
          : crossEntropies,
        cross_entropy: crossEntropies,
        squared_error: squaredErrors,
        prior_cross_entropy: priorCrossEntropies,
      };
    },
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
        ...levels(inputs),
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
    apply: (given) => {
      const fixed = input(given, "fixed");
      const certain = tf.oneHot(fixed, network.options.vocabulary, FIXED_LOGIT, 0, "float32");
      const isFixed = tf.expandDims(tf.greaterEqual(fixed, 0), -1);
      const logits = tf.where(isFixed, certain, input(apply(given), "logits"));
      const scaled = tf.div(logits, input(given, "temperature"));
      return { logits, denoised: denoised(denoiser, given, scaled) };
    },
  };
}

/** Output: `logits` [N, context, V] of the character after each prefix of `tokens`, [N, context − 1]. */
export function nextCharacters(network: TextNetwork, reader: Reader): Step {
  return {
    parameters: network.parameters,
    inputs: { tokens: perExampleInput([network.options.context - 1], "int32") },
    apply: (inputs) => ({ logits: reader.read(inputs, input(inputs, "tokens")).logits }),
  };
}

type Inputs = Readonly<Record<string, StepInput>>;

const levelInputs: Inputs = {
  gamma: perExampleInput([]),
  alpha: perExampleInput([]),
  sigma: perExampleInput([]),
};

function windows({ options: { context } }: TextNetwork): Inputs {
  return { tokens: perExampleInput([context], "int32") };
}

/** Inputs: windows, their noise and its levels. */
function noisyWindows(network: TextNetwork): Inputs {
  const { context } = network.options;
  return {
    ...windows(network),
    eps: perExampleInput([context, EMBEDDING_DIMENSION]),
    ...levelInputs,
  };
}

/** Inputs: the block mask, if the denoiser attends to a reader. */
function blockInputs({ reader, options: { context } }: TextNetwork): Inputs {
  return reader ? { mask: sharedInput([context, 2 * context]) } : {};
}

/** Applies the reader to whole windows; their last character is only predicted. */
function readAll(reader: Reader, inputs: Tensors) {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  return reader.read(inputs, tf.slice(tokens, [0, 0], [n, length - 1]));
}

/**
 * Returns the first estimate x̂ of the windows that are self-conditioned, and zeros for the others:
 * [N, L, d].
 *
 * @param cache The reader's key/value cache of all windows, if there is a reader.
 */
function firstEstimate(
  { denoiser, reader }: Pick<TextNetwork, "reader"> & { readonly denoiser: Denoiser },
  inputs: Inputs,
  given: Tensors,
  share: number,
  cache?: KeyValueCache,
): tf.Tensor {
  const eps = input(given, "eps");
  const [n, length, d] = eps.shape as [number, number, number];
  const rows = Math.round(share * n);
  if (rows === 0) return tf.zeros([n, length, d]);
  const first = Object.fromEntries(
    Object.entries(given).map(([name, value]) =>
      inputs[name]?.perExample ? [name, firstRows(value, rows)] : [name, value]
    ),
  );
  const known = cache && rows === n ? cache : reader ? readAll(reader, first).cache : undefined;
  const { logits } = denoiseWindows(denoiser, first, tf.zeros([rows, length, d]), known);
  const estimated = denoised(denoiser, given, logits);
  return rows === n ? estimated : tf.concat([estimated, tf.zeros([n - rows, length, d])], 0);
}

function estimate(
  denoiser: Denoiser,
  inputs: Tensors,
  previous: tf.Tensor,
  { rounding, cache }: {
    readonly rounding: TextStepOptions["rounding"];
    readonly cache: KeyValueCache | undefined;
  },
) {
  const tokens = input(inputs, "tokens");
  const { logits, clean, z } = denoiseWindows(denoiser, inputs, previous, cache);
  const error = tf.sub(clean, denoised(denoiser, inputs, logits));
  return {
    crossEntropies: rounding === "clean"
      ? roundingCrossEntropy(denoiser, inputs)
      : crossEntropy(logits, tokens),
    squaredErrors: tf.mean(tf.sum(tf.square(error), -1), -1),
    priorCrossEntropies: crossEntropy(priorOf(denoiser, inputs, z), tokens),
  };
}

/** Returns the cross-entropy of characters given their own clean embeddings, [N]. */
function roundingCrossEntropy(denoiser: Denoiser, inputs: Tensors): tf.Tensor {
  const logits = priorOf(denoiser, inputs, embedded(denoiser, inputs));
  return crossEntropy(logits, input(inputs, "tokens"));
}

/** Returns the embeddings of the windows, [N, L, d]. */
function embedded(denoiser: Denoiser, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens");
  const [n, length] = tokens.shape as [number, number];
  const e = denoiser.embeddings(inputs) as tf.Tensor2D;
  const [vocabulary, d] = e.shape;
  const rows = tf.oneHot(tf.reshape(tokens, [n * length]), vocabulary, 1, 0, "float32");
  return tf.reshape(tf.matMul(rows as tf.Tensor2D, e), [n, length, d]);
}

/** Adds noise to the embeddings of the windows and applies the denoiser. */
function denoiseWindows(
  denoiser: Denoiser,
  inputs: Tensors,
  previous: tf.Tensor,
  cache: KeyValueCache | undefined,
) {
  const clean = embedded(denoiser, inputs);
  const level = levels(inputs);
  const alpha = perExample(level.alpha, clean), sigma = perExample(level.sigma, clean);
  const z = diffuse(clean, input(inputs, "eps"), alpha, sigma);
  const logits = denoiser.denoise(inputs, {
    z,
    previous,
    ...level,
    cache,
    mask: cache && input(inputs, "mask"),
  });
  return { logits, clean, z };
}

/** Returns x̂ = softmax(logits)·E, [N, L, d]. */
function denoised(denoiser: Denoiser, inputs: Tensors, logits: tf.Tensor): tf.Tensor {
  const [n, length, vocabulary] = logits.shape as [number, number, number];
  const e = denoiser.embeddings(inputs) as tf.Tensor2D;
  const shares = tf.reshape(tf.softmax(logits), [n * length, vocabulary]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(shares, e), [n, length, e.shape[1]]);
}

/** Returns {@link outputPrior} of the noisy embeddings `z`. */
function priorOf(denoiser: Denoiser, inputs: Tensors, z: tf.Tensor): tf.Tensor {
  return denoiser.prior(inputs, { z, ...levels(inputs) });
}

function levels(inputs: Tensors) {
  return {
    gamma: input(inputs, "gamma"),
    alpha: input(inputs, "alpha"),
    sigma: input(inputs, "sigma"),
  };
}
