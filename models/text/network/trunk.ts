/** The transformer trunk that all heads share, and the attention masks of the heads. */
import { tf } from "../../../engine/mod.ts";
import {
  type Activation,
  type KeyValues,
  type Rotary,
  rotaryConstants,
  type Scope,
  type Tensors,
  transformerBlock,
  transformerHead,
} from "../../layers/mod.ts";

/** Additive mask value whose attention weight underflows to zero in float32. */
const HIDDEN = -1e9;

/**
 * Returns the attention mask of the noisy sequence for windows that are divided into blocks. Position i
 * of the block that starts at s attends to positions 0 … s of the clean sequence (the last of which is
 * conditioned on all characters before s) and to the noisy positions of its own block.
 *
 * @param blockSize If it does not divide `length`, the last block is shorter.
 * @returns Row-major [length, length + length], clean positions first: 0 where attention is allowed,
 * {@link HIDDEN} elsewhere.
 */
export function blockMask(length: number, blockSize: number): Float32Array {
  const mask = new Float32Array(length * 2 * length).fill(HIDDEN);
  for (let i = 0; i < length; i++) {
    const start = i - i % blockSize;
    const row = i * 2 * length;
    mask.fill(0, row, row + start + 1);
    mask.fill(0, row + length + start, row + length + Math.min(start + blockSize, length));
  }
  return mask;
}

/**
 * Returns the attention mask of one block after a prefix, padded to the fixed size of a compiled program.
 *
 * @param slots Number of clean positions of the program, of which the first `prefix` + 1 are used.
 * @param size Number of noisy positions of the program, of which the first `length` are used.
 * @returns Row-major [size, slots + size].
 */
export function continuationMask(
  { slots, size, prefix, length }: {
    slots: number;
    size: number;
    prefix: number;
    length: number;
  },
): Float32Array {
  const mask = new Float32Array(size * (slots + size)).fill(HIDDEN);
  for (let i = 0; i < size; i++) {
    const row = i * (slots + size);
    mask.fill(0, row, row + prefix + 1);
    mask.fill(0, row + slots, row + slots + Math.max(length, 1));
  }
  return mask;
}

/** Returns the causal attention mask, [length, length]: position i attends to positions 0 … i. */
export function causalMask(length: number): tf.Tensor {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(HIDDEN, i * length + i + 1, (i + 1) * length);
  return tf.tensor2d(mask, [length, length]);
}

export const textSizes = {
  tiny: { width: 32, layers: 2, heads: 2 },
  small: { width: 128, layers: 4, heads: 4 },
  base: { width: 384, layers: 6, heads: 6 },
} as const;
export type TextSize = keyof typeof textSizes;

/** Transformer blocks and output layer, which all heads share. */
export interface Trunk {
  /**
   * Applies the blocks and the output layer.
   *
   * @param x [N, length, width].
   * @param condition [N or 1, 1, width].
   * @returns `logits`, [N, length, V], and the key/value cache.
   */
  apply(
    parameters: Tensors,
    x: tf.Tensor,
    condition: tf.Tensor,
    attention?: TrunkAttention,
  ): { logits: tf.Tensor; cache: KeyValueCache };
}

/** What a sequence attends to. */
export interface TrunkAttention {
  /** Rotary tables of the positions. By default those of 0, 1, …. */
  readonly rotary?: Rotary | undefined;
  /** Key/value cache of the preceding positions. */
  readonly cache?: KeyValueCache | undefined;
  /** Attention mask, added to the scores, [length, (cached +) length]. By default none. */
  readonly mask?: tf.Tensor | undefined;
}

/** Keys and values of a sequence, for each block. */
export type KeyValueCache = readonly KeyValues[];

/** Builds the trunk and declares its parameters. */
export function trunkOf(
  root: Scope,
  { size, vocabulary, positions, activation }: {
    readonly size: TextSize;
    readonly vocabulary: number;
    readonly positions: boolean;
    readonly activation?: Activation | undefined;
  },
): Trunk {
  const { width, layers, heads } = textSizes[size];
  const shape = { width, heads, conditionWidth: width, activation };
  const blocks = Array.from(
    { length: layers },
    (_, i) => transformerBlock(root.at(`block${i}`), shape),
  );
  const head = transformerHead(root.at("head"), shape, vocabulary);
  return {
    apply(p, x, condition, { rotary, cache, mask } = {}) {
      const turned = positions ? rotary ?? rotaryConstants(x.shape[1]!, width / heads) : undefined;
      const own: KeyValues[] = [];
      for (const [i, block] of blocks.entries()) {
        const result = block(p, x, condition, { rotary: turned, before: cache?.[i], mask });
        x = result.x;
        own.push(result.keyValues);
      }
      return { logits: head(p, x, condition), cache: own };
    },
  };
}
