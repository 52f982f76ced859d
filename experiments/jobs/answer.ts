/** The side of the process that does a job. */
import process from "node:process";
import { text } from "node:stream/consumers";
import { explained, UserError } from "../../engine/host/mod.ts";
import type { JobMessage } from "./protocol.ts";

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
