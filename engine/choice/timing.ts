/** How long one run of a program takes. */
import { normals } from "../host/mod.ts";
import { elementCount } from "../signature.ts";
import type { Arrays, Signature } from "../types.ts";

/** Timed runs, and the milliseconds after which no further one is begun. */
const MOST_RUNS = 5;
const ENOUGH = 2000;

export interface Timing {
  /** Median over the timed runs. */
  readonly milliseconds: number;
  /** A copy of what one run gave. */
  readonly outputs: Arrays;
}

/** Times runs after one that is not timed, in which kernels are prepared. */
export async function timeRuns(
  program: { run(inputs: Arrays): Promise<Arrays> },
  inputs: Arrays,
): Promise<Timing> {
  const first = await program.run(inputs);
  const outputs = Object.fromEntries(
    Object.entries(first).map(([name, values]) => [name, values.slice()]),
  );
  const times: number[] = [];
  const began = performance.now();
  do {
    const start = performance.now();
    await program.run(inputs);
    times.push(performance.now() - start);
  } while (times.length < MOST_RUNS && performance.now() - began < ENOUGH);
  times.sort((a, b) => a - b);
  return { milliseconds: times[Math.floor(times.length / 2)]!, outputs };
}

/** Inputs for a program whose speed does not depend on them: noise, and zeros for integers. */
export function noiseFor(signature: Signature): Arrays {
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec], step) => {
      const count = elementCount(spec);
      return [
        name,
        spec.dtype === "float32"
          ? normals({ seed: 0, stream: "measuring", step }, count)
          : new Int32Array(count),
      ];
    }),
  );
}

/**
 * The distance of a program's float32 outputs from the right ones, as a fraction of the length of
 * the right ones, all of them taken as one vector.
 *
 * @returns null if the right ones are not finite, or all zero: they are no measure then.
 */
export function relativeDifference(outputs: Arrays, right: Arrays): number | null {
  let [distance, length] = [0, 0];
  for (const [name, expected] of Object.entries(right)) {
    if (!(expected instanceof Float32Array)) continue;
    const given = outputs[name]!;
    for (let i = 0; i < expected.length; i++) {
      distance += (given[i]! - expected[i]!) ** 2;
      length += expected[i]! ** 2;
    }
  }
  return Number.isFinite(length) && length > 0 ? Math.sqrt(distance / length) : null;
}
