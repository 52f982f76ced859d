/** What was noticed about a run, before it is put into words. */
import type { RunConfig } from "../config.ts";
import type { Alert } from "../types.ts";
import { type Advice, inWords } from "./advice.ts";

export interface Finding {
  readonly level: Alert["level"];
  readonly code: string;
  /** What was seen: a sentence without its full stop. */
  readonly seen: string;
  readonly advice: readonly Advice[];
}

export function alertOf({ level, code, seen, advice }: Finding, config: RunConfig): Alert {
  return { level, code, message: seen + inWords(advice, config) };
}
