/** Input fields that several tools share. */
import { z } from "zod";

export const runReference = z.string().min(1).max(60);

export const REFERENCE_HELP = 'a run id, a unique beginning of one, "latest", or "best"';

export const integer = (minimum: number, maximum: number) =>
  z.number().int().min(minimum).max(maximum);

/** Well below the 60 s after which some clients give up on a call, whatever progress they are sent. */
export const MAX_WAIT_SECONDS = 50;
export const DEFAULT_WAIT_SECONDS = 25;

/** @param fallback What is waited by default, where that is not {@link DEFAULT_WAIT_SECONDS}. */
export const waitSeconds = (fallback: number = DEFAULT_WAIT_SECONDS) =>
  integer(0, MAX_WAIT_SECONDS).default(fallback).describe(
    `Seconds to wait before answering, 0 to ${MAX_WAIT_SECONDS}; progress is sent meanwhile and the ` +
      `answer comes earlier if everything ends (default ${fallback}; 0 does not wait)`,
  );

export const curvePoints = integer(2, 20).default(12).describe(
  "Rows of the table of curves, 2 to 20 (default 12)",
);

export const tableLimit = integer(1, 20).default(20).describe("Rows, 1 to 20 (default 20)");
export const tableOffset = integer(0, 1_000_000).default(0).describe(
  "Rows to skip, 0 to 1000000 (default 0)",
);
