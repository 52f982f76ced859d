/** Nearest-neighbour resizing and its gradient. https://onnx.ai/onnx/operators/onnx__Resize.html */
import { binary } from "./arithmetic.ts";
import type { GraphBuilder } from "./builder.ts";
import { fill } from "./elementwise.ts";
import { channelsFirst, channelsLast } from "./images.ts";
import type { Value } from "./value.ts";
import type { Shape4 } from "./window.ts";

/** `x` [n, h', w', c] enlarged to [n, h, w, c]: element (i, j) is that at (⌊i·h'/h⌋, ⌊j·w'/w⌋). */
export function enlarge(b: GraphBuilder, x: Value, [n, h, w, c]: Shape4): Value {
  const factors = [h / x.shape[1]!, w / x.shape[2]!];
  if (!factors.every(Number.isInteger)) return takeNearest(b, takeNearest(b, x, 1, h), 2, w);
  const scales = Float32Array.of(1, 1, ...factors);
  const enlarged = b.node({
    op: "Resize",
    inputs: [channelsFirst(b, x), null, b.constant(scales, [4])],
    attributes: {
      mode: "nearest",
      nearest_mode: "floor",
      coordinate_transformation_mode: "asymmetric",
    },
  }, { shape: [n, c, h, w], dtype: x.dtype });
  return channelsLast(b, enlarged);
}

/** Along one axis, by a look-up: Resize rounds fractions, and may miss the element or the shape. */
function takeNearest(b: GraphBuilder, x: Value, axis: number, extent: number): Value {
  const sources = Int32Array.from(
    { length: extent },
    (_, i) => Math.floor(i * x.shape[axis]! / extent),
  );
  return b.node(
    { op: "Gather", inputs: [x, b.constant(sources, [extent])], attributes: { axis } },
    { shape: x.shape.with(axis, extent), dtype: x.dtype },
  );
}

/** Gradient of {@link enlarge} by whole factors: the sum over each element's copies. */
export function enlargeGradient(b: GraphBuilder, dy: Value, [n, h, w, c]: Shape4): Value {
  const factors = [dy.shape[1]! / h, dy.shape[2]! / w];
  if (!factors.every(Number.isInteger)) {
    throw new Error(
      `Gradient of a resize from [${h}, ${w}] to [${dy.shape.slice(1, 3)}]: ` +
        "only enlargement by whole factors can be compiled",
    );
  }
  const means = b.node({
    op: "AveragePool",
    inputs: [channelsFirst(b, dy)],
    attributes: { kernel_shape: factors, strides: factors },
  }, { shape: [n, c, h, w], dtype: dy.dtype });
  return binary(b, "Mul", channelsLast(b, means), fill(b, factors[0]! * factors[1]!, []));
}
