/** Input fields that several tools share. */
import { z } from "zod";

export const runReference = z.string().min(1).max(60);

export const REFERENCE_HELP = 'a run id, a unique beginning of one, "latest", or "best"';

export const integer = (minimum: number, maximum: number) =>
  z.number().int().min(minimum).max(maximum);

/** Below the 60 s after which clients give up on a silent call. */
export const waitSeconds = (fallback: number) =>
  integer(0, 55).default(fallback).describe(
    `Seconds to wait before answering, 0 to 55; progress is sent meanwhile and the answer comes ` +
      `earlier if everything ends (default ${fallback}; 0 does not wait)`,
  );

export const tableLimit = integer(1, 20).default(20).describe("Rows, 1 to 20 (default 20)");
export const tableOffset = integer(0, 1_000_000).default(0).describe(
  "Rows to skip, 0 to 1000000 (default 0)",
);

/** The three fields that every answer of numbers has, beside its own. */
export const pointers = {
  summary: z.string().describe("What was found, in a sentence or two"),
  next: z.array(z.string()).describe("What can be done now"),
  viewer_url: z.string().nullable().describe("Page for the person; null where no viewer is up"),
};
