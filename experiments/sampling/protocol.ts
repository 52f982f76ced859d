import type { DeviceName } from "../../engine/mod.ts";
import type { SampleSettings } from "../types.ts";

/** What the sampling process is asked for. */
export interface SamplingJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: SampleSettings;
  /** For pictures that are kept or started from. */
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
}
