/** The transformer that all heads of the text network share. */
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
