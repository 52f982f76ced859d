/**
 * Operators that move elements without computing: reshape, transpose, slice, pad, concat, tile.
 *
 * TensorFlow.js keeps images as [batch, height, width, channels], ONNX Runtime convolves
 * [batch, channels, height, width]. A convolution therefore comes with a transposition on either
 * side. Instead of carrying them out, the constructors here and in elementwise.ts let a
 * transposition drift towards the outputs: an operator on a transposed tensor becomes a transposed
 * operator on the tensor. Where the next convolution's transposition meets it, both vanish.
 * Broadcasts drift outwards in the same way, and always end up outside of transpositions.
 */
import {
  inverse,
  isIdentity,
  padRank,
  permutationOf,
  permute,
  reshapeBeforeExpand,
  reshapeBeforeTranspose,
} from "./axes.ts";
import { expand, fill, type GraphBuilder, isExpand } from "./builder.ts";
import { sameShape, sizeOf, type Value } from "./value.ts";

/** Reshapes to `shape`, which has as many elements. */
export function reshape(b: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  // Without elements there is nothing to regroup, and the result is a constant.
  if (sizeOf(shape) === 0) {
    return b.node({ op: "Reshape", inputs: [x, b.integers(shape)] }, { shape, dtype: x.dtype });
  }
  if (x.node.op === "Reshape") return reshape(b, x.node.inputs[0]!, shape);
  if (isExpand(x)) {
    const operand = x.node.inputs[0]!;
    const inner = reshapeBeforeExpand(padRank(operand.shape, x.shape.length), x.shape, shape);
    if (inner) return expand(b, reshape(b, operand, inner), shape);
  }
  const perm = permutationOf(x);
  if (perm) {
    const operand = x.node.inputs[0]!;
    const before = reshapeBeforeTranspose(operand.shape, perm, shape);
    if (before) return transpose(b, reshape(b, operand, before.shape), before.perm);
  }
  return b.node({ op: "Reshape", inputs: [x, b.integers(shape)] }, { shape, dtype: x.dtype });
}

/** Axis i of the result is axis `perm[i]` of `x`. */
export function transpose(b: GraphBuilder, x: Value, perm: readonly number[]): Value {
  if (isIdentity(perm)) return x;
  const shape = permute(x.shape, perm);
  if (isExpand(x)) {
    const operand = x.node.inputs[0]!;
    const padded = reshape(b, operand, padRank(operand.shape, x.shape.length));
    return expand(b, transpose(b, padded, perm), shape);
  }
  const before = permutationOf(x);
  if (before) return transpose(b, x.node.inputs[0]!, permute(before, perm));
  const solid = perm.filter((axis) => x.shape[axis] !== 1);
  if (solid.every((axis, i) => i === 0 || axis > solid[i - 1]!)) return reshape(b, x, shape);
  return b.node({ op: "Transpose", inputs: [x], attributes: { perm } }, { shape, dtype: x.dtype });
}

/**
 * The transposition that operands of one operator are best brought to: that of the largest operand
 * that has one, unless a larger operand has none. undefined means: take the operands as they are.
 */
export function commonPermutation(
  operands: readonly Value[],
  rank: number,
): readonly number[] | undefined {
  const largest = Math.max(...operands.map(({ shape }) => sizeOf(shape)));
  if (largest === 1) return undefined;
  const transposed = operands.find((x) =>
    permutationOf(x)?.length === rank && sizeOf(x.shape) === largest
  );
  return transposed && permutationOf(transposed);
}

/** `x` as seen before a transposition by `perm`: transposing the result by `perm` gives `x`. */
export function beforePermutation(b: GraphBuilder, x: Value, perm: readonly number[]): Value {
  if (sizeOf(x.shape) === 1) return x;
  return transpose(b, reshape(b, x, padRank(x.shape, perm.length)), inverse(perm));
}

/** The part of `x` that begins at `begin` and takes `size` elements, each `strides` apart. */
export function slice(
  b: GraphBuilder,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): Value {
  if (sameShape(size, x.shape) && strides.every((stride) => stride === 1)) return x;
  if (isExpand(x)) {
    const operand = x.node.inputs[0]!;
    const shape = padRank(operand.shape, x.shape.length);
    const real = shape.map((extent) => extent !== 1);
    const inner = slice(
      b,
      reshape(b, operand, shape),
      begin.map((start, axis) => real[axis] ? start : 0),
      size.map((extent, axis) => real[axis] ? extent : 1),
      strides.map((stride, axis) => real[axis] ? stride : 1),
    );
    return expand(b, inner, size);
  }
  const perm = permutationOf(x);
  if (perm) {
    const back = inverse(perm);
    const [start, extent, stride] = [begin, size, strides].map((v) => permute(v, back));
    return transpose(b, slice(b, x.node.inputs[0]!, start!, extent!, stride!), perm);
  }
  const axes = size.map((_, axis) => axis)
    .filter((axis) => size[axis] !== x.shape[axis] || strides[axis] !== 1);
  // An end beyond the first element, for a negative stride, is spelt as a huge negative number.
  const end = axes.map((axis) => {
    const last = begin[axis]! + (size[axis]! - 1) * strides[axis]!;
    return last + strides[axis]! < 0 ? -(2 ** 31) : last + Math.sign(strides[axis]!);
  });
  const inputs = [
    x,
    b.integers(axes.map((axis) => begin[axis]!)),
    b.integers(end),
    b.integers(axes),
    ...(axes.some((axis) => strides[axis] !== 1)
      ? [b.integers(axes.map((axis) => strides[axis]!))]
      : []),
  ];
  return b.node({ op: "Slice", inputs }, { shape: size, dtype: x.dtype });
}

/** The `size` elements of `x` from `begin` on along an axis. */
export function sliceAlong(
  b: GraphBuilder,
  x: Value,
  axis: number,
  begin: number,
  size: number,
): Value {
  return slice(b, x, x.shape.map((_, i) => i === axis ? begin : 0), x.shape.with(axis, size));
}

/** Puts `before[axis]` and `after[axis]` elements of `value` around `x`. */
export function pad(
  b: GraphBuilder,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Value {
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const perm = permutationOf(x);
  if (perm) {
    const back = inverse(perm);
    const inner = pad(b, x.node.inputs[0]!, permute(before, back), permute(after, back), value);
    return transpose(b, inner, perm);
  }
  const shape = x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!);
  const filling = fill(b, value, [], x.dtype);
  if (sizeOf(x.shape) === 0) return expand(b, filling, shape);
  return b.node(
    { op: "Pad", inputs: [x, b.integers([...before, ...after]), filling] },
    { shape, dtype: x.dtype },
  );
}

/** Joins values along an axis. Throws a RangeError if their types or other axes differ. */
export function concat(b: GraphBuilder, parts: readonly Value[], axis: number): Value {
  requireJoinable(parts, axis);
  // Parts without elements add nothing, and ONNX Runtime refuses some of them.
  const solid = parts.filter(({ shape }) => sizeOf(shape) > 0);
  const values = solid.length > 0 ? solid : parts;
  const first = values[0]!;
  if (values.length === 1) return first;
  const perm = commonPermutation(values, first.shape.length);
  if (perm) {
    const inner = values.map((x) => beforePermutation(b, x, perm));
    // A value of one element is not transposed by beforePermutation, but its shape matters here.
    const shaped = inner.map((x, i) => reshape(b, x, permute(values[i]!.shape, inverse(perm))));
    // Operands that were transposed otherwise still are, so this is the end of it.
    return transpose(b, join(b, shaped, perm[axis]!), perm);
  }
  return join(b, values, axis);
}

function requireJoinable([first, ...rest]: readonly Value[], axis: number): void {
  for (const { shape, dtype } of rest) {
    if (dtype !== first!.dtype) {
      throw new TypeError(`Cannot join ${first!.dtype} and ${dtype}: cast one to the other's type`);
    }
    if (!sameShape(shape.with(axis, 0), first!.shape.with(axis, 0))) {
      throw new RangeError(
        `Cannot join shapes [${first!.shape}] and [${shape}] along axis ${axis}: ` +
          "all other axes must be equal",
      );
    }
  }
}

function join(b: GraphBuilder, values: readonly Value[], axis: number): Value {
  const { shape, dtype } = values[0]!;
  const extent = values.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  return b.node(
    { op: "Concat", inputs: values, attributes: { axis } },
    { shape: shape.with(axis, extent), dtype },
  );
}

/** Repeats `x` `reps[axis]` times along each axis, as a broadcast between two reshapes. */
export function tile(b: GraphBuilder, x: Value, reps: readonly number[]): Value {
  const apart = x.shape.flatMap((extent) => [1, extent]);
  const repeated = x.shape.flatMap((extent, axis) => [reps[axis]!, extent]);
  const shape = x.shape.map((extent, axis) => extent * reps[axis]!);
  return reshape(b, expand(b, reshape(b, x, apart), repeated), shape);
}

/** The elements of `x` along an axis at places that are known. */
export function take(b: GraphBuilder, x: Value, axis: number, places: readonly number[]): Value {
  if (places.length === x.shape[axis] && places.every((place, i) => place === i)) return x;
  return b.node({
    op: "Gather",
    inputs: [x, b.constant(Int32Array.from(places), [places.length])],
    attributes: { axis },
  }, { shape: x.shape.with(axis, places.length), dtype: x.dtype });
}
