/** Between TensorFlow.js's layout of images, [n, h, w, c], and ONNX's, [n, c, h, w]. */
import type { GraphBuilder } from "./builder.ts";
import { transpose } from "./movement.ts";
import type { Value } from "./value.ts";

/** `x` [n, h, w, c] as [n, c, h, w]: where a convolution made it, that is how it is already. */
export function channelsFirst(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, [0, 3, 1, 2]);
}

/** The inverse of {@link channelsFirst}. */
export function channelsLast(b: GraphBuilder, x: Value): Value {
  return transpose(b, x, [0, 2, 3, 1]);
}
