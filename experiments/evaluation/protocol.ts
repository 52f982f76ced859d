import type { DeviceName } from "../../engine/mod.ts";
import type { ImageEvaluationSettings } from "../types.ts";

/** What the evaluating process is asked for. */
export interface EvaluationJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: ImageEvaluationSettings;
  /** Whether the caller named no count: then it gives way to what a small data set allows. */
  readonly countIsDefault: boolean;
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
}
