/** Images: the window of a convolution or pooling, and the layouts [n, h, w, c] and [n, c, h, w]. */
import type { GraphBuilder } from "./builder.ts";
import { transpose } from "./movement.ts";
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

/** How far the window reaches beyond its first element along height (0) or width (1). */
export function reach({ kernel, dilations }: Window, axis: number): number {
  return (kernel[axis]! - 1) * dilations[axis]!;
}

/** A pair of values, for height and for width. */
export function both(of: (axis: number) => number): [number, number] {
  return [of(0), of(1)];
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
