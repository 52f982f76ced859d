/**
 * A function over tensors together with what it takes, so that nobody who compiles it has to list its
 * inputs a second time.
 */
import type {
  Arrays,
  Constant,
  DType,
  Engine,
  Parameters,
  Program,
  Replicas,
  Signature,
  TensorFunction,
} from "../../engine/mod.ts";

/** One input of a step, beside the parameters. */
export interface StepInput {
  /** Of one example if `perExample`, else of the whole. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Whether there is one for each example of a batch, along a first axis. */
  readonly perExample: boolean;
}

export interface Step {
  /** The network's parameters, which the function takes by their own names. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly inputs: Readonly<Record<string, StepInput>>;
  readonly apply: TensorFunction;
}

/** An input with one tensor of this shape for each example. */
export function perExampleInput(shape: readonly number[], dtype: DType = "float32"): StepInput {
  return { shape, dtype, perExample: true };
}

/** An input that all examples share. */
export function sharedInput(shape: readonly number[], dtype: DType = "float32"): StepInput {
  return { shape, dtype, perExample: false };
}

export interface StepOptions {
  /** Examples in a batch. */
  readonly batch: number;
  /** How the outputs of the replicas are joined. */
  readonly outputs: Replicas["outputs"];
  /** By default as many as serve the batch well on this engine. */
  readonly replicas?: number | undefined;
  /** Values of the parameters to build into the program; without them they are inputs. */
  readonly weights?: Readonly<Record<string, Constant>> | undefined;
}

/** Compiles a step for batches of one size. */
export async function compileStep(
  engine: Engine,
  { parameters, inputs, apply }: Step,
  { batch, outputs, replicas = engine.replicasFor(batch), weights }: StepOptions,
): Promise<Program> {
  const specs = Object.entries(inputs).map(([name, { shape, dtype, perExample }]) => [
    name,
    { shape: perExample ? [batch, ...shape] : shape, dtype },
  ]);
  const split = Object.keys(inputs).filter((name) => inputs[name]!.perExample);
  return await engine.compile(
    apply,
    { ...(weights ? {} : parameterSignature(parameters)), ...Object.fromEntries(specs) },
    { replicas: { count: replicas, split, outputs }, ...(weights ? { constants: weights } : {}) },
  );
}

/** Parameters as inputs of a program, by name. */
export function parameterSignature(parameters: Step["parameters"]): Signature {
  return Object.fromEntries(
    parameters.map(({ name, shape }) => [name, { shape, dtype: "float32" as const }]),
  );
}

/** The values of parameters as a program takes them. */
export function inputArrays(parameters: Parameters): Arrays {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data]));
}
