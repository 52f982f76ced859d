import type { Arrays, Signature, TensorFunction } from "../engine/mod.ts";
import type { ParameterSpec } from "../models/layers/mod.ts";

/** A training step with everything it needs to run. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly specs: readonly ParameterSpec[];
  readonly step: TensorFunction;
  readonly inputs: Signature;
  readonly data: Arrays;
}
