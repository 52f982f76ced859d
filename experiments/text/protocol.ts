import type { DeviceName } from "../../engine/mod.ts";
import type { WriteSettings } from "../types.ts";

/** What the writing process is asked for. */
export interface WritingJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: WriteSettings;
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
}
