import type { Node } from "../../graph/value.ts";
import type { ScalarType } from "../expression.ts";
import { expand, map, type MapTensor, type Tensor } from "../tensor.ts";

/** One operator of the graph, with what is known of its result. */
export interface Operator {
  readonly node: Node;
  /** Operands in the node's order; an optional one that is left out is undefined. */
  readonly operands: readonly (Tensor | undefined)[];
  readonly shape: readonly number[];
  readonly dtype: ScalarType;
  /** Whether nothing else uses the first operand, nor what it is a reshape or transposition of. */
  readonly isOnlyUser: boolean;
}

/** How an operator of the graph becomes a tensor, or several where it has several results. */
export type OperatorLowering = (operator: Operator) => Tensor | readonly Tensor[];

export type OperatorTable = Readonly<Record<string, OperatorLowering>>;

/** An operand that must be there. */
export function operand({ node, operands }: Operator, index: number): Tensor {
  const tensor = operands[index];
  if (!tensor) throw new Error(`Internal: ${node.op} has no operand ${index}`);
  return tensor;
}

/** The numbers of an operand that is a constant, such as axes. */
export function integersOf({ node }: Operator, index: number): number[] {
  const data = node.inputs[index]?.node.data;
  if (!data) throw new Error(`Internal: operand ${index} of ${node.op} is no constant`);
  return Array.from(data, Number);
}

/** An attribute that is a number; `fallback` is ONNX's default. */
export function numberAttribute({ node }: Operator, name: string, fallback: number): number {
  const value = node.attributes[name];
  if (value === undefined) return fallback;
  if (typeof value === "number") return value;
  if (typeof value === "object" && "float" in value) return value.float;
  throw new Error(`Internal: attribute ${name} of ${node.op} is ${JSON.stringify(value)}`);
}

/** An attribute that is a list of numbers. */
export function listAttribute(
  { node }: Operator,
  name: string,
  fallback: readonly number[],
): readonly number[] {
  const value = node.attributes[name] ?? fallback;
  if (typeof value !== "object" || "float" in value) {
    throw new Error(`Internal: attribute ${name} of ${node.op} is ${JSON.stringify(value)}`);
  }
  return value;
}

/** A map of operands that are broadcast to its shape. */
export function broadcastMap(
  operands: readonly Tensor[],
  shape: readonly number[],
  dtype: ScalarType,
  apply: MapTensor["apply"],
): Tensor {
  return map(operands.map((x) => expand(x, shape)), shape, dtype, apply);
}
