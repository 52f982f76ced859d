import type { Arrays } from "../engine/mod.ts";
import type { ParameterSpec } from "../models/layers/mod.ts";
import type { Step } from "../models/steps/mod.ts";

/** A training step with everything it needs to run. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly specs: readonly ParameterSpec[];
  readonly step: Step;
  /** Examples in `data`. */
  readonly batch: number;
  readonly data: Arrays;
}
