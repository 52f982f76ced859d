/**
 * Layouts of images: the window of a convolution or pooling, the layouts [n, h, w, c] and [n, c, h, w], and ONNX
 * Runtime's blocked layout [n, c/B, h, w, B] with B channels side by side.
 */
import type { GraphBuilder } from "./builder.ts";
import { pad, reshape, slice, transpose } from "./movement.ts";
import type { Value } from "./value.ts";

export type Shape4 = readonly [number, number, number, number];

export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Padding before and after, along height and width. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** The extent of the window beyond its first element along height (0) or width (1). */
export function reach({ kernel, dilations }: Window, axis: number): number {
  return (kernel[axis]! - 1) * dilations[axis]!;
}

/** A pair of values, for height and for width. */
export function both(of: (axis: number) => number): [number, number] {
  return [of(0), of(1)];
}

/** How far each element of the window lies from its first one, row by row. */
export function tapsOf({ kernel, dilations }: Window): [number, number][] {
  return Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => [
    Math.floor(tap / kernel[1]) * dilations[0],
    tap % kernel[1] * dilations[1],
  ]);
}

/** The part of `x` [n, h, w, c] from row and column `first` on, with zeros where `shape` reaches beyond it. */
export function cutOrFill(
  b: GraphBuilder,
  x: Value,
  first: readonly [number, number],
  shape: Shape4,
): Value {
  const [n, , , c] = shape;
  const begin = both((i) => Math.max(first[i]!, 0));
  const before = both((i) => Math.max(-first[i]!, 0));
  const size = both((i) => Math.min(x.shape[1 + i]! - begin[i]!, shape[1 + i]! - before[i]!));
  const part = slice(b, x, [0, ...begin, 0], [n, ...size, c]);
  const after = both((i) => shape[1 + i]! - before[i]! - size[i]!);
  return pad(b, part, [0, ...before, 0], [0, ...after, 0]);
}

/** The window in ONNX's terms. */
export function convolutionAttributes(window: Window) {
  return {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.before, ...window.after],
  };
}

/** `x` [n, h, w, c] as [n, c, h, w]: where a convolution made it, that is how it is already. */
export function channelsFirst(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, [0, 3, 1, 2]);
}

/** The inverse of {@link channelsFirst}. */
export function channelsLast(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, [0, 2, 3, 1]);
}

/** ONNX Runtime's domain for operators on blocked tensors. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** Whether a convolution with this filter [kh, kw, c, o] is better done in the blocked layout. */
export function canBlock(b: GraphBuilder, filter: Value): boolean {
  const [, , inputs, outputs] = filter.shape as [number, number, number, number];
  const B = b.blockSize;
  return B > 1 && filter.node.op !== "Constant" && inputs % B === 0 && outputs % B === 0;
}

/**
 * Convolution in ONNX Runtime's blocked layout. Its kernels there are 1.5 to 2 times as fast as those of the plain
 * Conv, but ONNX Runtime itself uses them only for filters that are constants, which those of a training step are
 * not. So the operators of its own domain are written into the graph here. B depends on the processor: see
 * onnx/blocked_layout.ts, which also checks the result.
 *
 * @param x [n, c, h, w]
 * @param filter [kh, kw, c, o], or, if `swap`, [kh, kw, o, c].
 * @param shape [n, o, h', w'], the shape of the result.
 */
export function blockedConvolution(
  b: GraphBuilder,
  x: Value,
  filter: Value,
  { window, shape, swap }: {
    readonly window: Window;
    readonly shape: readonly number[];
    readonly swap: boolean;
  },
): Value {
  const { dtype } = x;
  const blockedX = b.node(
    { op: "ReorderInput", domain: BLOCKED_DOMAIN, inputs: [x], attributes: { channels_last: 0 } },
    { shape: x.shape, dtype },
  );
  const y = b.node({
    op: "Conv",
    domain: BLOCKED_DOMAIN,
    inputs: [blockedX, blockedFilter(b, filter, swap)],
    attributes: convolutionAttributes(window),
  }, { shape, dtype });
  return unblock(b, y);
}

/** A blocked tensor [n, c, h, w] in the plain layout. */
export function unblock(b: GraphBuilder, y: Value): Value {
  return b.node({
    op: "ReorderOutput",
    domain: BLOCKED_DOMAIN,
    inputs: [y],
    attributes: { channels: y.shape[1]!, channels_last: 0 },
  }, y);
}

/** Filter [kh, kw, c, o] as [o/B, c/B, kh, kw, B of c, B of o], under the nominal shape [o, c, kh, kw]. */
function blockedFilter(b: GraphBuilder, filter: Value, swap: boolean): Value {
  const [kh, kw, first, second] = filter.shape as [number, number, number, number];
  const B = b.blockSize;
  const split = reshape(b, filter, [kh, kw, first / B, B, second / B, B]);
  const blocked = transpose(b, split, swap ? [2, 4, 0, 1, 5, 3] : [4, 2, 0, 1, 3, 5]);
  return reshape(b, blocked, swap ? [first, second, kh, kw] : [second, first, kh, kw]);
}
