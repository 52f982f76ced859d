/** Attention, and transformer blocks over it. */
import { tf } from "../../engine/mod.ts";
import { gelu, type Layer, linear, silu } from "./linear.ts";
import { standardize } from "./normalization.ts";
import { type Scope, type Tensors, zeros } from "./parameters.ts";

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(q kᵀ/√width) v.
 *
 * @param q,k,v [..., length, width]; leading axes (examples, heads) are independent.
 * @param mask Added to the scores, broadcastable to [..., length, length]: 0 where attention is
 * allowed, a large negative number elsewhere. It receives no gradient.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  // With P the softmax and O = P V: dS = P ∘ (dP − rows(dO ∘ O)). The sums over a row of dP ∘ P are
  // those of dO ∘ O (Dao et al. 2022, "FlashAttention", appendix B.2), which is a fraction of the size.
  const withGradient = tf.customGrad((...args) => {
    const [q, k, v, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const scores = tf.mul(tf.matMul(q, k, false, true), scale);
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const value = tf.matMul(weights, v);
    save([q, k, v, weights, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [q, k, v, weights, value] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const rows = tf.sum(tf.mul(dy, value), -1, true);
      const dScores = tf.mul(weights, tf.sub(tf.matMul(dy, v, false, true), rows));
      return [
        tf.mul(tf.matMul(dScores, k), scale),
        tf.mul(tf.matMul(dScores, q, true, false), scale),
        tf.matMul(weights, dy, true, false),
      ];
    };
    return { value, gradFunc };
  });
  return withGradient(q, k, v);
}

/** Tables of rotary position embeddings: cosines and sines, [length, width/2] each. */
export interface Rotary {
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
}

/**
 * Returns the tables of rotary position embeddings (Su et al. 2021, "RoFormer", section 3.2.2): position p
 * rotates pair i of a head by the angle p / 10000^(2i/width), so that the product of a query and a key
 * depends on the distance of their positions only.
 *
 * @param positions Position of each element of the sequence.
 * @param width Width of a head; even.
 * @returns Row-major arrays on the host, [positions.length, width/2].
 */
export function rotaryTables(
  positions: ArrayLike<number>,
  width: number,
): { cos: Float32Array; sin: Float32Array } {
  const pairs = width / 2;
  const cos = new Float32Array(positions.length * pairs);
  const sin = new Float32Array(positions.length * pairs);
  for (let p = 0; p < positions.length; p++) {
    for (let i = 0; i < pairs; i++) {
      const angle = positions[p]! / 10000 ** (2 * i / width);
      cos[p * pairs + i] = Math.cos(angle);
      sin[p * pairs + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Returns the tables of positions 0, 1, … as constants of a traced function. */
export function rotaryConstants(length: number, width: number): Rotary {
  const { cos, sin } = rotaryTables(Array.from({ length }, (_, i) => i), width);
  const shape: [number, number] = [length, width / 2];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/**
 * Applies rotary position embeddings to every head of x, [N, length, heads · headWidth]. Pair i of a head
 * consists of its elements i and i + headWidth/2. The halves are exchanged by a product with a matrix of
 * 0, 1 and −1, which is faster than slicing and keeps the heads in one axis.
 */
export function rotate(x: tf.Tensor, heads: number, { cos, sin }: Rotary): tf.Tensor {
  const headWidth = x.shape.at(-1)! / heads;
  const rows = tf.reshape(x, [-1, headWidth]) as tf.Tensor2D;
  const turned = tf.reshape(tf.matMul(rows, quarterTurn(headWidth)), x.shape);
  const everywhere = (table: tf.Tensor) => tf.tile(tf.concat([table, table], -1), [1, heads]);
  return tf.add(tf.mul(x, everywhere(cos)), tf.mul(turned, everywhere(sin)));
}

/** Returns the matrix that maps the halves (a, b) to (−b, a), [width, width]. */
function quarterTurn(width: number): tf.Tensor2D {
  const half = width / 2;
  const matrix = new Float32Array(width * width);
  for (let i = 0; i < half; i++) {
    matrix[(i + half) * width + i] = -1;
    matrix[i * width + i + half] = 1;
  }
  return tf.tensor2d(matrix, [width, width]);
}

const activations = { gelu, silu } as const;
export type Activation = keyof typeof activations;

export interface TransformerOptions {
  readonly width: number;
  /** Number of heads; must divide `width`. */
  readonly heads: number;
  /** Width of the conditioning vector. */
  readonly conditionWidth: number;
  /** Activation of the MLP. By default "gelu"; "silu" takes half as many passes over memory. */
  readonly activation?: Activation | undefined;
}

/** Keys and values of some positions, [N, heads, length, width / heads]. */
export interface KeyValues {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

/** Options of attention. */
export interface AttentionOptions {
  /** Rotary position embeddings. By default none. */
  readonly rotary?: Rotary | undefined;
  /** Keys and values of a preceding sequence, which are attended to as well. */
  readonly before?: KeyValues | undefined;
  /** Attention mask, added to the scores, [length, (length before +) length]. By default none. */
  readonly mask?: tf.Tensor | undefined;
}

/**
 * A transformer block: x [N, length, width] → the same shape, and the keys and values of its positions.
 *
 * @param condition [N or 1, 1 or length, conditionWidth].
 */
export type TransformerBlock = (
  parameters: Tensors,
  x: tf.Tensor,
  condition: tf.Tensor,
  attention?: AttentionOptions,
) => { x: tf.Tensor; keyValues: KeyValues };

/**
 * The transformer block of Peebles & Xie 2023 ("DiT"): attention and an MLP of four times the width, each
 * with a shift and a scale of its input and a gate of its output that depend on the condition.
 *
 * The weights of the modulation are initialised to zero as in adaLN-zero, but the gates to 1 instead of 0:
 * the block is initially an ordinary transformer block, not the identity. This helps short trainings: on
 * tiny Shakespeare the diffusion bound after 1,000 steps is 0.14 nats lower.
 */
export function transformerBlock(scope: Scope, options: TransformerOptions): TransformerBlock {
  const { width, heads } = options;
  const activate = activations[options.activation ?? "gelu"];
  const modulation = modulations(scope.at("modulation"), options, [0, 0, 1, 0, 0, 1]);
  const [query, key, value] = ["query", "key", "value"].map((name) =>
    linear(scope.at(`attend.${name}`), width, width, { hidden: true })
  ) as [Layer, Layer, Layer];
  const project = linear(scope.at("attend.out"), width, width, { hidden: true });
  const widen = linear(scope.at("mlp.in"), width, 4 * width, { hidden: true });
  const narrow = linear(scope.at("mlp.out"), 4 * width, width, { hidden: true });

  return (p, x, condition, { rotary, before, mask } = {}) => {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation(p, condition);
    const seen = modulate(standardize(x), shift1!, scale1!);
    const turn = (x: tf.Tensor) => rotary ? rotate(x, heads, rotary) : x;
    const q = splitHeads(turn(query(p, seen)), heads);
    const own = {
      keys: splitHeads(turn(key(p, seen)), heads),
      values: splitHeads(value(p, seen), heads),
    };
    const keys = before ? tf.concat([before.keys, own.keys], 2) : own.keys;
    const values = before ? tf.concat([before.values, own.values], 2) : own.values;
    const attended = project(p, joinHeads(attention(q, keys, values, mask)));
    const middle = tf.add(x, tf.mul(gate1!, attended));
    const update = narrow(p, activate(widen(p, modulate(standardize(middle), shift2!, scale2!))));
    return { x: tf.add(middle, tf.mul(gate2!, update)), keyValues: own };
  };
}

/**
 * The last layer of the transformer: layer normalisation with shift and scale from the condition, then a
 * linear layer that is initialised to zero.
 */
export function transformerHead(
  scope: Scope,
  options: TransformerOptions,
  outputs: number,
): (parameters: Tensors, x: tf.Tensor, condition: tf.Tensor) => tf.Tensor {
  const modulation = modulations(scope.at("modulation"), options, [0, 0]);
  const out = linear(scope.at("out"), options.width, outputs, { init: zeros });
  return (p, x, condition) => {
    const [shift, scale] = modulation(p, condition);
    return out(p, modulate(standardize(x), shift!, scale!));
  };
}

/** Returns modulation vectors computed from the condition, with the initial values `starts`. */
function modulations(
  scope: Scope,
  { width, conditionWidth }: TransformerOptions,
  starts: readonly number[],
): (parameters: Tensors, condition: tf.Tensor) => tf.Tensor[] {
  const map: Layer = linear(scope, conditionWidth, starts.length * width, {
    init: zeros,
    biasInit: { kind: "segments", values: starts },
  });
  return (p, condition) => tf.split(map(p, silu(condition)), starts.length, -1);
}

function modulate(x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(x, tf.add(scale, 1)), shift);
}

/** [N, length, width] → [N, heads, length, width / heads]. */
function splitHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [n, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [n, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** The inverse of {@link splitHeads}. */
function joinHeads(x: tf.Tensor): tf.Tensor {
  const [n, heads, length, width] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [n, length, heads * width]);
}
