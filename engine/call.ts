/** One call of a program: what its signature demands, a batch cut into slices, and calls that take turns. */
import { UserError } from "./host/mod.ts";
import { sizeOf } from "./graph/value.ts";
import type { Arrays, Program, Runner, Signature, TensorSpec } from "./types.ts";

/** The record with each value replaced. */
export function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}

/** A zeroed array for a tensor. */
export function allocate({ shape, dtype }: TensorSpec): Float32Array | Int32Array {
  const count = sizeOf(shape);
  return dtype === "float32" ? new Float32Array(count) : new Int32Array(count);
}

/** Copies of arrays. */
export function copied(arrays: Arrays): Arrays {
  return mapValues(arrays, (array) => array.slice());
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
    if (dtype !== spec.dtype || array.length !== sizeOf(spec.shape)) {
      throw new UserError(
        `Input ${JSON.stringify(name)} is ${dtype} of length ${array.length}: ` +
          `the program takes ${describe(spec)}`,
      );
    }
  }
}

function describe({ shape, dtype }: TensorSpec): string {
  return `${dtype} of shape [${shape}], ${sizeOf(shape)} elements`;
}

/**
 * The shape and type of an output.
 *
 * @throws {UserError} If its type cannot leave the engine.
 */
export function outputSpec(
  name: string,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: string },
): TensorSpec {
  if (dtype === "float32" || dtype === "int32") return { shape, dtype };
  throw new UserError(
    `Output ${JSON.stringify(name)} is ${dtype}: outputs are float32 or int32, so cast it`,
  );
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
  return mapValues(signature, (spec, name) => {
    if (!split.includes(name)) return spec;
    const [batch = 0, ...rest] = spec.shape;
    if (batch === 0 || batch % count !== 0) {
      throw new UserError(
        `Cannot split input ${JSON.stringify(name)} of shape [${spec.shape}] into ${count}: ` +
          `its first axis must be a multiple of ${count}`,
      );
    }
    return { ...spec, shape: [batch / count, ...rest] };
  });
}

/** A tensor with `times` as many rows. */
export function timesBatch(spec: TensorSpec, times: number): TensorSpec {
  if (times === 1) return spec;
  const [batch = 1, ...rest] = spec.shape;
  return { ...spec, shape: [batch * times, ...rest] };
}

/**
 * A program on a runner. Calls take turns, because a runner has one set of buffers. A call that has to
 * wait is given copies of its inputs as they were when it came, and a call that others wait for returns
 * copies of its outputs; the common case, one call after the other, copies nothing.
 */
export function programOn(
  runner: Runner,
  program: Pick<Program, "inputs" | "outputs" | "toOnnx">,
): Program {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  let disposed = false;
  return {
    ...program,
    async run(inputs) {
      checkInputs(program.inputs, inputs);
      if (disposed) {
        throw new UserError("Cannot run a program that was disposed of: compile it again");
      }
      const alone = waiting++ === 0;
      const own = alone ? inputs : copied(inputs);
      const turn = (alone ? runner.run(own) : last.then(() => runner.run(own)))
        .then((outputs) => waiting > 1 ? copied(outputs) : outputs)
        .finally(() => waiting--);
      last = turn.catch(() => {});
      return await turn;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await last;
      await runner.dispose();
    },
  };
}
