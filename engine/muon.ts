/**
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): momentum
 * whose matrices are made orthogonal before they are applied, so that every direction of a weight
 * matrix learns at the same pace, not only the few in which gradients are large.
 */
import type { Parameters } from "./host/mod.ts";
import { tf } from "./tf.ts";
import type { Engine, Signature } from "./types.ts";

/** Coefficient of the momentum and of its Nesterov look-ahead. */
export const MOMENTUM = 0.95;
const ITERATIONS = 5;
/** Coefficients of x, x³ and x⁵: steep at 0, and within 0.7 … 1.2 after {@link ITERATIONS}. */
const [LINEAR, CUBIC, QUINTIC] = [3.4445, -4.775, 2.0315] as const;
/** Root mean square of AdamW's typical step, in learning rates (Liu et al. 2025, section 2.2). */
const STEP_SIZE = 0.2;

/** Length of a step along orthogonal matrices of this shape, in learning rates. */
export function muonStepSize(shape: readonly [rows: number, columns: number]): number {
  return STEP_SIZE * Math.sqrt(Math.max(...shape));
}

/**
 * U Vᵀ, about, for each matrix U Σ Vᵀ: a quintic iteration that drives every singular value to
 * near 1 (Jordan et al. 2024; after Bernstein & Newhouse 2024).
 *
 * @param matrices [count, rows, columns].
 */
export function orthogonalized(matrices: tf.Tensor): tf.Tensor {
  const [, rows, columns] = matrices.shape as [number, number, number];
  if (rows > columns) {
    return tf.transpose(orthogonalized(tf.transpose(matrices, [0, 2, 1])), [0, 2, 1]);
  }
  const norm = tf.sqrt(tf.sum(tf.square(matrices), [1, 2], true));
  let x = tf.div(matrices, tf.add(norm, 1e-7));
  for (let i = 0; i < ITERATIONS; i++) {
    const gram = tf.matMul(x, x, false, true);
    const series = tf.add(tf.mul(gram, CUBIC), tf.mul(tf.matMul(gram, gram), QUINTIC));
    x = tf.add(tf.mul(x, LINEAR), tf.matMul(series, x));
  }
  return x;
}

/** A compiled step of Muon for some of a model's tensors. */
export interface Muon {
  /** The tensors that it updates. */
  readonly names: ReadonlySet<string>;
  /**
   * Takes one step in place.
   *
   * @param momentum Of each tensor; changed too.
   * @param options.scale What clipping leaves of the gradients.
   * @param options.weightDecay Decoupled, as AdamW's.
   */
  step(
    parameters: Parameters,
    gradients: Readonly<Record<string, Float32Array>>,
    momentum: Readonly<Record<string, Float32Array>>,
    options: MuonOptions,
  ): Promise<void>;
}

interface MuonOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly scale: number;
}

/** Compiles Muon for tensors of rank 2 and above, taken as matrices [all other axes, last axis]. */
export async function compileMuon(
  engine: Engine,
  parameters: Parameters,
  names: readonly string[],
): Promise<Muon> {
  const stacks = stacked(parameters, names);
  const signature: Signature = Object.fromEntries(
    stacks.map(({ key, members, shape }) => [key, {
      shape: [members.length, ...shape],
      dtype: "float32" as const,
    }]),
  );
  const program = await engine.compile(
    (inputs) =>
      Object.fromEntries(
        stacks.map(({ key }) => [`orthogonal/${key}`, orthogonalized(inputs[key]!)]),
      ),
    signature,
  );
  const directions = Object.fromEntries(
    stacks.map(({ key, members, size }) => [key, new Float32Array(members.length * size)]),
  );
  return {
    names: new Set(names),
    async step(parameters, gradients, momentum, options) {
      for (const { key, members, size } of stacks) {
        members.forEach((name, i) => {
          const direction = directions[key]!.subarray(i * size, (i + 1) * size);
          accumulate(momentum[name]!, gradients[name]!, direction, options.scale);
        });
      }
      const outputs = await program.run(directions);
      for (const { key, members, size, shape } of stacks) {
        const step = options.learningRate * muonStepSize(shape);
        const keep = 1 - options.learningRate * options.weightDecay;
        members.forEach((name, i) => {
          const orthogonal = outputs[`orthogonal/${key}`]!.subarray(i * size, (i + 1) * size);
          const { data } = parameters[name]!;
          for (let j = 0; j < size; j++) data[j] = keep * data[j]! - step * orthogonal[j]!;
        });
      }
    },
  };
}

/** Tensors that are matrices of one shape, made orthogonal together. */
interface Stack {
  readonly key: string;
  readonly shape: readonly [rows: number, columns: number];
  readonly size: number;
  readonly members: readonly string[];
}

/** Tensors of rank 2 and above as matrices [all other axes, last axis], those of one shape together. */
export function stacked(
  parameters: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  names: readonly string[],
): Stack[] {
  const shapeOf = (name: string) => {
    const { shape } = parameters[name]!;
    if (shape.length < 2) throw new Error(`Internal: ${name} [${shape}] is no matrix`);
    return [shape.slice(0, -1).reduce((x, y) => x * y), shape.at(-1)!] as const;
  };
  return [...Map.groupBy(names, (name) => shapeOf(name).join("x"))].map(([key, members]) => {
    const shape = shapeOf(members[0]!);
    return { key, shape, size: shape[0] * shape[1], members };
  });
}

/** Momentum with the new gradient, and where it points one step ahead (Nesterov). */
function accumulate(
  momentum: Float32Array,
  gradient: Float32Array,
  direction: Float32Array,
  scale: number,
): void {
  for (let i = 0; i < momentum.length; i++) {
    const news = (1 - MOMENTUM) * scale * gradient[i]!;
    const now = MOMENTUM * momentum[i]! + news;
    momentum[i] = now;
    direction[i] = MOMENTUM * now + news;
  }
}
