/** Asking a process of its own for a sample. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UserError } from "../../engine/host/mod.ts";
import type { SampleProgress } from "../types.ts";
import { runFlags } from "../worker/mod.ts";
import { parseMessage, type SamplingJob } from "./protocol.ts";

export interface SamplingOptions {
  readonly onProgress?: (progress: SampleProgress) => void;
  /** Aborting it ends the process. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the sampling process.
 *
 * @returns The id of the sample it made.
 * @throws {UserError} What the process found that the caller can mend.
 * @throws {Error} If the process fails; the message has the end of what it printed.
 * @throws The signal's reason, once it is aborted.
 */
export async function requestSample(job: SamplingJob, options: SamplingOptions): Promise<string> {
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const entry = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = spawn(Deno.execPath(), [...runFlags(), entry], { stdio: "pipe" });
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
        answer = message.sampleId;
      } else if (message?.type === "error") {
        if (message.mendable) throw new UserError(message.message);
        throw new Error(`Sampling failed: ${message.message}\n${stderr}`.trimEnd());
      }
    }
    const code = await ended;
    signal?.throwIfAborted();
    if (answer === undefined) {
      throw new Error(`The sampling process ended with code ${code} and no sample: ${stderr}`);
    }
    return answer;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
