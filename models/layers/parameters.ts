/**
 * How networks come by their parameters.
 *
 * A layer is built once, from a {@link Scope}: it declares the parameters it needs and keeps, for
 * each, the function that picks it out of the tensors given at every application. So a parameter is
 * named in one place, and what is declared cannot differ from what is used.
 */
import { normals, tf, uniforms } from "../../engine/mod.ts";
import type { Parameters, RandomKey } from "../../engine/mod.ts";

/** How a parameter starts. */
export type Init =
  | { readonly kind: "zeros" | "ones" }
  /** Stretches of equal length, each filled with one value. */
  | { readonly kind: "stretches"; readonly values: readonly number[] }
  /** Normal with this standard deviation. */
  | { readonly kind: "normal"; readonly deviation: number }
  /** Uniform in ±bound. */
  | { readonly kind: "uniform"; readonly bound: number };

export const zeros: Init = { kind: "zeros" };
export const ones: Init = { kind: "ones" };
export const unitNormal: Init = { kind: "normal", deviation: 1 };

/** Uniform in ±1/√fanIn, PyTorch's default for the weights and biases of linear layers and
 * convolutions; `fanIn` is the number of inputs that one output sees. */
export function fanInUniform(fanIn: number): Init {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/** A parameter before it has a value. */
export interface ParameterSpec {
  /** Path of the layer and the parameter's own name, such as `down1.conv1.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Whether it is a matrix of a hidden layer: one that Muon trains, where a run uses Muon. */
  readonly hidden: boolean;
}

/** The values of a network's parameters, by full name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Picks one parameter out of all of a network's. */
export type Pick = (parameters: Tensors) => tf.Tensor;

/** A named place in a network, where layers declare their parameters. */
export interface Scope {
  /** The place called `name` within this one. */
  at(name: string): Scope;
  /**
   * Declares a parameter of this place.
   *
   * @param hidden See {@link ParameterSpec.hidden}; by default it is not.
   * @throws {Error} If the name is taken.
   */
  declare(name: string, shape: readonly number[], init: Init, hidden?: boolean): Pick;
}

/** An empty network's root place, and the list that fills as layers declare their parameters. */
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

/** The number of values in the given parameters. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
}

/**
 * Starting values. Each parameter has a random stream of its own (`init/<name>`), so it does not
 * depend on which others a network has.
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
    case "stretches": {
      const length = size / init.values.length;
      return Float32Array.from({ length: size }, (_, i) => init.values[Math.floor(i / length)]!);
    }
    case "normal":
      return normals(key, size).map((value) => value * init.deviation);
    case "uniform":
      return uniforms(key, size).map((value) => (2 * value - 1) * init.bound);
  }
}
