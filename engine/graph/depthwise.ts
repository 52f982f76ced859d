/**
 * Depthwise convolutions and their gradients: each channel c has its own m filters [kh, kw, c, m], which
 * give the channels c·m … c·m + m − 1 of the result.
 */
import { binary } from "./arithmetic.ts";
import type { GraphBuilder } from "./builder.ts";
import { channelsFirst, channelsLast } from "./images.ts";
import { concat, pad, reshape, slice, transpose } from "./movement.ts";
import { reduce } from "./reduction.ts";
import type { Value } from "./value.ts";
import { both, convolutionAttributes, reach, type Shape4, type Window } from "./window.ts";

/** x [n, h, w, c] convolved with filter [kh, kw, c, m], to [n, h', w', c·m]. */
export function depthwise(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  window: Window,
  [n, h, w, o]: Shape4,
): Value {
  const y = b.node({
    op: "Conv",
    inputs: [channelsFirst(b, x), grouped(b, filter)],
    attributes: { ...convolutionAttributes(window), group: filter.shape[2]! },
  }, { shape: [n, o, h, w], dtype: x.dtype });
  return channelsLast(b, y);
}

/** Filter [kh, kw, c, m] as ONNX's [c·m, 1, kh, kw]. */
function grouped(b: GraphBuilder, filter: Value): Value {
  const [kh, kw, c, m] = filter.shape as Shape4;
  return reshape(b, transpose(b, filter, [2, 3, 0, 1]), [c * m, 1, kh, kw]);
}

/** Gradient of {@link depthwise} with respect to x [n, h, w, c], given dy [n, h', w', c·m]. */
export function depthwiseInputGradient(
  b: GraphBuilder,
  dy: Value,
  filter: Value,
  window: Window,
  [n, h, w, c]: Shape4,
): Value {
  const covered = both((i) => (dy.shape[1 + i]! - 1) * window.strides[i]! + reach(window, i) + 1);
  const dx = b.node({
    op: "ConvTranspose",
    inputs: [channelsFirst(b, dy), grouped(b, filter)],
    attributes: {
      ...convolutionAttributes({ ...window, before: [0, 0], after: [0, 0] }),
      group: c,
    },
  }, { shape: [n, c, ...covered], dtype: dy.dtype });
  // What the windows cover, cut to the image: padding belongs to no element, and some elements to
  // no window.
  const { before } = window;
  const size = both((i) => Math.min(covered[i]! - before[i]!, [h, w][i]!));
  const part = slice(b, dx, [0, 0, ...before], [n, c, ...size]);
  const whole = pad(b, part, [0, 0, 0, 0], [0, 0, h - size[0], w - size[1]]);
  return channelsLast(b, whole);
}

/** Gradient of {@link depthwise} with respect to the filter, of shape [kh, kw, c, m]. */
export function depthwiseFilterGradient(
  b: GraphBuilder,
  x: Value,
  dy: Value,
  window: Window,
  m: number,
): Value {
  const { kernel, strides, dilations, before, after } = window;
  const [n, , , c] = x.shape as Shape4;
  const [, h, w] = dy.shape as Shape4;
  const image = pad(b, channelsFirst(b, x), [0, 0, ...before], [0, 0, ...after]);
  const gradient = reshape(b, channelsFirst(b, dy), [n, c, m, h, w]);
  const taps: Value[] = [];
  for (let r = 0; r < kernel[0]; r++) {
    for (let s = 0; s < kernel[1]; s++) {
      const offset = [r * dilations[0], s * dilations[1]];
      const tap = slice(b, image, [0, 0, ...offset], [n, c, h, w], [1, 1, ...strides]);
      const product = binary(b, "Mul", reshape(b, tap, [n, c, 1, h, w]), gradient);
      taps.push(reshape(b, reduce(b, "ReduceSum", product, [0, 3, 4], false), [1, c, m]));
    }
  }
  return reshape(b, concat(b, taps, 0), [...kernel, c, m]);
}
