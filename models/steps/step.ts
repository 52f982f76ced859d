/**
 * Steps: functions over tensors together with the declaration of their inputs.
 */
import {
  type Arrays,
  type Constant,
  type DType,
  type Engine,
  type Parameters,
  type Program,
  randomNormal,
  type Replicas,
  type Signature,
  type TensorFunction,
  type TensorSpec,
  tf,
} from "../../engine/mod.ts";
import type { Tensors } from "../layers/mod.ts";

/** An input of a step other than its parameters. */
export interface StepInput {
  /** Shape of one example if `perExample`, otherwise of the whole tensor. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Whether the input has a leading batch axis. */
  readonly perExample: boolean;
}

/**
 * A function over tensors that an engine compiles: a training step, a validation step, one evaluation of a
 * denoiser.
 */
export interface Step {
  /** The parameters, which are inputs of the function under their names. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly inputs: Readonly<Record<string, StepInput>>;
  readonly apply: TensorFunction;
}

/** Declares an input with a leading batch axis. */
export function perExampleInput(shape: readonly number[], dtype: DType = "float32"): StepInput {
  return { shape, dtype, perExample: true };
}

/** Declares an input that all examples share. */
export function sharedInput(shape: readonly number[], dtype: DType = "float32"): StepInput {
  return { shape, dtype, perExample: false };
}

export interface StepOptions {
  /** Number of examples in a batch. */
  readonly batch: number;
  /** The way in which the outputs of replicas are joined. */
  readonly outputs: Replicas["outputs"];
  /** Number of replicas. By default chosen by the engine for this batch. */
  readonly replicas?: number | undefined;
  /**
   * Examples that are computed at once, a divisor of `batch`, by default all: fewer need less memory.
   * Only where `outputs` is "concat".
   */
  readonly atOnce?: number | undefined;
  /** Values of the parameters, compiled into the program as constants. By default they are inputs. */
  readonly weights?: Readonly<Record<string, Constant>> | undefined;
}

/** Compiles a step for a fixed batch size. */
export async function compileStep(
  engine: Engine,
  step: Step,
  { batch, outputs, atOnce = batch, replicas = engine.replicasFor(atOnce), weights }: StepOptions,
): Promise<Program> {
  const { parameters, inputs, apply } = step;
  const split = Object.keys(inputs).filter((name) => inputs[name]!.perExample);
  const program = await engine.compile(
    apply,
    { ...(weights ? {} : parameterSignature(parameters)), ...batchSignature(step, atOnce) },
    { replicas: { count: replicas, split, outputs }, constants: weights },
  );
  return atOnce === batch ? program : computedInParts(program, split, batch / atOnce);
}

/** A program for batches `parts` times as large, which it computes part by part. */
function computedInParts(program: Program, split: readonly string[], parts: number): Program {
  const larger = ({ shape: [first = 1, ...rest], dtype }: TensorSpec): TensorSpec => ({
    shape: [first * parts, ...rest],
    dtype,
  });
  const mapped = (signature: Signature, isSplit: (name: string) => boolean): Signature =>
    Object.fromEntries(
      Object.entries(signature).map(([name, spec]) => [name, isSplit(name) ? larger(spec) : spec]),
    );
  const inputs = mapped(program.inputs, (name) => split.includes(name));
  return {
    inputs,
    outputs: mapped(program.outputs, () => true),
    async run(arrays) {
      const whole: Arrays = {};
      for (let part = 0; part < parts; part++) {
        const own = Object.entries(arrays).map(([name, values]) => {
          const length = values.length / parts;
          const isSplit = split.includes(name);
          return [name, isSplit ? values.subarray(part * length, (part + 1) * length) : values];
        });
        for (const [name, values] of Object.entries(await program.run(Object.fromEntries(own)))) {
          const joined = whole[name] ??= values instanceof Float32Array
            ? new Float32Array(parts * values.length)
            : new Int32Array(parts * values.length);
          joined.set(values, part * values.length);
        }
      }
      return whole;
    },
    toOnnx: () => program.toOnnx(),
    dispose: () => program.dispose(),
  };
}

/** Returns the signature of a step's inputs, without its parameters, for a batch size. */
export function batchSignature({ inputs }: Pick<Step, "inputs">, batch: number): Signature {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, perExample }]) => [
      name,
      { shape: perExample ? [batch, ...shape] : shape, dtype },
    ]),
  );
}

/** Returns the signature of parameters as inputs, by name. */
export function parameterSignature(parameters: Step["parameters"]): Signature {
  return Object.fromEntries(
    parameters.map(({ name, shape }) => [name, { shape, dtype: "float32" as const }]),
  );
}

/** Returns the values of parameters as inputs of a program. */
export function inputArrays(parameters: Parameters): Arrays {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data]));
}

/**
 * Returns the input of this name.
 *
 * @throws {Error} If there is none; the message lists the inputs.
 */
export function input(inputs: Tensors, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) {
    throw new Error(`Input ${name} is missing: the inputs are ${Object.keys(inputs).join(", ")}`);
  }
  return tensor;
}

/** An input of a step that is unit normal noise, and the key that its numbers are drawn by. */
export interface NoiseInput {
  /** Name of the input, which has a leading batch axis. */
  readonly name: string;
  readonly seed: number;
  readonly stream: string;
}

/** The input in its place: the number of the training step, the last part of the noise's key. */
export const NOISE_STEP = "noise_step";

/**
 * Returns the step with its noise drawn by the same generator as on the host: `normals` with the key
 * (seed, stream, {@link NOISE_STEP}). The generator's bits are the host's everywhere; the logarithm and
 * the cosine by which they become normal numbers are the device's, in float32.
 *
 * @param batch Number of examples in a batch.
 */
export function withDrawnNoise(step: Step, noise: NoiseInput, batch: number): Step {
  const { name, seed, stream } = noise;
  const { [name]: drawn, ...inputs } = step.inputs;
  if (!drawn) throw new Error(`Internal: the step has no input ${name}`);
  return {
    parameters: step.parameters,
    inputs: { ...inputs, [NOISE_STEP]: sharedInput([], "int32") },
    apply(tensors) {
      const key = { seed, stream, step: input(tensors, NOISE_STEP) };
      return step.apply({ ...tensors, [name]: randomNormal(key, [batch, ...drawn.shape]) });
    },
  };
}
