/** Who sees whom in block diffusion. */
import type { tf } from "../../../engine/mod.ts";
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

/** A score so low that its weight is zero in float32. */
export const HIDDEN = -1e9;

/**
 * The noisy stream's mask where windows are cut into blocks: slot i, in the block that starts at s,
 * sees the clean slots 0 … s (the last of which has read all characters before s) and the noisy
 * slots of its own block.
 *
 * @param blockSize Divides `length`, or the last block is shorter.
 * @returns Row-major [length, length + length]: clean slots first; 0 to see, {@link HIDDEN} not to.
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
 * The mask of one block after a prefix, within a program of fixed size.
 *
 * @param slots Clean slots of the program, of which the first `prefix` + 1 are used.
 * @param size Noisy slots of the program, of which the first `length` are used.
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

export const textSizes = {
  tiny: { width: 32, layers: 2, heads: 2 },
  small: { width: 128, layers: 4, heads: 4 },
} as const;
export type TextSize = keyof typeof textSizes;

/** What all heads share. */
export interface Trunk {
  readonly width: number;
  /**
   * Logits of the characters at the positions of `x`, with the keys and values of every block.
   *
   * @param x [N, length, width].
   * @param condition [N or 1, 1, width].
   * @returns `logits` [N, length, V].
   */
  apply(
    parameters: Tensors,
    x: tf.Tensor,
    condition: tf.Tensor,
    attention?: TrunkAttention,
  ): { logits: tf.Tensor; cache: KeyValueCache };
}

/** What positions attend to beside each other. */
export interface TrunkAttention {
  /** Positions, where they are not 0, 1, …. */
  readonly rotary?: Rotary | undefined;
  /** Keys and values of positions that come before. */
  readonly cache?: KeyValueCache | undefined;
  /** Added to the scores, [length, (cached +) length]; all attend to all by default. */
  readonly mask?: tf.Tensor | undefined;
}

/** Keys and values of a sequence, block by block. */
export type KeyValueCache = readonly KeyValues[];

/** Declares the parameters of the blocks and of the output layer. */
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
    width,
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
