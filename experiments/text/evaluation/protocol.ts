import type { DeviceName } from "../../../engine/mod.ts";
import type { TextEvaluationSettings } from "../../types.ts";

/** What the process that evaluates runs on text is asked for. */
export interface TextEvaluationJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: TextEvaluationSettings;
  readonly dataDirectory?: string;
  readonly device?: DeviceName;
}
