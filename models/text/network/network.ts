/**
 * The text network: a transformer trunk with up to two of three heads.
 *
 * - The *reader* is an autoregressive language model.
 * - The *denoiser* predicts characters from noisy embeddings, all positions at once. Together with a
 *   reader it attends to the reader's key/value cache, which conditions a block on the text before it
 *   (Arriola et al. 2025, "Block Diffusion", section 3, with the reader's positions shifted by one so
 *   that they make predictions as well).
 * - The *filler* predicts masked characters from the unmasked ones.
 *
 * All heads share the transformer blocks and the output layer. Both are conditioned by adaptive layer
 * normalisation ({@link transformerBlock}), by the denoiser on the noise level, by the other heads on a
 * learned vector.
 */
import {
  type Activation,
  declarations,
  parameterCount,
  type ParameterSpec,
} from "../../layers/mod.ts";
import { DENSITY, type GammaEnds, initialDensity, KNOTS } from "./adaptive.ts";
import {
  type Denoiser,
  denoiserHead,
  type Filler,
  fillerHead,
  type Reader,
  readerHead,
} from "./heads.ts";
import { type TextSize, textSizes, trunkOf } from "./trunk.ts";

/** The training method, which selects the heads: reader, denoiser, both, or filler. */
export type TextMethod = "autoregressive" | "diffusion" | "blocks" | "masked";

export interface TextNetworkOptions {
  readonly size: TextSize;
  readonly method: TextMethod;
  /** Number of characters in the vocabulary. */
  readonly vocabulary: number;
  /** Number of characters in a window. */
  readonly context: number;
  /** Whether attention uses rotary position embeddings. */
  readonly positions: boolean;
  /** Whether embeddings are normalised to unit length. */
  readonly unitNorm: boolean;
  /** Activation of the MLPs. By default "gelu". */
  readonly activation?: Activation | undefined;
  /** Range of −log SNR over which the network learns the density of its bound. By default it does not. */
  readonly adaptive?: GammaEnds | undefined;
}

export interface TextNetwork {
  readonly options: TextNetworkOptions;
  /** Width of an attention head. */
  readonly headWidth: number;
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** Present for "autoregressive" and "blocks". */
  readonly reader: Reader | undefined;
  /** Present for "diffusion" and "blocks". */
  readonly denoiser: Denoiser | undefined;
  /** Present for "masked". */
  readonly filler: Filler | undefined;
}

/** Builds the network; its parameters are declared, not initialised. */
export function textNetwork(options: TextNetworkOptions): TextNetwork {
  const { method, vocabulary, unitNorm, adaptive } = options;
  const { width, heads } = textSizes[options.size];
  const { root, specs } = declarations();
  const reads = method === "autoregressive" || method === "blocks";
  const noisy = method === "diffusion" || method === "blocks";

  // The order of declaration is the order in which gradients are summed for clipping; changing it would
  // change the bits of a run.
  const shape = { width, vocabulary };
  const denoiser = noisy ? denoiserHead(root, { ...shape, unitNorm }) : undefined;
  const reader = reads ? readerHead(root, shape) : undefined;
  const filler = method === "masked" ? fillerHead(root, shape) : undefined;
  const trunk = trunkOf(root, options);
  if (adaptive) root.declare(DENSITY, [KNOTS], initialDensity(adaptive));

  return {
    options,
    headWidth: width / heads,
    parameters: specs,
    parameterCount: parameterCount(specs),
    reader: reader?.(trunk),
    denoiser: denoiser?.(trunk),
    filler: filler?.(trunk),
  };
}
