/**
 * Resizing of images [n, h, w, c] and its gradients, one axis after the other.
 * https://onnx.ai/onnx/operators/onnx__Resize.html
 */
import { binary } from "../graph/arithmetic.ts";
import { fill, type GraphBuilder } from "../graph/builder.ts";
import { cast } from "../graph/elementwise.ts";
import { channelsFirst, channelsLast, type Shape4 } from "../graph/image_layout.ts";
import { matMul } from "../graph/matmul.ts";
import { reshape, take, transpose } from "../graph/movement.ts";
import { sizeOf, type Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import type { Lowering, LoweringTable, Of } from "./lowering.ts";

/** The sampling positions along a resized axis. */
interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

type Resize = typeof resizeNearest;
type Gradient = (b: GraphBuilder, dy: Value, shape: Shape4, sampling: Sampling) => Value;

const resize =
  (how: Resize): Lowering<Sampling & { size: [number, number] }> =>
  (b, { images }: Of<"images">, attributes) => how(b, images, attributes.size, attributes);

const gradient =
  (how: Gradient): Lowering<Sampling> => (b, { images, dy }: Of<"images" | "dy">, attributes) => {
    const shape = images.shape as Shape4;
    return how(b, dy, shape, attributes);
  };

export const resizeLowerings: LoweringTable = {
  [tf.ResizeNearestNeighbor]: resize(resizeNearest),
  [tf.ResizeNearestNeighborGrad]: gradient(resizeNearestGradient),
  [tf.ResizeBilinear]: resize((b, x, size, sampling) =>
    resizeBilinear(b, cast(b, x, "float32"), size, sampling)
  ),
  [tf.ResizeBilinearGrad]: gradient(resizeBilinearGradient),
};

/** Nearest neighbours: element (i, j) of the result is one of `x`, as TensorFlow.js rounds. */
function resizeNearest(
  b: GraphBuilder,
  x: Value,
  size: readonly [number, number],
  sampling: Sampling,
): Value {
  const factors = size.map((extent, i) => extent / x.shape[1 + i]!);
  // Resize itself rounds fractions, and may miss the element or the shape.
  if (!isPlain(sampling) || !factors.every(Number.isInteger)) {
    return [0, 1].reduce(
      (image, i) => take(b, image, 1 + i, nearest(image.shape[1 + i]!, size[i]!, sampling)),
      x,
    );
  }
  const [n, , , c] = x.shape as Shape4;
  const enlarged = b.node({
    op: "Resize",
    inputs: [channelsFirst(b, x), null, b.constant(Float32Array.of(1, 1, ...factors), [4])],
    attributes: {
      mode: "nearest",
      nearest_mode: "floor",
      coordinate_transformation_mode: "asymmetric",
    },
  }, { shape: [n, c, ...size], dtype: x.dtype });
  return channelsLast(b, enlarged);
}

/** Gradient of {@link resizeNearest}: the sum over each element's copies. */
function resizeNearestGradient(
  b: GraphBuilder,
  dy: Value,
  [n, h, w, c]: Shape4,
  sampling: Sampling,
): Value {
  const factors = [dy.shape[1]! / h, dy.shape[2]! / w];
  if (!isPlain(sampling) || !factors.every(Number.isInteger)) {
    return [h, w].reduce((image, extent, i) => {
      const sources = nearest(extent, image.shape[1 + i]!, sampling);
      return project(b, image, 1 + i, extent, sources.map((source) => [[source, 1]]));
    }, dy);
  }
  const means = b.node({
    op: "AveragePool",
    inputs: [channelsFirst(b, dy)],
    attributes: { kernel_shape: factors, strides: factors },
  }, { shape: [n, c, h, w], dtype: dy.dtype });
  return binary(b, "Mul", channelsLast(b, means), fill(b, factors[0]! * factors[1]!, []));
}

/** Bilinear interpolation. */
function resizeBilinear(
  b: GraphBuilder,
  x: Value,
  size: readonly [number, number],
  sampling: Sampling,
): Value {
  return [0, 1].reduce((image, i) => {
    const axis = 1 + i;
    const weights = linear(image.shape[axis]!, size[i]!, sampling);
    const low = take(b, image, axis, weights.map(({ low }) => low));
    if (weights.every(({ fraction }) => fraction === 0)) return low;
    const high = take(b, image, axis, weights.map(({ high }) => high));
    const shape = [size[i]!, ...low.shape.slice(axis + 1).map(() => 1)];
    const fraction = b.constant(Float32Array.from(weights, ({ fraction }) => fraction), shape);
    return binary(b, "Add", low, binary(b, "Mul", binary(b, "Sub", high, low), fraction));
  }, x);
}

/** Gradient of {@link resizeBilinear}. */
function resizeBilinearGradient(
  b: GraphBuilder,
  dy: Value,
  [, h, w]: Shape4,
  sampling: Sampling,
): Value {
  return [h, w].reduce((image, extent, i) => {
    const weights = linear(extent, image.shape[1 + i]!, sampling);
    const rows = weights.map(({ low, high, fraction }) =>
      [[low, 1 - fraction], [high, fraction]] as const
    );
    return project(b, image, 1 + i, extent, rows);
  }, dy);
}

function isPlain({ alignCorners, halfPixelCenters }: Sampling): boolean {
  return !alignCorners && !halfPixelCenters;
}

/** The places in the old axis of the elements of the new one, in exact arithmetic. */
function placesOf(from: number, to: number, sampling: Sampling): number[] {
  const corners = sampling.alignCorners && to > 1;
  const [old, now] = corners ? [from - 1, to - 1] : [from, to];
  const centre = sampling.halfPixelCenters ? 0.5 : 0;
  return Array.from({ length: to }, (_, i) => (i + centre) * old / now);
}

function nearest(from: number, to: number, sampling: Sampling): number[] {
  const round = sampling.alignCorners ? Math.round : Math.floor;
  return placesOf(from, to, sampling).map((at) => Math.max(0, Math.min(from - 1, round(at))));
}

function linear(from: number, to: number, sampling: Sampling) {
  const centre = sampling.halfPixelCenters ? 0.5 : 0;
  return placesOf(from, to, sampling).map((place) => {
    const at = place - centre;
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(from - 1, Math.ceil(at));
    return { low, high, fraction: low >= high ? 0 : at - low };
  });
}

/** Along an axis, element i of `x` times each weight of row i, added to the row's places. */
function project(
  b: GraphBuilder,
  x: Value,
  axis: number,
  extent: number,
  rows: readonly (readonly (readonly [place: number, weight: number])[])[],
): Value {
  const matrix = new Float32Array(extent * rows.length);
  rows.forEach((row, i) => {
    for (const [place, weight] of row) matrix[place * rows.length + i]! += weight;
  });
  const last = x.shape.length - 1;
  const swap = [...x.shape.keys()].with(axis, last).with(last, axis);
  const turned = transpose(b, x, swap);
  const count = sizeOf(turned.shape) / rows.length;
  const product = matMul(
    b,
    reshape(b, turned, [count, rows.length]),
    b.constant(matrix, [extent, rows.length]),
    false,
    true,
  );
  return transpose(b, reshape(b, product, turned.shape.with(last, extent)), swap);
}
