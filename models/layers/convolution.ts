import { tf } from "../../engine/mod.ts";
import { type Layer, type LayerOptions } from "./linear.ts";
import { fanInUniform, type Scope } from "./parameters.ts";

/** Options of {@link conv2d}. */
export interface ConvOptions extends LayerOptions {
  /** Side of the square filter, odd; default 3. */
  readonly size?: number | undefined;
  /** Default 1. */
  readonly stride?: number | undefined;
}

/**
 * Convolution over images, [N, H, W, inputs] → [N, ⌈H/stride⌉, ⌈W/stride⌉, outputs].
 * Weight [size, size, inputs, outputs].
 *
 * Zeros are padded evenly on all sides, as PyTorch does: at stride 2 that differs from "same", which
 * pads an even image on two sides only.
 */
export function conv2d(
  scope: Scope,
  inputs: number,
  outputs: number,
  options: ConvOptions = {},
): Layer<tf.Tensor4D> {
  const { size = 3, stride = 1 } = options;
  const init = options.init ?? fanInUniform(size * size * inputs);
  const shape = [size, size, inputs, outputs];
  const weight = scope.declare("weight", shape, init, options.hidden);
  const bias = scope.declare("bias", [outputs], init);
  const padding = (size - 1) / 2;
  return (p, x) => tf.add(tf.conv2d(x, weight(p) as tf.Tensor4D, stride, padding), bias(p));
}
