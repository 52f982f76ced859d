/**
 * The network for text: a transformer and, on it, up to two of three heads.
 *
 * - The *reader* is an ordinary language model: it reads text left to right.
 * - The *denoiser* estimates characters from noisy embeddings, all positions at once. With a reader it
 *   may attend to the reader's positions, which is how a block knows the text before it (Arriola et al.
 *   2025, "Block Diffusion", section 3.3, with the reader's positions shifted by one so that they
 *   predict too).
 * - The *filler* estimates masked characters from those that are not masked.
 *
 * All heads share the transformer's blocks and its output layer. Each gives the blocks a condition
 * (adaLN-zero): the denoiser the noise level, the others a learned vector.
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

/** How text is learned: by the reader, the denoiser, both, or the filler. */
export type TextMethod = "autoregressive" | "diffusion" | "blocks" | "masked";

export interface TextNetworkOptions {
  readonly size: TextSize;
  readonly method: TextMethod;
  /** Different characters. */
  readonly vocabulary: number;
  /** Characters in a window. */
  readonly context: number;
  /** Whether attention knows positions; without them it knows no order. */
  readonly positions: boolean;
  /** Whether embeddings are scaled to unit length. */
  readonly unitNorm: boolean;
  /** Activation of the transformer's perceptrons, by default "gelu". */
  readonly activation?: Activation | undefined;
  /** Range of −log SNR over which the network learns how its bound is distributed; by default it does
   * not learn it. */
  readonly adaptive?: GammaEnds | undefined;
}

export interface TextNetwork {
  readonly options: TextNetworkOptions;
  /** Width of an attention head. */
  readonly headWidth: number;
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** Present for "autoregressive" and "blocks". */
  readonly reader: Reader | null;
  /** Present for "diffusion" and "blocks". */
  readonly denoiser: Denoiser | null;
  /** Present for "masked". */
  readonly filler: Filler | null;
}

/** The network of these options, without values for its parameters. */
export function textNetwork(options: TextNetworkOptions): TextNetwork {
  const { method, vocabulary, unitNorm, adaptive } = options;
  const { width, heads } = textSizes[options.size];
  const { root, specs } = declarations();
  const reads = method === "autoregressive" || method === "blocks";
  const noisy = method === "diffusion" || method === "blocks";

  // Declared in the order in which gradients are summed for clipping, which fixes the bits of a run.
  const shape = { width, vocabulary };
  const denoiser = noisy ? denoiserHead(root, { ...shape, unitNorm }) : null;
  const reader = reads ? readerHead(root, shape) : null;
  const filler = method === "masked" ? fillerHead(root, shape) : null;
  const trunk = trunkOf(root, options);
  if (adaptive) root.declare(DENSITY, [KNOTS], initialDensity(adaptive));

  return {
    options,
    headWidth: width / heads,
    parameters: specs,
    parameterCount: parameterCount(specs),
    reader: reader && reader(trunk),
    denoiser: denoiser && denoiser(trunk),
    filler: filler && filler(trunk),
  };
}
