/**
 * Measuring how long a program takes on a device: in this process, or in one of its own, whose driver may hang
 * or crash. This file is the program of that process too.
 */
import type {
  Arrays,
  DeviceName,
  Engine,
  GraphRuntime,
  Program,
  Signature,
  TracedProgram,
} from "../types.ts";
import { normals } from "../host/mod.ts";
import { allocate, copied } from "../call.ts";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { valuesInOrder } from "../graph/value.ts";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { kernelRuntime } from "../kernels/runtime.ts";
import { onnxRuntime } from "../onnx/runtime.ts";

/** The work that a device is wanted for. */
export interface Workload {
  /** Compiles the program that most of the time will be spent in. */
  compile(engine: Engine): Promise<Program>;
  /** Inputs of one run, by default noise. */
  inputs?(): Arrays;
  /** Approximate number of runs of the program. */
  readonly runs: number;
}

/** The measurement of one device. */
export interface DeviceMeasurement {
  readonly device: Exclude<DeviceName, "auto">;
  /** Median time of one run of the program; null if it was not measured. */
  readonly milliseconds: number | null;
  /** The reason why the device was not measured or cannot be used; null if there is none. */
  readonly trouble: string | null;
}

/** The chosen device and the reason. */
export interface DeviceChoice {
  readonly device: Exclude<DeviceName, "auto">;
  /** For people: a sentence without a full stop. */
  readonly reason: string;
  /** In the order in which they were looked at; empty if the choice was not by measuring. */
  readonly measured: readonly DeviceMeasurement[];
  /** Where noise is drawn; undefined if the work has none, or if the run is older than this field. */
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
  const outputs = copied(await program.run(inputs));
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
      const zeros = allocate(spec);
      return [
        name,
        spec.dtype === "float32"
          ? normals({ seed: 0, stream: "measuring", step }, zeros.length)
          : zeros,
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
    const actual = outputs[name]!;
    for (let i = 0; i < expected.length; i++) {
      distance += (actual[i]! - expected[i]!) ** 2;
      length += expected[i]! ** 2;
    }
  }
  return Number.isFinite(length) && length > 0 ? Math.sqrt(distance / length) : null;
}

/** The task of the process, read from its standard input. */
export interface MeasurementJob {
  readonly device: Exclude<DeviceName, "auto">;
  readonly program: TracedProgram;
  readonly arrays: Arrays;
  /** Reference outputs of the program, to compare with. */
  readonly right: Arrays | null;
}

/** The result of the process, a line of its standard output. */
export type MeasurementResult =
  | { readonly milliseconds: number; readonly difference: number | null }
  | { readonly trouble: string };

/** Begins the line, since libraries print there too. */
export const RESULT_MARK = "measured:";

/** The program of the process; another one takes its place in tests. */
export const MEASURING_PROGRAM = new URL("./measure.ts", import.meta.url);

interface ProcessOptions {
  readonly entry: URL;
  readonly timeLimitSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measures a program in a process of its own.
 *
 * @returns What it found, or in what way it failed.
 * @throws The signal's reason, once it is aborted.
 */
export async function measureInProcess(
  job: MeasurementJob,
  { entry, timeLimitSeconds, signal }: ProcessOptions,
): Promise<MeasurementResult> {
  signal?.throwIfAborted();
  const child = spawn(Deno.execPath(), [...FLAGS, fileURLToPath(entry)], { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (chunk) => stderr = (stderr + chunk).slice(-4000));
  // A process that ends before it has read its job says why in another way.
  child.stdin.on("error", () => {});
  // Values before the graph that they belong to, and copies of arrays, which may lie in shared memory.
  const values = valuesInOrder(job.program.graph);
  child.stdin.end(serialize({ values, ...job, arrays: copied(job.arrays) }));
  const { promise, resolve, reject } = Promise.withResolvers<MeasurementResult>();
  child.stdout.on("data", (chunk) => {
    stdout = (stdout + chunk).slice(-4000);
    const line = stdout.split("\n").slice(0, -1).find((line) => line.startsWith(RESULT_MARK));
    if (line) resolve(JSON.parse(line.slice(RESULT_MARK.length)));
  });
  child.on("error", ({ message }) => resolve({ trouble: `it cannot be measured: ${message}` }));
  child.on("close", (code, killedBy) =>
    resolve({
      trouble: `the process that measured it ${
        killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`
      }${stderr.trim() && `: ${lastLine(stderr)}`}`,
    }));
  const late = setTimeout(
    () => resolve({ trouble: `it gave no answer within ${timeLimitSeconds} s` }),
    1000 * timeLimitSeconds,
  );
  const stop = () => reject(signal!.reason);
  signal?.addEventListener("abort", stop);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", stop);
    // Its end is not waited for: a driver that hangs may not even let it be killed.
    child.kill("SIGKILL");
    child.unref();
  }
}

const FLAGS = [
  "run",
  "--quiet",
  "--no-prompt",
  "--config",
  fileURLToPath(new URL("../../deno.json", import.meta.url)),
  "--allow-read",
  "--allow-env",
  "--allow-sys",
  "--allow-ffi",
];

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!.slice(0, 200);
}

async function measure(
  { device, program, arrays, right }: MeasurementJob,
): Promise<MeasurementResult> {
  const runner = await runtimeOf(device).open(program);
  const timing = await timeRuns(runner, arrays);
  return {
    milliseconds: timing.milliseconds,
    difference: right && relativeDifference(timing.outputs, right),
  };
}

function runtimeOf(device: Engine["device"]): GraphRuntime {
  if (device === "cpu") return onnxRuntime();
  if (device === "webgpu" || device === "cuda") return kernelRuntime(device);
  throw new Error(`Internal: ${device} runs no graphs`);
}

if (import.meta.main) {
  const job = deserialize(await buffer(process.stdin)) as MeasurementJob;
  const result = await measure(job).catch((error): MeasurementResult => ({
    trouble: firstLine(error),
  }));
  console.log(RESULT_MARK + JSON.stringify(result));
  process.exit(0);
}
