/** What is measured before a device is chosen, and how long one run of a program takes. */
import type { Arrays, DeviceName, Engine, Program, Signature } from "../types.ts";
import { normals } from "../host/mod.ts";
import { elementCount } from "../call.ts";

/** The work that a device is wanted for. */
export interface Workload {
  /** Compiles the program that most of the time will be spent in. */
  compile(engine: Engine): Promise<Program>;
  /** Inputs of one run, by default noise. */
  inputs?(): Arrays;
  /** How often the program will be run, about. */
  readonly runs: number;
}

/** What was found of one device. */
export interface DeviceMeasurement {
  readonly device: Exclude<DeviceName, "auto">;
  /** Of one run of the program, the median of a few; null if it was not measured. */
  readonly milliseconds: number | null;
  /** Why it was not measured, or cannot be used; null where nothing stands against it. */
  readonly trouble: string | null;
}

/** Which device was taken, and why. */
export interface DeviceChoice {
  readonly device: Exclude<DeviceName, "auto">;
  /** For people: a sentence without a full stop. */
  readonly reason: string;
  /** In the order in which they were looked at; empty if the choice was not by measuring. */
  readonly measured: readonly DeviceMeasurement[];
  /** Where the noise of the work was made; undefined if the work has none, or before this was recorded. */
  readonly noise?: "device" | "host" | undefined;
}

/** Timed runs, and the milliseconds after which no further one is begun. */
const MOST_RUNS = 5;
const ENOUGH = 2000;

interface Timing {
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
