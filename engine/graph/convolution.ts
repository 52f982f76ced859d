/**
 * Convolutions and their gradients. TensorFlow.js gives images as [n, h, w, c]; see layout in movement.ts.
 * In a depthwise convolution each channel c has its own m filters [kh, kw, c, m], which give the
 * channels c·m … c·m + m − 1 of the result.
 */
import {
  blockedConvolution,
  both,
  canBlock,
  channelsFirst,
  channelsLast,
  convolutionAttributes,
  cutOrFill,
  reach,
  type Shape4,
  tapsOf,
  type Window,
} from "./image_layout.ts";
import type { GraphBuilder } from "./builder.ts";
import { matMul } from "./matmul.ts";
import { concat, pad, reshape, slice, transpose } from "./movement.ts";
import { reduce } from "./reduction.ts";
import type { Value } from "./value.ts";
import { binary } from "./arithmetic.ts";

/** x [n, h, w, c] convolved with filter [kh, kw, c, o], to `shape` [n, h', w', o]. */
export function convolution(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  window: Window,
  [n, h, w, o]: Shape4,
): Value {
  const image = channelsFirst(b, x);
  const shape = [n, o, h, w];
  const y = canBlock(b, filter)
    ? blockedConvolution(b, image, filter, { window, shape, swap: false })
    : b.node({
      op: "Conv",
      inputs: [image, transpose(b, filter, [3, 2, 0, 1])],
      attributes: convolutionAttributes(window),
    }, { shape, dtype: x.dtype });
  return channelsLast(b, y);
}

/** Gradient of {@link convolution} with respect to x, given dy [n, h', w', o]; x has shape [n, h, w, c]. */
export function convolutionInputGradient(
  b: GraphBuilder,
  dy: Value,
  filter: Value,
  window: Window,
  [n, h, w, c]: Shape4,
): Value {
  const { kernel, strides, before } = window;
  const shape = [n, c, h, w];
  if (strides[0] === 1 && strides[1] === 1) {
    // A convolution with the filter turned round: twice as fast as ConvTranspose.
    const turned = slice(b, filter, [kernel[0] - 1, kernel[1] - 1, 0, 0], filter.shape, [
      -1,
      -1,
      1,
      1,
    ]);
    const first = both((i) => reach(window, i) - before[i]!);
    const last = both((i) => [h, w][i]! - dy.shape[1 + i]! + reach(window, i) - first[i]!);
    const inner = {
      ...window,
      before: both((i) => Math.max(first[i]!, 0)),
      after: both((i) => Math.max(last[i]!, 0)),
    };
    // Padding beyond the filter's reach: the outermost gradients belong to no element.
    const gradient = crop(b, channelsFirst(b, dy), first, last);
    const dx = canBlock(b, filter)
      ? blockedConvolution(b, gradient, turned, { window: inner, shape, swap: true })
      : b.node({
        op: "Conv",
        inputs: [gradient, transpose(b, turned, [2, 3, 0, 1])],
        attributes: convolutionAttributes(inner),
      }, { shape, dtype: dy.dtype });
    return channelsLast(b, dx);
  }
  const covered = both((i) =>
    (dy.shape[1 + i]! - 1) * strides[i]! + reach(window, i) + 1 - before[i]! - window.after[i]!
  );
  const inputs = [channelsFirst(b, dy), transpose(b, filter, [3, 2, 0, 1])];
  const dx = b.node({
    op: "ConvTranspose",
    inputs,
    attributes: {
      ...convolutionAttributes(window),
      output_padding: [h - covered[0], w - covered[1]],
    },
  }, { shape, dtype: dy.dtype });
  return channelsLast(b, dx);
}

/** `x` [n, c, h, w] without as many rows and columns as the padding is below zero. */
function crop(
  b: GraphBuilder,
  x: Value,
  before: readonly [number, number],
  after: readonly [number, number],
): Value {
  const [n, c, h, w] = x.shape as Shape4;
  const begin = both((i) => Math.max(-before[i]!, 0));
  const size = both((i) => [h, w][i]! - begin[i]! - Math.max(-after[i]!, 0));
  return slice(b, x, [0, 0, ...begin], [n, c, ...size]);
}

/**
 * Gradient of {@link convolution} with respect to the filter [kh, kw, c, o].
 *
 * One matrix product per filter tap and example, summed over the examples: faster than unfolding the
 * input into one large matrix, and much faster than a Conv with examples as channels. For each tap,
 * one operand is shifted against the other; every shift is a copy, so it is the one with fewer
 * channels where there is a choice.
 */
export function convolutionFilterGradient(
  b: GraphBuilder,
  x: Value,
  dy: Value,
  window: Window,
): Value {
  const { kernel, strides, before, after } = window;
  const [n, h, w, c] = x.shape as Shape4;
  const [, outH, outW, o] = dy.shape as Shape4;
  const [image, gradient] = [channelsFirst(b, x), channelsFirst(b, dy)];
  if (b.has("FilterGradient")) {
    return b.node({
      op: "FilterGradient",
      inputs: [image, gradient],
      attributes: convolutionAttributes(window),
    }, { shape: [...kernel, c, o], dtype: x.dtype });
  }
  const shiftGradient = o < c && strides[0] === 1 && strides[1] === 1;
  const padded = shiftGradient
    ? pad(
      b,
      gradient,
      [0, 0, ...both((i) => reach(window, i) - before[i]!)],
      [0, 0, ...both((i) => reach(window, i) - after[i]!)],
    )
    : pad(b, image, [0, 0, ...before], [0, 0, ...after]);
  const taps = tapsOf(window).map((offset) => {
    const [left, right] = shiftGradient
      ? [
        image,
        slice(b, padded, [0, 0, ...both((i) => reach(window, i) - offset[i]!)], [n, o, h, w]),
      ]
      : [slice(b, padded, [0, 0, ...offset], [n, c, outH, outW], [1, 1, ...strides]), gradient];
    const pixels = shiftGradient ? h * w : outH * outW;
    const products = matMul(
      b,
      reshape(b, left, [n, c, pixels]),
      reshape(b, right, [n, o, pixels]),
      false,
      true,
    );
    return reduce(b, "ReduceSum", products, [0], true);
  });
  return reshape(b, concat(b, taps, 0), [...kernel, c, o]);
}

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
  shape: Shape4,
): Value {
  const [n, , , c] = shape;
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
  return cutOrFill(b, channelsLast(b, dx), window.before, shape);
}

/** Gradient of {@link depthwise} with respect to the filter, of shape [kh, kw, c, m]. */
export function depthwiseFilterGradient(
  b: GraphBuilder,
  x: Value,
  dy: Value,
  window: Window,
  m: number,
): Value {
  const { kernel, strides, before, after } = window;
  const [n, , , c] = x.shape as Shape4;
  const [, h, w] = dy.shape as Shape4;
  const image = pad(b, channelsFirst(b, x), [0, 0, ...before], [0, 0, ...after]);
  const gradient = reshape(b, channelsFirst(b, dy), [n, c, m, h, w]);
  const taps = tapsOf(window).map((offset) => {
    const tap = slice(b, image, [0, 0, ...offset], [n, c, h, w], [1, 1, ...strides]);
    const product = binary(b, "Mul", reshape(b, tap, [n, c, 1, h, w]), gradient);
    return reshape(b, reduce(b, "ReduceSum", product, [0, 3, 4], false), [1, c, m]);
  });
  return reshape(b, concat(b, taps, 0), [...kernel, c, m]);
}
