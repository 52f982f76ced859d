/** Which operators a graph may consist of: that differs from runtime to runtime. */

/** Operators that graphs use where the runtime has them, and do without where it has not. The first
 * two are of ONNX Runtime's own domain, "com.microsoft"; the last, the gradient of a convolution's
 * filter, is ours alone. */
export const OPTIONAL_OPERATORS = ["FusedMatMul", "QuickGelu", "Sign", "FilterGradient"] as const;
export type OptionalOperator = typeof OPTIONAL_OPERATORS[number];

/** What the runtime that a graph is traced for has, besides what all of them have. */
export interface Dialect {
  /** Channels per block of the runtime's blocked layout of convolutions; 0 where it has none. */
  readonly blockSize: number;
  /**
   * The optional operators that the runtime has a kernel for. An operator without one is not an error in
   * ONNX Runtime: it is computed on the CPU, with a copy of its operands and its result at every run.
   */
  readonly optional: ReadonlySet<OptionalOperator>;
}

/** What every build of ONNX Runtime computes on the CPU. */
export const PORTABLE: Dialect = {
  blockSize: 0,
  optional: new Set(OPTIONAL_OPERATORS.filter((operator) => operator !== "FilterGradient")),
};
