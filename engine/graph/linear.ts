/** Matrix products and convolutions: where nearly all the arithmetic is. */
import { permutationOf } from "./axes.ts";
import type { GraphBuilder } from "./builder.ts";
import { concat, pad, reshape, slice, transpose } from "./movement.ts";
import { reduce } from "./reduction.ts";
import { broadcastShapes, sizeOf, type Value } from "./value.ts";

/** Strides, window and padding of a two-dimensional convolution. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Padding before and after, along height and width. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** Product of (batches of) matrices, the last two axes of each operand transposed if asked for. */
export function matMul(
  b: GraphBuilder,
  x: Value,
  y: Value,
  transposeX: boolean,
  transposeY: boolean,
): Value {
  const left = absorbTransposition(x, transposeX);
  const right = absorbTransposition(y, transposeY);
  const rows = x.shape.at(transposeX ? -1 : -2)!;
  const columns = y.shape.at(transposeY ? -2 : -1)!;
  const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
  const shape = [...batch, rows, columns];
  const { dtype } = x;
  // With one matrix on the right, the batch is just more rows.
  const oneMatrix = sizeOf(y.shape.slice(0, -2)) === 1;
  if (oneMatrix && (sizeOf(batch) === 1 || !left.transposed)) {
    const flatLeft = reshape(b, left.value, [
      sizeOf(left.value.shape.slice(0, -1)),
      left.value.shape.at(-1)!,
    ]);
    const flatRight = reshape(b, right.value, right.value.shape.slice(-2));
    const product = b.node({
      op: "Gemm",
      inputs: [flatLeft, flatRight],
      attributes: { transA: Number(left.transposed), transB: Number(right.transposed) },
    }, { shape: [sizeOf(batch) * rows, columns], dtype });
    return reshape(b, product, shape);
  }
  const inputs = [left.value, right.value];
  if (!left.transposed && !right.transposed) {
    return b.node({ op: "MatMul", inputs }, { shape, dtype });
  }
  return b.node({
    op: "FusedMatMul",
    domain: "com.microsoft",
    inputs,
    attributes: { transA: Number(left.transposed), transB: Number(right.transposed) },
  }, { shape, dtype });
}

/** Takes a transposition of the last two axes off a matrix, and says so in `transposed`. */
function absorbTransposition(
  value: Value,
  transposed: boolean,
): { value: Value; transposed: boolean } {
  const perm = permutationOf(value);
  const rank = value.shape.length;
  const swapsLastTwo = perm?.every((axis, i) =>
    axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)
  );
  return swapsLastTwo
    ? { value: value.node.inputs[0]!, transposed: !transposed }
    : { value, transposed };
}

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** `x` [n, h, w, c] as [n, c, h, w]: where a convolution made it, that is how it is already. */
export function channelsFirst(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, CHANNELS_FIRST);
}

/** The inverse of {@link channelsFirst}. */
export function channelsLast(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, CHANNELS_LAST);
}

function convolutionAttributes(window: Window) {
  return {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.before, ...window.after],
  };
}

/** x [n, h, w, c] convolved with filter [kh, kw, c, o], to `shape` [n, h', w', o]. */
export function convolution(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  window: Window,
  [n, h, w, o]: readonly [number, number, number, number],
): Value {
  const inputs = [channelsFirst(b, x), transpose(b, filter, [3, 2, 0, 1])];
  const y = b.node(
    { op: "Conv", inputs, attributes: convolutionAttributes(window) },
    { shape: [n, o, h, w], dtype: x.dtype },
  );
  return channelsLast(b, y);
}

/** Gradient of {@link convolution} with respect to x, given dy [n, h', w', o]; x has shape [n, h, w, c]. */
export function convolutionInputGradient(
  b: GraphBuilder,
  dy: Value,
  filter: Value,
  window: Window,
  [n, h, w, c]: readonly [number, number, number, number],
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
    const first = [0, 1].map((i) => reach(window, i) - before[i]!) as [number, number];
    const last = [0, 1].map((i) => [h, w][i]! - dy.shape[1 + i]! + reach(window, i) - first[i]!);
    const inner = { ...window, before: first, after: last as [number, number] };
    const inputs = [channelsFirst(b, dy), transpose(b, turned, [2, 3, 0, 1])];
    const dx = b.node(
      { op: "Conv", inputs, attributes: convolutionAttributes(inner) },
      { shape, dtype: dy.dtype },
    );
    return channelsLast(b, dx);
  }
  const covered = [0, 1].map((i) =>
    (dy.shape[1 + i]! - 1) * strides[i]! + reach(window, i) + 1 - before[i]! - window.after[i]!
  );
  const inputs = [channelsFirst(b, dy), transpose(b, filter, [3, 2, 0, 1])];
  const dx = b.node({
    op: "ConvTranspose",
    inputs,
    attributes: {
      ...convolutionAttributes(window),
      output_padding: [h - covered[0]!, w - covered[1]!],
    },
  }, { shape, dtype: dy.dtype });
  return channelsLast(b, dx);
}

/** How far the window reaches beyond its first element along height (0) or width (1). */
function reach({ kernel, dilations }: Window, axis: number): number {
  return (kernel[axis]! - 1) * dilations[axis]!;
}

/**
 * Gradient of {@link convolution} with respect to the filter [kh, kw, c, o].
 *
 * One matrix product per filter tap and example, summed over the examples: faster than unfolding the
 * input into one large matrix, and much faster than a Conv with examples as channels. The operand
 * with fewer channels is the one that is shifted, since every shift is a copy.
 */
export function convolutionFilterGradient(
  b: GraphBuilder,
  x: Value,
  dy: Value,
  window: Window,
): Value {
  const { kernel, strides, dilations, before, after } = window;
  const [n, , , c] = x.shape as [number, number, number, number];
  const [, outH, outW, o] = dy.shape as [number, number, number, number];
  const zeros = [0, 0];
  const padded = pad(b, channelsFirst(b, x), [...zeros, ...before], [...zeros, ...after]);
  const flatDy = reshape(b, channelsFirst(b, dy), [n, o, outH * outW]);
  const taps: Value[] = [];
  for (let r = 0; r < kernel[0]; r++) {
    for (let s = 0; s < kernel[1]; s++) {
      const begin = [0, 0, r * dilations[0], s * dilations[1]];
      const seen = slice(b, padded, begin, [n, c, outH, outW], [1, 1, ...strides]);
      const products = matMul(b, reshape(b, seen, [n, c, outH * outW]), flatDy, false, true);
      taps.push(reduce(b, "ReduceSum", products, [0], true));
    }
  }
  return reshape(b, concat(b, taps, 0), [...kernel, c, o]);
}
