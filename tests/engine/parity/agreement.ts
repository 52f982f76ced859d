/** The same function compiled, and on TensorFlow.js's plain cpu backend. */
import assert from "node:assert/strict";
import {
  type Arrays,
  type Engine,
  normals,
  type Parameters,
  type Signature,
  type TensorFunction,
  tf,
} from "../../../engine/mod.ts";

/** Signature of a network's parameters, and their values. */
export interface Inputs {
  readonly signature: Signature;
  readonly arrays: Arrays;
}

/** A network's parameters away from their start, where those that begin at zero hide gradients. */
export function perturbed(parameters: Parameters): Inputs {
  const entries = Object.entries(parameters);
  return {
    signature: Object.fromEntries(
      entries.map(([name, { shape }]) => [name, { shape, dtype: "float32" }]),
    ),
    arrays: Object.fromEntries(
      entries.map(([name, { data }]) => {
        const noise = normals({ seed: 3, stream: `perturb/${name}`, step: 0 }, data.length);
        return [name, data.map((value, i) => value + 0.1 * noise[i]!)];
      }),
    ),
  };
}

/** What the compiled function gives, and the function itself on the cpu backend. */
export async function onBoth(
  engine: Engine,
  fn: TensorFunction,
  { signature, arrays }: Inputs,
): Promise<{ actual: Arrays; expected: Arrays }> {
  const program = await engine.compile(fn, signature);
  const actual = copyOf(await program.run(arrays));
  await program.dispose();
  await tf.setBackend("cpu");
  const expected: Arrays = {};
  tf.tidy(() => {
    const tensors = Object.entries(signature).map(([name, { shape, dtype }]) =>
      [name, tf.tensor(arrays[name]!, [...shape], dtype)] as const
    );
    for (const [name, tensor] of Object.entries(fn(Object.fromEntries(tensors)))) {
      assert.deepEqual(program.outputs[name]!.shape, tensor.shape, `shape of ${name}`);
      expected[name] = tensor.dataSync<"float32">().slice();
    }
  });
  return { actual, expected };
}

export function copyOf(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]));
}

export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** ‖actual − expected‖ / ‖expected‖. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  return norm(Array.from(expected, (value, i) => actual[i]! - value)) / norm(expected);
}

/**
 * Asserts that two sets of outputs agree in norm, one by one.
 *
 * @param vanishing Names of gradients that are zero but for rounding, which has no digits to agree
 * on: both must be small beside `scale`.
 */
export function assertAgree(
  actual: Arrays,
  expected: Arrays,
  tolerance: number,
  vanishing: { readonly names: readonly string[]; readonly scale: number } = {
    names: [],
    scale: 0,
  },
): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const name of vanishing.names) assert.ok(name in expected, `no output ${name}`);
  for (const [name, reference] of Object.entries(expected)) {
    const result = actual[name]!;
    if (vanishing.names.includes(name)) {
      for (const value of [norm(result), norm(reference)]) {
        assert.ok(value <= 1e-5 * vanishing.scale, `${name} should vanish, its norm is ${value}`);
      }
      continue;
    }
    assert.ok(norm(reference) > 0, `${name} is zero, so the case says nothing about it`);
    const off = distance(result, reference);
    // Not "off > …", which a NaN would pass.
    assert.ok(off <= tolerance, `${name} is off by ${off} of its norm`);
  }
}
