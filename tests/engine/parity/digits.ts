/** A training step of the image network on made-up numbers. */
import {
  type Arrays,
  integers,
  normals,
  type Signature,
  type TensorFunction,
} from "../../../engine/mod.ts";
import { noiseInputs } from "../../../models/diffusion/mod.ts";
import { trainingStep } from "../../../models/steps/mod.ts";
import { imageNetwork } from "../../../models/image/mod.ts";
import { initialParameters } from "../../../models/layers/mod.ts";
import { type Inputs, perturbed } from "./agreement.ts";
import type { ImageSize } from "../../../models/image/shape.ts";

/** Inputs that have one row for each example. */
export const perExample = ["x", "eps", "alpha", "sigma", "angle", "labels"];

/**
 * The step, and inputs for a batch. The network takes images of any height and width that are
 * multiples of 4; small ones keep the plain cpu backend from taking half a minute.
 */
export async function digitsStep(
  size: ImageSize,
  [batch, height, width]: readonly [number, number, number],
): Promise<{ fn: TensorFunction; inputs: Inputs }> {
  const network = await imageNetwork(size);
  const parameters = perturbed(initialParameters(network.parameters, 1));
  const image = [batch, height, width, 1];
  const pixels = batch * height * width;
  const level = { shape: [batch], dtype: "float32" } as const;
  const signature: Signature = {
    ...parameters.signature,
    x: { shape: image, dtype: "float32" },
    eps: { shape: image, dtype: "float32" },
    alpha: level,
    sigma: level,
    angle: level,
    labels: { shape: [batch], dtype: "int32" },
  };
  const key = (stream: string) => ({ seed: 5, stream, step: 0 });
  const arrays: Arrays = {
    ...parameters.arrays,
    x: normals(key("x"), pixels).map((value) => Math.tanh(value)),
    eps: normals(key("eps"), pixels),
    ...noiseInputs(Array.from({ length: batch }, (_, i) => 1.5 * i - 2)),
    labels: integers(key("labels"), batch, 11),
  };
  return { fn: trainingStep(network, "v").apply, inputs: { signature, arrays } };
}
