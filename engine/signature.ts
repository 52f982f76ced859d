import { UserError } from "./host/mod.ts";
import type { Arrays, Signature, TensorSpec } from "./types.ts";

/** Number of elements of a tensor. */
export function elementCount({ shape }: TensorSpec): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A zeroed array for a tensor. */
export function allocate(spec: TensorSpec): Float32Array | Int32Array {
  const count = elementCount(spec);
  return spec.dtype === "float32" ? new Float32Array(count) : new Int32Array(count);
}

/**
 * Checks the names of a function's inputs and constants.
 *
 * @throws {UserError} If a name is empty, begins with "#", or stands for an input and a constant.
 */
export function checkNames(inputs: Signature, constants: Readonly<Record<string, unknown>>): void {
  for (const name of [...Object.keys(inputs), ...Object.keys(constants)]) {
    if (name === "" || name.startsWith("#")) {
      throw new UserError(
        `Cannot call an input ${
          JSON.stringify(name)
        }: a name is not empty, and does not begin with #`,
      );
    }
  }
  const both = Object.keys(constants).find((name) => name in inputs);
  if (both !== undefined) {
    throw new UserError(`${JSON.stringify(both)} is an input and a constant: rename one of them`);
  }
}

/**
 * Checks arrays against a signature.
 *
 * @throws {UserError} If an input is missing, unknown, or of the wrong type or length.
 */
export function checkInputs(signature: Signature, arrays: Arrays): void {
  for (const name of Object.keys(arrays)) {
    if (!(name in signature)) {
      throw new UserError(
        `No input ${JSON.stringify(name)}: the program takes ${Object.keys(signature).join(", ")}`,
      );
    }
  }
  for (const [name, spec] of Object.entries(signature)) {
    const array = arrays[name];
    if (!array) throw new UserError(`Missing input ${JSON.stringify(name)}: ${describe(spec)}`);
    const dtype = array instanceof Float32Array
      ? "float32"
      : array instanceof Int32Array
      ? "int32"
      : "something else";
    if (dtype !== spec.dtype || array.length !== elementCount(spec)) {
      throw new UserError(
        `Input ${JSON.stringify(name)} is ${dtype} of length ${array.length}: ` +
          `the program takes ${describe(spec)}`,
      );
    }
  }
}

function describe(spec: TensorSpec): string {
  return `${spec.dtype} of shape [${spec.shape}], ${elementCount(spec)} elements`;
}

/**
 * The signature of one of `count` slices of a batch.
 *
 * @throws {UserError} If an input to be cut is unknown, or its first axis does not divide.
 */
export function sliceSignature(
  signature: Signature,
  split: readonly string[],
  count: number,
): Signature {
  const unknown = split.find((name) => !(name in signature));
  if (unknown !== undefined) {
    throw new UserError(
      `Cannot split input ${JSON.stringify(unknown)}: ` +
        `the program takes ${Object.keys(signature).join(", ")}`,
    );
  }
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec]) => {
      if (!split.includes(name)) return [name, spec];
      const [batch = 0, ...rest] = spec.shape;
      if (batch === 0 || batch % count !== 0) {
        throw new UserError(
          `Cannot split input ${JSON.stringify(name)} of shape [${spec.shape}] into ${count}: ` +
            `its first axis must be a multiple of ${count}`,
        );
      }
      return [name, { ...spec, shape: [batch / count, ...rest] }];
    }),
  );
}
