/** Work in a process of its own: what the laboratory and the process say to each other, as JSON lines. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { explained, UserError } from "../../engine/host/mod.ts";
import { runFlags } from "./processes.ts";
import process from "node:process";
import { text } from "node:stream/consumers";

/** On the process' standard output; on its input it gets its job as JSON. */
export type JobMessage =
  | {
    readonly type: "progress";
    readonly done: number;
    readonly total: number;
    readonly message: string;
  }
  /** The id of what was made. */
  | { readonly type: "result"; readonly id: string }
  | { readonly type: "error"; readonly mendable: boolean; readonly message: string };

const TYPES: readonly unknown[] = ["progress", "result", "error"];

/** The message in a line; null for anything else that a library may print. */
export function parseMessage(line: string): JobMessage | null {
  try {
    const value = JSON.parse(line);
    return TYPES.includes(value?.type) ? value as JobMessage : null;
  } catch {
    return null;
  }
}

export interface JobOptions {
  readonly onProgress?: (progress: JobProgress) => void;
  /** Aborting it ends the process. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the process of a job.
 *
 * @param name What it does, for messages: "Sampling".
 * @param entry Its program, which calls `answerJob`.
 * @returns The id of what it made.
 * @throws {UserError} What the process found that the caller can mend.
 * @throws {Error} If the process fails; the message has the end of what it printed.
 * @throws The signal's reason, once it is aborted.
 */
export async function requestJob(
  name: string,
  entry: URL,
  job: object,
  options: JobOptions,
): Promise<string> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const child = spawn(Deno.execPath(), [...runFlags(), fileURLToPath(entry)], { stdio: "pipe" });
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop);
  try {
    let stderr = "";
    child.stderr.on("data", (chunk) => stderr = (stderr + chunk).slice(-4000));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    // A process that ends before it has read its job says why in another way.
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(job));
    let answer: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const message = parseMessage(line);
      if (message?.type === "progress") {
        const { done, total, message: said } = message;
        onProgress?.({ done, total, message: said });
      } else if (message?.type === "result") {
        answer = message.id;
      } else if (message?.type === "error") {
        if (message.mendable) throw new UserError(message.message);
        throw new Error(`${name} failed: ${message.message}\n${stderr}`.trimEnd());
      }
    }
    const code = await ended;
    signal?.throwIfAborted();
    if (answer === undefined) {
      throw new Error(`${name} ended with code ${code} and no result: ${stderr}`);
    }
    return answer;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** How far a process of its own is with a sample or an evaluation. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}

export type SampleProgress = JobProgress;

/** Tells how far a job is. */
export type Report = (done: number, total: number, message: string) => void;

/** A job done: from what was asked to the id of what was made. */
export type Work<Job> = (job: Job, report: Report) => Promise<string>;

/**
 * Reads the job from standard input, does it, says the id of what it made, and ends the process.
 * Messages and nothing else go to standard output.
 *
 * @param load Loads the module that does it, whose npm packages may have to be fetched first.
 */
export async function answerJob<Job>(load: () => Promise<{ run: Work<Job> }>): Promise<never> {
  const say = (message: JobMessage) => console.log(JSON.stringify(message));
  const report: Report = (done, total, message) => say({ type: "progress", done, total, message });
  try {
    const job = JSON.parse(await text(process.stdin)) as Job;
    const { run } = await load();
    say({ type: "result", id: await run(job, report) });
  } catch (failure) {
    const error = explained(failure);
    if (!(error instanceof UserError)) console.error(error);
    say({
      type: "error",
      mendable: error instanceof UserError,
      message: error instanceof Error ? error.message : String(error),
    });
  }
  process.exit(0);
}
