import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";

/** The tensors a kernel is called with, by TensorFlow.js's names for them ("0", "1", … for lists). */
export type Operands = Readonly<Record<string, Value>>;

/**
 * How one TensorFlow.js kernel becomes ONNX operators: from its operands and attributes to its
 * result, or results. `A` is TensorFlow.js's own type for the kernel's attributes.
 */
export type Lowering<A = unknown> = (
  b: GraphBuilder,
  operands: Operands,
  attributes: A,
) => Value | readonly Value[];

/** Lowerings by kernel name. `never` lets rows state the attributes they take. */
export type LoweringTable = Readonly<Record<string, Lowering<never>>>;

/** The operand called `name`; a kernel that lacks it was recorded wrongly. */
export function operand(operands: Operands, name: string): Value {
  const value = operands[name];
  if (!value) throw new Error(`Internal: no operand ${name} among ${Object.keys(operands)}`);
  return value;
}

/** The operands of a kernel that takes a list. */
export function operandList(operands: Operands): Value[] {
  return Object.values(operands);
}
