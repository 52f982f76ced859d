/** Convolutions and their gradients. TensorFlow.js gives images as [n, h, w, c]; see layout in movement.ts. */
import { blockedConvolution, canBlock } from "./blocked.ts";
import type { GraphBuilder } from "./builder.ts";
import { channelsFirst, channelsLast } from "./images.ts";
import { matMul } from "./matmul.ts";
import { concat, pad, reshape, slice, transpose } from "./movement.ts";
import { reduce } from "./reduction.ts";
import type { Value } from "./value.ts";
import { both, convolutionAttributes, reach, type Shape4, type Window } from "./window.ts";

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
    ? blockedConvolution(b, image, filter, window, shape, false)
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
      ? blockedConvolution(b, gradient, turned, inner, shape, true)
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
  const { kernel, strides, dilations, before, after } = window;
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
  const taps: Value[] = [];
  for (let r = 0; r < kernel[0]; r++) {
    for (let s = 0; s < kernel[1]; s++) {
      const offset = [r * dilations[0], s * dilations[1]];
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
      taps.push(reduce(b, "ReduceSum", products, [0], true));
    }
  }
  return reshape(b, concat(b, taps, 0), [...kernel, c, o]);
}
