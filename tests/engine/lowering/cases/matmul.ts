import { tf } from "../../../../engine/mod.ts";
import { type ArrayInput, toTensor, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

const row = (
  name: string,
  a: number[],
  b: number[],
  fn: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  noGradient?: string,
): KernelCase => ({
  kernel: tf.BatchMatMul,
  name,
  inputs: [wave(a), wave(b, 0.59)],
  fn,
  ...(noGradient ? { noGradient } : {}),
});

const flags = [[false, false], [true, false], [false, true], [true, true]] as const;

/** Every combination of transposed operands for m×k by k×n under the given batch shapes. */
function transposed(name: string, left: number[], right: number[]): KernelCase[] {
  const [m, k, n] = [3, 5, 4];
  return flags.map(([ta, tb]) =>
    row(
      `${name}${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
      [...left, ...(ta ? [k, m] : [m, k])],
      [...right, ...(tb ? [n, k] : [k, n])],
      (a, b) => tf.matMul(a, b, ta, tb),
    )
  );
}

const swap = (x: tf.Tensor) =>
  tf.transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.rank - 1, x.rank - 2));

const einsum = (equation: string, ...shapes: number[][]): KernelCase => ({
  kernel: tf.Einsum,
  name: `${equation} of ${shapes.map((shape) => `[${shape}]`).join(" and ")}`,
  inputs: shapes.map((shape, i) => wave(shape, 0.37 + 0.2 * i)),
  fn: (...operands: tf.Tensor[]) => tf.einsum(equation, ...operands),
  // The gradient is ours, on TensorFlow.js's cpu backend too.
  reference: "finite differences",
});

const einsumCases: KernelCase[] = [
  einsum("ij,jk->ik", [2, 3], [3, 4]),
  einsum("ij,jk->ki", [2, 3], [3, 4]),
  einsum("bij,bkj->bik", [2, 3, 4], [2, 5, 4]),
  einsum("bhqd,bkhd->bhqk", [2, 3, 4, 2], [2, 5, 3, 2]),
  einsum("ij->ji", [2, 3]),
  einsum("ijk->k", [2, 3, 4]),
  einsum("i,j->ij", [3], [4]),
  einsum("ij,ij->", [2, 3], [2, 3]),
  einsum("ij,ij->ij", [2, 3], [2, 3]),
  einsum("ij,j->i", [2, 3], [3]),
];

export const matMulCases: readonly KernelCase[] = [
  ...einsumCases,
  ...transposed("matrices", [], []),
  ...transposed("a batch of 1", [1], [1]),
  ...transposed("a batch of 3", [3], [3]),
  ...transposed("two batch axes", [2, 3], [2, 3]),
  ...transposed("a batch by one matrix", [3], [1]),
  ...transposed("one matrix by a batch", [1], [3]),
  ...transposed("batches stretched on both sides", [2, 1], [1, 3]).map((testCase) => ({
    ...testCase,
    // TensorFlow.js's cpu backend computes only as many products as the larger batch has.
    noGradient: "neither does it in the gradient",
    reference: (...inputs: ArrayInput[]) =>
      tf.tidy(() => {
        const stretched = inputs.map(({ shape, ...input }) =>
          tf.broadcastTo(toTensor({ shape, ...input }), [2, 3, ...shape.slice(-2)])
        );
        return [...testCase.fn(...stretched).dataSync()];
      }),
  })),
  ...transposed("a batch by a matrix without batch", [2, 3], []),
  ...transposed("a matrix without batch by a batch", [], [3]),
  row("operands transposed before", [3, 5], [5, 3], (a, b) => tf.matMul(swap(a), swap(b))),
  row(
    "operands transposed before and again",
    [3, 5],
    [5, 3],
    (a, b) => tf.matMul(swap(a), swap(b), true, true),
  ),
  row("batches transposed before", [2, 3, 5], [2, 3, 4], (a, b) => tf.matMul(swap(a), b)),
  row("a batch of 1 transposed before", [1, 3, 5], [1, 3, 4], (a, b) => tf.matMul(swap(a), b)),
  row(
    "heads moved out, as attention does",
    [2, 5, 3, 4],
    [2, 5, 3, 4],
    (a, b) => tf.matMul(tf.transpose(a, [0, 2, 1, 3]), tf.transpose(b, [0, 2, 1, 3]), false, true),
  ),
  row(
    "a batch axis and a matrix axis exchanged",
    [3, 2, 5],
    [2, 5, 4],
    (a, b) => tf.matMul(tf.transpose(a, [1, 0, 2]), b),
  ),
  row("a row by a column", [1, 7], [7, 1], (a, b) => tf.matMul(a, b)),
  row("a column by a row", [7, 1], [1, 5], (a, b) => tf.matMul(a, b)),
  row("a product with bias", [3, 5], [5, 4], (a, b) => tf.add(tf.matMul(a, b), tf.sum(b, 0))),
  row(
    "a scaled product",
    [2, 3, 5],
    [2, 5, 4],
    (a, b) => tf.mul(tf.div(tf.matMul(a, b), Math.sqrt(5)), 3),
  ),
  row("a scaled and a plain product", [2, 3, 5], [2, 4, 5], (a, b) => {
    const product = tf.matMul(a, b, false, true);
    return tf.add(tf.mul(2, product), product);
  }),
  row(
    "a product scaled by a constant with more elements",
    [1, 3, 5],
    [1, 5, 4],
    (a, b) => tf.mul(tf.matMul(a, b), tf.fill([2, 1, 1], 3)),
  ),
  row(
    "a product of batches scaled by a constant with more elements",
    [2, 1, 3, 5],
    [2, 1, 5, 4],
    (a, b) => tf.mul(tf.fill([2, 2, 1, 1], -0.5), tf.matMul(a, b)),
  ),
  row("a broadcast operand", [3, 1], [5, 4], (a, b) => tf.matMul(tf.tile(a, [1, 5]), b)),
];
