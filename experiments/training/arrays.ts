/** Parameters as compiled programs take them. */
import type { Arrays, Parameters, Signature } from "../../engine/mod.ts";

/** The inputs of a program that are its parameters, by name. */
export function parameterSignature(
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Signature {
  return Object.fromEntries(
    parameters.map(({ name, shape }) => [name, { shape, dtype: "float32" as const }]),
  );
}

/** Parameters as a program takes them. */
export function inputArrays(parameters: Parameters): Arrays {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data]));
}
