/** What the laboratory and the sampling process say to each other, as JSON lines. */
import type { DeviceName } from "../../engine/mod.ts";
import type { SampleSettings } from "../types.ts";

/** On the process' standard input. */
export interface SamplingJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: SampleSettings;
  readonly device?: DeviceName;
}

/** On its standard output. */
export type SamplingMessage =
  | {
    readonly type: "progress";
    readonly done: number;
    readonly total: number;
    readonly message: string;
  }
  | { readonly type: "result"; readonly sampleId: string }
  | { readonly type: "error"; readonly mendable: boolean; readonly message: string };

const TYPES: readonly unknown[] = ["progress", "result", "error"];

/** The message in a line; null for anything else that a library may print. */
export function parseMessage(line: string): SamplingMessage | null {
  try {
    const value = JSON.parse(line);
    return TYPES.includes(value?.type) ? value as SamplingMessage : null;
  } catch {
    return null;
  }
}
