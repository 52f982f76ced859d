/** The side of the process that does a job. */
import process from "node:process";
import { text } from "node:stream/consumers";
import { UserError } from "../../engine/host/mod.ts";
import type { JobMessage } from "./protocol.ts";

/** Tells how far a job is. */
export type Report = (done: number, total: number, message: string) => void;

/**
 * Reads the job from standard input, does it, says the id of what it made, and ends the process.
 * Messages and nothing else go to standard output.
 */
export async function answerJob<Job>(
  work: (job: Job, report: Report) => Promise<string>,
): Promise<never> {
  const say = (message: JobMessage) => console.log(JSON.stringify(message));
  try {
    const job = JSON.parse(await text(process.stdin)) as Job;
    const id = await work(
      job,
      (done, total, message) => say({ type: "progress", done, total, message }),
    );
    say({ type: "result", id });
  } catch (error) {
    if (!(error instanceof UserError)) console.error(error);
    say({
      type: "error",
      mendable: error instanceof UserError,
      message: error instanceof Error ? error.message : String(error),
    });
  }
  process.exit(0);
}
