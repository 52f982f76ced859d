/** One call of a program: what its signature demands, a batch cut into slices, and calls that take turns. */
import { UserError } from "./host/mod.ts";
import type { Arrays, Runner, Signature, TensorSpec } from "./types.ts";

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

/** The views of replica `index` on the arrays: its part of those that are split, all of the others. */
export function sliceOf(
  arrays: Arrays,
  signature: Signature,
  split: readonly string[],
  index: number,
): Arrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const length = elementCount(signature[name]!);
      const start = split.includes(name) ? index * length : 0;
      return [name, array.subarray(start, start + length)];
    }),
  );
}

/** Computes the means of the replicas' outputs into arrays made once. */
export function meansOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const means = allocateAll(outputs, 1);
  return () => {
    for (const [name, mean] of Object.entries(means)) {
      const arrays = results.map((result) => result[name]!);
      let sum = arrays[0]!;
      if (arrays.length === 1) {
        mean.set(sum);
        continue;
      }
      // Two replicas are the common case, and take a single pass.
      const last = arrays.at(-1)!;
      for (const array of arrays.slice(1, -1)) {
        for (let i = 0; i < mean.length; i++) mean[i] = sum[i]! + array[i]!;
        sum = mean;
      }
      const share = 1 / arrays.length;
      for (let i = 0; i < mean.length; i++) mean[i] = (sum[i]! + last[i]!) * share;
    }
    return means;
  };
}

/** Joins the replicas' outputs along their first axis into arrays made once. */
export function joinsOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const joined = allocateAll(outputs, results.length);
  return () => {
    for (const [name, whole] of Object.entries(joined)) {
      results.forEach((result, i) => whole.set(result[name]!, i * result[name]!.length));
    }
    return joined;
  };
}

function allocateAll(signature: Signature, times: number): Arrays {
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec]) => [name, allocate(timesBatch(spec, times))]),
  );
}

/** A tensor with `times` as many rows. */
export function timesBatch(spec: TensorSpec, times: number): TensorSpec {
  if (times === 1) return spec;
  const [batch = 1, ...rest] = spec.shape;
  return { ...spec, shape: [batch * times, ...rest] };
}

/**
 * Lets calls take turns, because a runner has one set of buffers. A call that has to wait is given
 * copies of its inputs as they were when it came, and a call that others wait for returns copies of
 * its outputs; the common case, one call after the other, copies nothing.
 */
export function serialized(runner: Runner): Runner {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  let released = false;
  return {
    async run(inputs) {
      if (released) {
        throw new UserError("Cannot run a program that was disposed of: compile it again");
      }
      const alone = waiting++ === 0;
      const given = alone ? inputs : copyOf(inputs);
      const turn = (alone ? runner.run(given) : last.then(() => runner.run(given)))
        .then((outputs) => waiting > 1 ? copyOf(outputs) : outputs)
        .finally(() => waiting--);
      last = turn.catch(() => {});
      return await turn;
    },
    async release() {
      if (released) return;
      released = true;
      await last;
      await runner.release();
    },
  };
}

function copyOf(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]));
}
