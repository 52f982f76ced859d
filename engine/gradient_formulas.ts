/** The gradients of tf.ts that are more than a line. */
import * as tf from "@tensorflow/tfjs-core";

/** Attributes of kernels, by TensorFlow.js's names for them. */
export interface Attributes extends tf.StridedSliceAttrs {
  readonly axis: number;
  readonly batchDims: number;
  readonly blockSize: number;
  readonly equation: string;
  readonly exclusive: boolean;
  readonly mode: string;
  readonly paddings: readonly (readonly [number, number])[];
  readonly reps: number[];
  readonly reverse: boolean;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * The derivative of a product by one factor is the product of all others, which holds where factors are
 * zero too.
 */
export function ofProd(dy: tf.Tensor, x: tf.Tensor, axis: number | number[]): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const factors = tf.util.sizeFromShape(axes.map((axis) => x.shape[axis]!));
  const rows = tf.reshape(tf.transpose(x, order), [-1, factors]);
  const others = tf.mul(tf.cumprod(rows, 1, true), tf.cumprod(rows, 1, true, true));
  const back = [...order.keys()].sort((a, b) => order[a]! - order[b]!);
  const ones = x.shape.map((extent, axis) => axes.includes(axis) ? 1 : extent);
  return tf.mul(
    tf.transpose(tf.reshape(others, order.map((axis) => x.shape[axis]!)), back),
    tf.reshape(dy, ones),
  );
}

/** y_i = Π x_k over k ≤ i; every product without x_j is formed anew, so that zeros do no harm. */
export function ofCumprod(
  dy: tf.Tensor,
  x: tf.Tensor,
  { axis, exclusive, reverse }: Attributes,
): tf.Tensor {
  const [along] = tf.util.parseAxisParam(axis, x.shape);
  const last = x.rank - 1;
  const swap = x.shape.map((_, i) => i === along ? last : i === last ? along! : i);
  const [values, slopes] = [x, dy].map((t) => tf.expandDims(tf.transpose(t, swap), last));
  const extent = x.shape[along!]!;
  const without = tf.where(tf.cast(tf.eye(extent), "bool"), tf.onesLike(values!), values!);
  const products = tf.cumprod(without, last + 1, exclusive, reverse);
  // [j, i]: whether y_i has the factor x_j.
  const [j, i] = [tf.reshape(tf.range(0, extent), [extent, 1]), tf.range(0, extent)];
  const [early, late] = reverse ? [i, j] : [j, i];
  const has = exclusive ? tf.less(early!, late!) : tf.lessEqual(early!, late!);
  const terms = tf.where(has, tf.mul(products, slopes!), tf.zerosLike(products));
  return tf.transpose(tf.sum(terms, last + 1), swap);
}

/**
 * What flows to the elements and back through their mirror images.
 *
 * @param skip Elements at the edge that are not repeated.
 */
export function ofMirrorPad(
  dy: tf.Tensor,
  shape: readonly number[],
  paddings: readonly (readonly [number, number])[],
  skip: number,
): tf.Tensor {
  return paddings.reduce((whole, [before, after], axis) => {
    const extent = shape[axis]!;
    const part = (begin: number, size: number) => sliceAlong(whole, axis, begin, size);
    const mirrored = (image: tf.Tensor, start: number) =>
      padAlong(tf.reverse(image, axis), axis, start, extent - start - image.shape[axis]!);
    const middle = part(before, extent);
    const first = before > 0 ? [mirrored(part(0, before), skip)] : [];
    const second = after > 0 ? [mirrored(part(before + extent, after), extent - skip - after)] : [];
    return [middle, ...first, ...second].reduce((sum, image) => tf.add(sum, image));
  }, dy);
}

/** The gradient of tile: the sum over all copies of an element. */
export function ofTile(
  dy: tf.Tensor,
  shape: readonly number[],
  reps: readonly number[],
): tf.Tensor {
  return shape.reduce((x, extent, axis) => {
    if (reps[axis] === 1) return x;
    const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const apart = [tf.util.sizeFromShape(outer), reps[axis]!, extent, tf.util.sizeFromShape(inner)];
    return tf.reshape(tf.sum(tf.reshape(x, apart), 1), [...outer, extent, ...inner]);
  }, dy);
}

/** The gradient of a strided slice: dy at the selected elements, and zeros elsewhere. */
export function ofStridedSlice(
  dy: tf.Tensor,
  shape: readonly number[],
  attributes: tf.StridedSliceAttrs,
): tf.Tensor {
  const info = sliceInfoOf(shape, attributes);
  const taken = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  return taken.reduce((x, count, axis) => {
    const [stride, extent] = [info.strides[axis]!, shape[axis]!];
    const forward = stride < 0 ? tf.reverse(x, axis) : x;
    const first = stride < 0 ? info.begin[axis]! + (count - 1) * stride : info.begin[axis]!;
    const gap = Math.abs(stride) - 1;
    const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const apart = padAlong(tf.reshape(forward, [...outer, count, 1, ...inner]), axis + 1, 0, gap);
    const row = tf.reshape(apart, [...outer, count * (gap + 1), ...inner]);
    const reach = (count - 1) * (gap + 1) + 1;
    const cut = sliceAlong(row, axis, 0, reach);
    return padAlong(cut, axis, first, extent - first - reach);
  }, tf.reshape(dy, taken));
}

/** Which elements a strided slice of a tensor of this shape takes. */
export function sliceInfoOf(shape: readonly number[], attributes: tf.StridedSliceAttrs) {
  const { begin, end, strides, beginMask, endMask, ellipsisMask } = attributes;
  return tf.slice_util.sliceInfo(
    [...shape],
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    attributes.newAxisMask,
    attributes.shrinkAxisMask,
  );
}

/** The elements from `begin` on along an axis. */
function sliceAlong(x: tf.Tensor, axis: number, begin: number, size: number): tf.Tensor {
  return tf.slice(x, x.shape.map((_, i) => i === axis ? begin : 0), x.shape.with(axis, size));
}

/** Zeros before and after along an axis. */
function padAlong(x: tf.Tensor, axis: number, before: number, after: number): tf.Tensor {
  return tf.pad(x, x.shape.map((_, i) => i === axis ? [before, after] : [0, 0]));
}

/** Adds what flows to each place up; indices of different batches are different places. */
export function ofGather(
  dy: tf.Tensor,
  shape: readonly number[],
  indices: tf.Tensor,
  axis: number,
  batchDims: number,
): tf.Tensor {
  const batch = shape.slice(0, batchDims);
  const outer = shape.slice(batchDims, axis);
  const inner = shape.slice(axis + 1);
  const extent = shape[axis]!;
  const [batches, rest] = [tf.util.sizeFromShape(batch), [...outer, ...inner]];
  const count = tf.util.sizeFromShape(indices.shape.slice(batchDims));
  const apart = tf.reshape(dy, [
    batches,
    tf.util.sizeFromShape(outer),
    count,
    tf.util.sizeFromShape(inner),
  ]);
  const rows = tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batches * count, ...rest]);
  const starts = tf.range(0, batches * extent, extent, "int32");
  const places = tf.add(tf.reshape(indices, [batches, count]), tf.reshape(starts, [batches, 1]));
  const flat = tf.cast(tf.reshape(places, [batches * count]), "int32") as tf.Tensor1D;
  const sums = tf.unsortedSegmentSum(rows, flat, batches * extent);
  const grouped = tf.reshape(sums, [
    batches,
    extent,
    tf.util.sizeFromShape(outer),
    tf.util.sizeFromShape(inner),
  ]);
  return tf.reshape(tf.transpose(grouped, [0, 2, 1, 3]), [...shape]);
}

export function asRows(indices: tf.Tensor): tf.Tensor {
  return indices.rank < 2 ? tf.reshape(indices, [indices.size, 1]) : indices;
}

export function ofDepthToSpace(dy: tf.Tensor, shape: number[], block: number): tf.Tensor {
  const [n, h, w, c] = shape as [number, number, number, number];
  const apart = tf.reshape(dy, [n, h, block, w, block, c / block ** 2]);
  return tf.reshape(tf.transpose(apart, [0, 1, 3, 2, 4, 5]), shape);
}

/** Another sum of the same kind, in which the operand and the result change places. */
export function ofEinsum(
  dy: tf.Tensor,
  operands: tf.Tensor[],
  equation: string,
  which: number,
): tf.Tensor {
  const [left, result] = equation.replaceAll(" ", "").split("->") as [string, string];
  const terms = left.split(",");
  const others = terms.toSpliced(which, 1);
  const target = terms[which]!;
  // An axis that only the operand has was summed over: all its elements have the same gradient.
  const known = [...target].filter((name) =>
    [result, ...others].some((term) => term.includes(name))
  );
  const sum = tf.einsum(
    `${[result, ...others].join(",")}->${known.join("")}`,
    dy,
    ...operands.toSpliced(which, 1),
  );
  const { shape } = operands[which]!;
  const spread = shape.map((extent, i) => known.includes(target[i]!) ? extent : 1);
  return tf.broadcastTo(tf.reshape(sum, spread), shape as never);
}

export function ofTopK([dy]: tf.Tensor[], x: tf.Tensor, places: tf.Tensor): tf.Tensor {
  const all = tf.range(0, x.shape.at(-1)!, 1, "int32");
  const hits = tf.cast(tf.equal(tf.expandDims(places, -1), all), "float32");
  return tf.sum(tf.mul(tf.expandDims(dy!, -1), hits), -2);
}
