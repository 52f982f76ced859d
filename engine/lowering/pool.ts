/**
 * Pooling and its gradients, of images [n, h, w, c]. The gradients are written with the taps of the
 * window: for each of its places, the elements that all windows have there.
 * https://onnx.ai/onnx/operators/onnx__AveragePool.html
 */
import { binary } from "../graph/arithmetic.ts";
import { fill, type GraphBuilder } from "../graph/builder.ts";
import { cast, predicate, unary, unlessNaN, where } from "../graph/elementwise.ts";
import {
  both,
  channelsFirst,
  channelsLast,
  convolutionAttributes,
  cutOrFill,
  reach,
  type Shape4,
  tapsOf,
  type Window,
} from "../graph/image_layout.ts";
import { pad, reshape, slice } from "../graph/movement.ts";
import type { Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type Extents, type Padding, type Windowed, windowed } from "./convolution.ts";
import type { Lowering, LoweringTable, Of } from "./lowering.ts";

interface PoolAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: Padding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

const poolWith =
  (pool: typeof averagePool): Lowering<PoolAttributes> => (b, { x }: Of<"x">, attributes) => {
    const { window, outShape } = poolWindow(x.shape, attributes);
    return pool(b, cast(b, x, "float32"), window, outShape);
  };

export const poolingLowerings: LoweringTable = {
  [tf.AvgPool]: poolWith(averagePool),
  [tf.MaxPool]: poolWith(maxPool),
  [tf.AvgPoolGrad]: (b, { dy, input: x }: Of<"dy" | "input">, attributes: PoolAttributes) => {
    const { window } = poolWindow(x.shape, attributes);
    return averagePoolGradient(b, dy, window, x.shape as Shape4);
  },
  [tf.MaxPoolGrad]: (
    b,
    { dy, input: x, output }: Of<"dy" | "input" | "output">,
    attributes: PoolAttributes,
  ) => {
    const { window } = poolWindow(x.shape, attributes);
    return maxPoolGradient(b, dy, x, output, window);
  },
};

function poolWindow(
  inputShape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): Windowed {
  return windowed(tf.backend_util.computePool2DInfo(
    inputShape as Extents,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  ));
}

/** The means over windows, of the elements inside the image. */
function averagePool(b: GraphBuilder, x: Value, window: Window, outShape: Shape4): Value {
  const inside = insideOf(window);
  if (inside) return pool(b, "AveragePool", x, inside, outShape);
  const sums = sumPool(b, padded(b, x, window, 0), unpadded(window), outShape);
  return binary(b, "Div", sums, counts(b, x.shape, window, outShape));
}

/** Gradient of {@link averagePool}: each element's share in the windows that it is in. */
function averagePoolGradient(
  b: GraphBuilder,
  dy: Value,
  window: Window,
  shape: Shape4,
): Value {
  const shares = binary(b, "Div", dy, counts(b, shape, window, dy.shape as Shape4));
  // The windows that an element is in are a window of the same form, looking back.
  const apart = spread(b, shares, window.strides);
  const margin = both((i) => reach(window, i));
  const looking = pad(b, apart, [0, ...margin, 0], [0, ...margin, 0]);
  const [n, , , c] = shape;
  const extent = both((i) => apart.shape[1 + i]! + margin[i]!);
  const sums = sumPool(b, looking, { ...unpadded(window), strides: [1, 1] }, [n, ...extent, c]);
  return cutOrFill(b, sums, window.before, shape);
}

/** The maxima over windows; NaN where one is NaN. */
function maxPool(b: GraphBuilder, x: Value, window: Window, outShape: Shape4): Value {
  const inside = insideOf(window);
  const image = inside ? x : padded(b, x, window, -Infinity);
  const result = pool(b, "MaxPool", image, inside ?? unpadded(window), outShape);
  // ONNX Runtime passes over NaN; a mean of magnitudes is NaN where one is.
  const sizes = unary(b, "Abs", inside ? x : padded(b, x, window, 0));
  const means = pool(b, "AveragePool", sizes, inside ?? unpadded(window), outShape);
  return unlessNaN(b, means, result, means);
}

/** Gradient of {@link maxPool}: to the first element of each window that is its maximum `y`. */
function maxPoolGradient(
  b: GraphBuilder,
  dy: Value,
  x: Value,
  y: Value,
  window: Window,
): Value {
  const { strides } = window;
  const image = padded(b, x, window, -Infinity);
  const [n, outH, outW, c] = dy.shape as Shape4;
  const shape: Shape4 = [n, image.shape[1]!, image.shape[2]!, c];
  let left = dy;
  let gradient: Value | undefined;
  for (const offset of tapsOf(window)) {
    const tap = slice(b, image, [0, ...offset, 0], [n, outH, outW, c], [1, ...strides, 1]);
    const hit = predicate(b, "Equal", [tap, y]);
    const share = where(b, hit, left, 0);
    left = where(b, hit, 0, left);
    const placed = cutOrFill(b, spread(b, share, strides), both((i) => -offset[i]!), shape);
    gradient = gradient ? binary(b, "Add", gradient, placed) : placed;
  }
  return cutOrFill(b, gradient!, window.before, x.shape as Shape4);
}

/** The window, if ONNX Runtime takes its padding: it must be smaller than the window. */
function insideOf(window: Window): Window | undefined {
  const { kernel, before, after } = window;
  return [0, 1].every((i) => before[i]! < kernel[i]! && after[i]! < kernel[i]!)
    ? window
    : undefined;
}

function unpadded(window: Window): Window {
  return { ...window, before: [0, 0], after: [0, 0] };
}

function padded(b: GraphBuilder, x: Value, { before, after }: Window, value: number): Value {
  return pad(b, x, [0, ...before, 0], [0, ...after, 0], value);
}

function pool(
  b: GraphBuilder,
  op: "AveragePool" | "MaxPool",
  x: Value,
  window: Window,
  [n, h, w, c]: Shape4,
): Value {
  const { dilations, ...attributes } = convolutionAttributes(window);
  const spaced = dilations.some((dilation) => dilation !== 1);
  const result = b.node({
    op,
    inputs: [channelsFirst(b, x)],
    attributes: spaced ? { ...attributes, dilations } : attributes,
  }, { shape: [n, c, h, w], dtype: x.dtype });
  return channelsLast(b, result);
}

function sumPool(b: GraphBuilder, x: Value, window: Window, outShape: Shape4): Value {
  const means = pool(b, "AveragePool", x, window, outShape);
  return binary(b, "Mul", means, fill(b, window.kernel[0] * window.kernel[1], []));
}

/** The number of image elements in each window, [1, h', w', 1]; NaN for none. */
function counts(
  b: GraphBuilder,
  shape: readonly number[],
  { kernel, strides, dilations, before }: Window,
  [, h, w]: Shape4,
): Value {
  const along = (i: number, extent: number) =>
    Array.from({ length: extent }, (_, place) => {
      const places = Array.from(
        { length: kernel[i]! },
        (_, tap) => place * strides[i]! - before[i]! + tap * dilations[i]!,
      );
      return places.filter((at) => at >= 0 && at < shape[1 + i]!).length;
    });
  const [rows, columns] = [along(0, h), along(1, w)];
  const products = rows.flatMap((row) => columns.map((column) => row * column || NaN));
  const first = products[0]!;
  if (products.every((count) => count === first)) return fill(b, first, []);
  return b.constant(Float32Array.from(products), [1, h, w, 1]);
}

/** `x` with `strides − 1` zeros after each row and column but the last. */
function spread(b: GraphBuilder, x: Value, strides: readonly [number, number]): Value {
  if (strides[0] === 1 && strides[1] === 1) return x;
  const [n, h, w, c] = x.shape as Shape4;
  const apart = pad(
    b,
    reshape(b, x, [n, h, 1, w, 1, c]),
    [0, 0, 0, 0, 0, 0],
    [0, 0, strides[0] - 1, 0, strides[1] - 1, 0],
  );
  const whole = reshape(b, apart, [n, h * strides[0], w * strides[1], c]);
  const size = [n, (h - 1) * strides[0] + 1, (w - 1) * strides[1] + 1, c];
  return slice(b, whole, [0, 0, 0, 0], size);
}
