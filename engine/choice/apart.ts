/** Measuring a device in a process of its own, whose driver may hang or crash. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { type PackedGraph, packGraph } from "../graph/transfer.ts";
import type { Arrays, DeviceName, Signature, TracedProgram } from "../types.ts";

/** What the process is to measure; it comes on its standard input. */
export interface ApartJob {
  readonly device: Exclude<DeviceName, "auto">;
  readonly graph: PackedGraph;
  readonly inputs: Signature;
  readonly outputs: Signature;
  readonly arrays: Arrays;
  /** What the program gives elsewhere, to compare with. */
  readonly right: Arrays | null;
}

/** What it found, on a line of its standard output. */
export type ApartResult =
  | { readonly milliseconds: number; readonly difference: number | null }
  | { readonly trouble: string };

/** Begins the line, since libraries print there too. */
export const RESULT_MARK = "measured:";

/** The program of the process; another one takes its place in tests. */
export const APART_ENTRY = new URL("./apart_main.ts", import.meta.url);

interface ApartOptions {
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
export async function measureApart(
  job: Omit<ApartJob, "graph" | "inputs" | "outputs"> & { readonly program: TracedProgram },
  { entry, timeLimitSeconds, signal }: ApartOptions,
): Promise<ApartResult> {
  signal?.throwIfAborted();
  const child = spawn(Deno.execPath(), [...FLAGS, fileURLToPath(entry)], { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (chunk) => stderr = (stderr + chunk).slice(-4000));
  // A process that ends before it has read its job says why in another way.
  child.stdin.on("error", () => {});
  child.stdin.end(serialize(sent(job)));
  const { promise, resolve, reject } = Promise.withResolvers<ApartResult>();
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

/** Arrays in memory that is shared between threads cannot be sent, so all are copied. */
function sent({ program, arrays, ...job }: Parameters<typeof measureApart>[0]): ApartJob {
  const { graph, inputs, outputs } = program;
  const copies = Object.fromEntries(
    Object.entries(arrays).map(([name, values]) => [name, values.slice()]),
  );
  return { ...job, graph: packGraph(graph), inputs, outputs, arrays: copies };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!.slice(0, 200);
}
