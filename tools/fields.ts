/** Input fields that only tools have. */
import { z } from "zod";

/** Well below the 60 s after which some clients give up on a call, whatever progress they are sent. */
export const MAX_WAIT_SECONDS = 50;
export const DEFAULT_WAIT_SECONDS = 25;

/** @param fallback What is waited by default, where that is not {@link DEFAULT_WAIT_SECONDS}. */
export const waitSeconds = (fallback: number = DEFAULT_WAIT_SECONDS) =>
  z.number().int().min(0).max(MAX_WAIT_SECONDS).default(fallback).describe(
    `Seconds to wait before answering, 0 to ${MAX_WAIT_SECONDS}; progress is sent meanwhile and the ` +
      `answer comes earlier if everything ends (default ${fallback}; 0 does not wait)`,
  );
