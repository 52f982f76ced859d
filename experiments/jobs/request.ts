/** Asking a process of its own for a piece of work. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UserError } from "../../engine/host/mod.ts";
import type { JobProgress } from "../types.ts";
import { runFlags } from "../worker/mod.ts";
import { parseMessage } from "./protocol.ts";

export interface JobOptions {
  readonly onProgress?: (progress: JobProgress) => void;
  /** Aborting it ends the process. */
  readonly signal?: AbortSignal;
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
