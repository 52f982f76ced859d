/** Shapes of what the compiled steps take. */
import type { Replicas, Signature, TensorSpec } from "../../engine/mod.ts";
import { parameterSignature } from "../training/arrays.ts";

interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}
type NamedShapes = readonly { readonly name: string; readonly shape: readonly number[] }[];

/**
 * Inputs of the training and the validation step: the parameters by name and `count` examples, with
 * a weight each if `weighted`.
 */
export function stepSignature(
  parameters: NamedShapes,
  count: number,
  { height, width, channels }: ImageShape,
  weighted = false,
): Signature {
  const images: TensorSpec = { shape: [count, height, width, channels], dtype: "float32" };
  return {
    ...parameterSignature(parameters),
    x: images,
    eps: images,
    ...levelSignature(count),
    ...(weighted ? { weight: { shape: [count], dtype: "float32" } as const } : {}),
  };
}

/** What a denoiser takes beside noisy images. */
export interface DenoiserInputs {
  readonly selfConditioned?: boolean | undefined;
  readonly guided?: boolean;
  readonly rescaled?: boolean;
}

/** Inputs of the denoiser, besides the parameters. */
export function denoiserSignature(
  count: number,
  { height, width, channels }: ImageShape,
  { selfConditioned, guided, rescaled }: DenoiserInputs = {},
): Signature {
  const images: TensorSpec = { shape: [count, height, width, channels], dtype: "float32" };
  return {
    z: images,
    ...(selfConditioned ? { previous: images } : {}),
    ...levelSignature(count),
    ...(guided ? { guidance_scale: { shape: [], dtype: "float32" } as const } : {}),
    ...(rescaled ? { guidance_rescale: { shape: [], dtype: "float32" } as const } : {}),
  };
}

function levelSignature(count: number): Signature {
  const perExample: TensorSpec = { shape: [count], dtype: "float32" };
  return {
    alpha: perExample,
    sigma: perExample,
    angle: perExample,
    labels: { shape: [count], dtype: "int32" },
  };
}

/** Inputs with one row for each example. */
const PER_EXAMPLE = ["x", "eps", "z", "previous", "alpha", "sigma", "angle", "labels", "weight"];

/** Cuts the examples of a batch among `count` replicas. */
export function replicasOf(
  signature: Signature,
  count: number,
  outputs: Replicas["outputs"],
): Replicas {
  return { count, split: PER_EXAMPLE.filter((name) => name in signature), outputs };
}
