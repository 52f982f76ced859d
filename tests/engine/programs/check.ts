/** A random program on the engine and on TensorFlow.js's cpu backend. */
import { type Arrays, type Engine, tf } from "../../../engine/mod.ts";
import { programOf } from "./program.ts";

/** How many times as far as a rounding of the inputs moves a result it may lie off. */
const ROUNDINGS = 50;
/** Of the norm, at least. */
const RTOL = 2e-5;
const PERTURBATION = 1e-6;

/** What is wrong with the program of a seed; undefined if nothing is. */
export async function troubleWith(engine: Engine, seed: number): Promise<string | undefined> {
  await tf.setBackend("cpu");
  const { shapes, inputs, evaluate } = programOf(seed);
  const onCpu = (inputs: readonly Float32Array[]): Arrays =>
    tf.tidy(() => {
      const results = evaluate(inputs.map((data, i) => tf.tensor(data, [...shapes[i]!])));
      return Object.fromEntries(
        Object.entries(results).map(([name, x]) => [name, x.dataSync<"float32">().slice()]),
      );
    });
  const expected = onCpu(inputs);
  const moved = [1, -1].map((sign) =>
    onCpu(inputs.map((data) => data.map((x, i) => x * (1 + sign * PERTURBATION * Math.cos(i)))))
  );
  const signature = Object.fromEntries(
    shapes.map((shape, i) => [`x${i}`, { shape, dtype: "float32" as const }]),
  );
  const program = await engine.compile(
    (tensors) => evaluate(shapes.map((_, i) => tensors[`x${i}`]!)),
    signature,
  );
  try {
    const actual = await program.run(
      Object.fromEntries(inputs.map((data, i) => [`x${i}`, data])),
    );
    for (const [name, reference] of Object.entries(expected)) {
      const scale = norm(reference);
      const sensitivity = Math.max(...moved.map((other) => distance(other[name]!, reference)));
      const allowed = ROUNDINGS * sensitivity + RTOL * scale + 1e-6;
      const off = distance(actual[name]!, reference);
      // Not "off > …", which a NaN would pass.
      if (!(off <= allowed)) {
        return `${name} is off by ${off}, ${allowed} is allowed (norm ${scale})`;
      }
    }
    return undefined;
  } finally {
    await program.dispose();
  }
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, x) => sum + x ** 2, 0));
}

function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return norm(Array.from(expected, (x, i) => actual[i]! - x));
}
