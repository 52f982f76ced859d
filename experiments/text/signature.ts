/** Shapes of what the compiled steps of text take. */
import type { Replicas, Signature, TensorSpec } from "../../engine/mod.ts";
import {
  EMBEDDING_DIMENSION,
  KNOTS,
  PER_WINDOW,
  type TextNetwork,
} from "../../models/text/network/mod.ts";
import { parameterSignature } from "../../models/steps/mod.ts";

/** Inputs of the training step and of the bound: the parameters, and `count` windows. */
export function windowSignature(network: TextNetwork, count: number): Signature {
  const { context, clean, noisy, masked, adaptive } = network.options;
  const perWindow: TensorSpec = { shape: [count], dtype: "float32" };
  return {
    ...parameterSignature(network.parameters),
    tokens: { shape: [count, context], dtype: "int32" },
    ...(noisy
      ? {
        eps: { shape: [count, context, EMBEDDING_DIMENSION], dtype: "float32" as const },
        gamma: perWindow,
        alpha: perWindow,
        sigma: perWindow,
        cross_entropy_weight: perWindow,
        squared_error_weight: perWindow,
        ...(adaptive ? { knot_weight: { shape: [count, KNOTS], dtype: "float32" as const } } : {}),
      }
      : {}),
    ...(masked ? { masked: { shape: [count, context], dtype: "float32" as const } } : {}),
    ...(clean && noisy
      ? { mask: { shape: [context, 2 * context], dtype: "float32" as const } }
      : {}),
  };
}

/** The same without the inputs that only some of the programs take. */
export function only(signature: Signature, wanted: (name: string) => boolean): Signature {
  return Object.fromEntries(Object.entries(signature).filter(([name]) => wanted(name)));
}

/** Cuts the windows of a batch among `count` replicas. */
export function replicasOf(
  signature: Signature,
  count: number,
  outputs: Replicas["outputs"],
): Replicas {
  return { count, split: PER_WINDOW.filter((name) => name in signature), outputs };
}
