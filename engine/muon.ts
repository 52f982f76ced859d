/**
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): momentum
 * whose matrices are made orthogonal before they are applied, so that every direction of a weight
 * matrix learns at the same pace, not only the few in which gradients are large.
 */
import type { Parameters } from "./host/mod.ts";
import { tf } from "./tf.ts";
import type { Engine, Program, Signature } from "./types.ts";

/** Of the momentum, and of its Nesterov look-ahead. */
const MOMENTUM = 0.95;
const ITERATIONS = 5;
/** Coefficients of x, x³ and x⁵: steep at 0, and within 0.7 … 1.2 after {@link ITERATIONS}. */
const [LINEAR, CUBIC, QUINTIC] = [3.4445, -4.775, 2.0315] as const;
/** Root mean square of AdamW's typical step, in learning rates (Liu et al. 2025, section 2.2). */
const STEP_SIZE = 0.2;

/**
 * U Vᵀ, about, for each matrix U Σ Vᵀ: a quintic iteration that drives every singular value to
 * near 1 (Jordan et al. 2024; after Bernstein & Newhouse 2024).
 *
 * @param matrices [count, rows, columns], rows ≤ columns.
 */
export function orthogonalized(matrices: tf.Tensor): tf.Tensor {
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
    options: {
      readonly learningRate: number;
      readonly weightDecay: number;
      readonly scale: number;
    },
  ): Promise<void>;
}

/**
 * Compiles Muon for tensors of rank 2 and above, taken as matrices of their last axis by all others.
 *
 * @param replicas At most so many share the work.
 */
export async function compileMuon(
  engine: Engine,
  parameters: Parameters,
  names: readonly string[],
  replicas: number,
): Promise<Muon> {
  const stacks = stacked(parameters, names);
  const signature: Signature = Object.fromEntries(
    stacks.map(({ key, members, rows, columns }) => [key, {
      shape: [members.length, rows, columns],
      dtype: "float32" as const,
    }]),
  );
  const count = commonDivisor(stacks.map(({ members }) => members.length), replicas);
  const program: Program = await engine.compile(
    (inputs) =>
      Object.fromEntries(
        stacks.map(({ key }) => [`orthogonal/${key}`, orthogonalized(inputs[key]!)]),
      ),
    signature,
    count > 1 ? { replicas: { count, split: Object.keys(signature), outputs: "concat" } } : {},
  );
  const looks = Object.fromEntries(
    stacks.map(({ key, members, rows, columns }) => [
      key,
      new Float32Array(members.length * rows * columns),
    ]),
  );
  return {
    names: new Set(names),
    async step(parameters, gradients, momentum, { learningRate, weightDecay, scale }) {
      for (const { key, members, rows, columns } of stacks) {
        members.forEach(({ name, turned }, i) => {
          const size = rows * columns;
          const look = looks[key]!.subarray(i * size, (i + 1) * size);
          accumulate(momentum[name]!, gradients[name]!, scale);
          const ahead = (j: number) =>
            MOMENTUM * momentum[name]![j]! + (1 - MOMENTUM) * scale * gradients[name]![j]!;
          if (turned) transposeInto(look, ahead, columns, rows);
          else for (let j = 0; j < size; j++) look[j] = ahead(j);
        });
      }
      const orthogonal = await program.run(looks);
      for (const { key, members, rows, columns } of stacks) {
        const step = learningRate * STEP_SIZE * Math.sqrt(columns);
        const keep = 1 - learningRate * weightDecay;
        members.forEach(({ name, turned }, i) => {
          const { data } = parameters[name]!;
          const size = rows * columns;
          const update = orthogonal[`orthogonal/${key}`]!.subarray(i * size, (i + 1) * size);
          for (let row = 0; row < rows; row++) {
            for (let column = 0; column < columns; column++) {
              const at = turned ? column * rows + row : row * columns + column;
              data[at] = keep * data[at]! - step * update[row * columns + column]!;
            }
          }
        });
      }
    },
  };
}

/** Matrices of one shape, which are made orthogonal together. */
interface Stack {
  readonly key: string;
  /** At most `columns`. */
  readonly rows: number;
  readonly columns: number;
  /** `turned` are those that lie the other way round in memory. */
  readonly members: readonly { readonly name: string; readonly turned: boolean }[];
}

function stacked(parameters: Parameters, names: readonly string[]): Stack[] {
  const matrices = names.map((name) => {
    const { shape, data } = parameters[name]!;
    if (shape.length < 2) throw new Error(`Internal: ${name} [${shape}] is no matrix`);
    const across = shape.at(-1)!, down = data.length / across;
    return {
      name,
      turned: down > across,
      rows: Math.min(down, across),
      columns: Math.max(down, across),
    };
  });
  return [...Map.groupBy(matrices, ({ rows, columns }) => `${rows}x${columns}`)]
    .map(([key, members]) => ({
      key,
      rows: members[0]!.rows,
      columns: members[0]!.columns,
      members,
    }));
}

function accumulate(momentum: Float32Array, gradient: Float32Array, scale: number): void {
  for (let i = 0; i < momentum.length; i++) {
    momentum[i] = MOMENTUM * momentum[i]! + (1 - MOMENTUM) * scale * gradient[i]!;
  }
}

/** Writes the transpose of a `rows` × `columns` matrix, given by its values in row-major order. */
function transposeInto(
  target: Float32Array,
  value: (index: number) => number,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      target[column * rows + row] = value(row * columns + column);
    }
  }
}

/** The largest number up to `most` that divides all counts. */
function commonDivisor(counts: readonly number[], most: number): number {
  for (let divisor = most; divisor > 1; divisor--) {
    if (counts.every((count) => count % divisor === 0)) return divisor;
  }
  return 1;
}
