import type { DeviceName } from "../../engine/mod.ts";
import type { EvaluationSettings } from "../types.ts";

/** What the evaluating process is asked for. */
export interface EvaluationJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: EvaluationSettings;
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
}
