/**
 * The declaration of parameters.
 *
 * A layer is built once, in a {@link Scope}. It declares its parameters and keeps, for each of them, the
 * function that selects it from the tensors of every application. A parameter is therefore named in one
 * place, and the declared parameters are those that are used.
 */
import { normals, tf, uniforms } from "../../engine/mod.ts";
import type { Parameters, RandomKey } from "../../engine/mod.ts";

/** The initial distribution of a parameter. */
export type Init =
  | { readonly kind: "zeros" | "ones" }
  /** Segments of equal length, each filled with one value. */
  | { readonly kind: "segments"; readonly values: readonly number[] }
  /** Normal with this standard deviation. */
  | { readonly kind: "normal"; readonly deviation: number }
  /** Uniform in ±bound. */
  | { readonly kind: "uniform"; readonly bound: number };

export const zeros: Init = { kind: "zeros" };
export const ones: Init = { kind: "ones" };
export const unitNormal: Init = { kind: "normal", deviation: 1 };

/** Uniform in ±1/√fanIn, PyTorch's default for the weights and biases of linear layers and
 * convolutions; `fanIn` is the number of inputs that one output depends on. */
export function fanInUniform(fanIn: number): Init {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/** The declaration of a parameter. */
export interface ParameterSpec {
  /** Path of the layer and name of the parameter, such as `down1.conv1.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Whether it is the weight matrix of a hidden layer, which Muon trains in runs that use Muon. */
  readonly hidden: boolean;
}

/** The parameters of a network, by full name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Selects one parameter of a network. */
export type ParameterSelector = (parameters: Tensors) => tf.Tensor;

/** A named module of a network, in which layers declare their parameters. */
export interface Scope {
  /** Returns the submodule of this name. */
  at(name: string): Scope;
  /**
   * Declares a parameter of this module.
   *
   * @param hidden See {@link ParameterSpec.hidden}; by default it is not.
   * @throws {Error} If the name is taken.
   */
  declare(name: string, shape: readonly number[], init: Init, hidden?: boolean): ParameterSelector;
}

/** Returns the root module of a new network, and the list of the parameters that its layers declare. */
export function declarations(): { readonly root: Scope; readonly specs: readonly ParameterSpec[] } {
  const specs: ParameterSpec[] = [];
  const scope = (prefix: string): Scope => ({
    at: (name) => scope(`${prefix}${name}.`),
    declare(name, shape, init, hidden = false) {
      const full = prefix + name;
      if (specs.some((spec) => spec.name === full)) {
        throw new Error(`Parameter ${full} is declared twice`);
      }
      specs.push({ name: full, shape, init, hidden });
      return (parameters) => {
        const tensor = parameters[full];
        if (!tensor) throw new Error(`Parameter ${full} [${shape}] is missing`);
        return tensor;
      };
    },
  });
  return { root: scope(""), specs };
}

/** Returns the total number of values of these parameters. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
}

/**
 * Initialises parameters. Each has a random stream of its own (`init/<name>`), so its value does not
 * depend on the other parameters of the network.
 *
 * @param seed An integer from 0 to 2^32 − 1.
 */
export function initialParameters(specs: readonly ParameterSpec[], seed: number): Parameters {
  return Object.fromEntries(
    specs.map(({ name, shape, init }) => {
      const size = tf.util.sizeFromShape([...shape]);
      const key = { seed, stream: `init/${name}`, step: 0 };
      return [name, { shape, data: initialValues(init, key, size) }];
    }),
  );
}

function initialValues(
  init: Init,
  key: RandomKey,
  size: number,
): Float32Array {
  switch (init.kind) {
    case "zeros":
      return new Float32Array(size);
    case "ones":
      return new Float32Array(size).fill(1);
    case "segments": {
      const length = size / init.values.length;
      return Float32Array.from({ length: size }, (_, i) => init.values[Math.floor(i / length)]!);
    }
    case "normal":
      return normals(key, size).map((value) => value * init.deviation);
    case "uniform":
      return uniforms(key, size).map((value) => (2 * value - 1) * init.bound);
  }
}
