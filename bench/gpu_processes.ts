/**
 * Processes that measure rows of the GPU benchmark and print a line of JSON for each. Whatever takes
 * longer than it may is ended, and reported as what did not fit.
 */
import type { Ceilings, Row } from "./gpu_rows.ts";
import { rowName } from "./gpu_rows.ts";
import type { Cost } from "./cost.ts";

/** What is known of a row on a device, of a device, or of a peer. */
export interface Reported {
  /** Where there is none, it is about the device. */
  readonly row?: string | undefined;
  /** The device, or the peer and its way. */
  readonly on: string;
  readonly milliseconds?: number | undefined;
  /** Seconds until it was done for the first time. */
  readonly ready?: number | undefined;
  readonly cost?: Cost | undefined;
  /** Peak of what PyTorch held, in bytes. */
  readonly memory?: number | undefined;
  readonly trouble?: string | undefined;
  readonly description?: string | undefined;
  readonly ceilings?: Ceilings | undefined;
}

/** A process and its lines. */
interface Process {
  /** The next line of JSON; undefined if none came in time, or the process has ended. */
  next(seconds: number): Promise<Omit<Reported, "on"> | "late" | undefined>;
  tell(): Promise<void>;
  /** Ends it, and returns what it said last on its error stream. */
  end(): Promise<string>;
}

function start(command: readonly string[]): Process | string {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // The compilers of several processes share the cores.
      env: { TORCHINDUCTOR_COMPILE_THREADS: "2" },
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${command[0]} is not installed`;
    throw error;
  }
  const errors = new Response(child.stderr).text();
  const lines = linesOf(child.stdout);
  const writer = child.stdin.getWriter();
  return {
    async next(seconds) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), 1000 * Math.max(0, seconds));
      });
      const result = await Promise.race([lines.next(), late]);
      clearTimeout(timer);
      if (result === "late") return "late";
      return result.done ? undefined : JSON.parse(result.value);
    },
    tell: () => writer.write(new TextEncoder().encode("\n")),
    async end() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended by itself.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
      await child.status;
      // Lines of a stack or of a source text are indented.
      const lines = (await errors).split("\n").filter((line) => /^\S/.test(line));
      return lines.at(-1)?.trim() ?? "it ended without a word";
    },
  };
}

/** The lines that are JSON; others are a library's own. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop()!;
    yield* lines.filter((line) => line.startsWith("{"));
  }
}

/**
 * Lets processes measure rows one after the other: a new one takes over behind a row that took too
 * long, or that ended its process.
 *
 * @param command Starts a process; the names of rows follow.
 * @param limits.seconds For all of them.
 * @param limits.each For each of them.
 */
export async function* rowsOf(
  command: readonly string[],
  rows: readonly string[],
  { seconds, each }: { readonly seconds: number; readonly each: number },
): AsyncGenerator<Omit<Reported, "on">> {
  const deadline = performance.now() + 1000 * seconds;
  const left = () => (deadline - performance.now()) / 1000;
  const waiting = [...rows];
  let described = false;
  while (waiting.length > 0) {
    if (left() < 1) {
      for (const row of waiting) yield { row: spelled(row), trouble: "no time was left for it" };
      return;
    }
    const process = start([...command, ...waiting]);
    if (typeof process === "string") {
      yield { trouble: process };
      return;
    }
    let rowsDone = 0, began = performance.now();
    for (;;) {
      const limit = Math.min(each, left());
      const line = await process.next(limit);
      if (line === undefined || line === "late") {
        const error = await process.end();
        const row = waiting.shift();
        if (row === undefined) return;
        const spent = (performance.now() - began) / 1000;
        const trouble = line === "late" ? `not done within ${spent.toFixed(0)} s` : error;
        // A process that never said a word cannot run here at all: nor would the next.
        if (line === undefined && rowsDone === 0 && !described) {
          yield { trouble };
          return;
        }
        yield { row: spelled(row), trouble };
        break;
      }
      began = performance.now();
      if (line.row === undefined) {
        if (!described) yield line;
        described = true;
        if (!line.trouble) continue;
        await process.end();
        return;
      }
      rowsDone++;
      waiting.shift();
      yield line;
      if (waiting.length === 0) {
        await process.end();
        return;
      }
    }
  }
}

function spelled(row: string): string {
  return row.replace(":", " ");
}

interface PyTorchEffort {
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly steps: number;
  readonly seconds: number;
  readonly rehearse: boolean;
}

/** Shares of PyTorch's time: eager rows, and until all others must be compiled. */
const EAGER = 0.25;
const COMPILED = 0.85;

/**
 * PyTorch's rows: eager ones first, on an otherwise idle machine. Then all others are compiled at once,
 * each in a process of its own, and measured one after the other.
 */
export async function pyTorchRows(
  { rows, rounds, steps, seconds, rehearse }: PyTorchEffort,
  tell: (row: Reported) => void,
): Promise<void> {
  const began = performance.now();
  const until = (share: number) => share * seconds - (performance.now() - began) / 1000;
  const script = new URL("./peers/gpu_rows.py", import.meta.url).pathname;
  const command = (way: string) => [
    "python3",
    script,
    way,
    String(rounds),
    String(steps),
    ...(rehearse ? ["--on-processor"] : []),
  ];
  const names = rows.map(({ work, count }) => `${work}:${count}`);
  const limits = { seconds: EAGER * seconds, each: EAGER * seconds / 2 };
  const first = ["ceilings", "ceilings-tf32"];
  let works = false;
  for await (const line of rowsOf(command("eager"), [...first, ...names], limits)) {
    tell({ ...line, on: line.row ? "PyTorch eager" : "PyTorch" });
    works ||= line.ceilings !== undefined || line.milliseconds !== undefined;
  }
  if (!works) {
    tell({ on: "PyTorch compiled", trouble: "not measured, as PyTorch eager" });
    return;
  }
  const processes = rows.map((row) => ({
    row: rowName(row),
    process: start([...command("compiled"), `${row.work}:${row.count}`]) as Process,
  }));
  const ready = await Promise.all(
    processes.map(async ({ row, process }) => {
      // It describes itself first, and says then that it is compiled.
      let line = await process.next(until(COMPILED));
      if (line && line !== "late") line = await process.next(until(COMPILED));
      if (line && line !== "late") return true;
      const error = await process.end();
      const late = `not compiled within ${(COMPILED * seconds).toFixed(0)} s`;
      tell({ row, on: "PyTorch compiled", trouble: line === "late" ? late : error });
      return false;
    }),
  );
  for (const [i, { row, process }] of processes.entries()) {
    if (!ready[i]) continue;
    await process.tell();
    for (const way of ["compiled", "compiled as one graph"]) {
      const line = await process.next(until(1));
      if (line && line !== "late") tell({ ...line, on: `PyTorch ${way}` });
      else tell({ row, on: `PyTorch ${way}`, trouble: "no time was left for it" });
    }
    await process.end();
  }
}
