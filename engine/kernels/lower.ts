/** From the graph of operators to tensors that say what their elements are. */
import {
  type ElementType,
  type Graph,
  liveNodes,
  type Node,
  sizeOf,
  type Value,
} from "../graph/value.ts";
import { mapValues } from "../call.ts";
import { constant, type ScalarType } from "./expression.ts";
import { plus, times } from "./integers.ts";
import { convert } from "./scalar.ts";
import { fill, map, source, type Tensor } from "./tensor.ts";
import { elementwiseOperators } from "./lowering/elementwise.ts";
import { movementOperators, type OperatorTable } from "./lowering/movement.ts";
import { productOperators } from "./lowering/product.ts";
import { reductionOperators } from "./lowering/reduction.ts";

const operators: OperatorTable = {
  ...elementwiseOperators,
  ...movementOperators,
  ...reductionOperators,
  ...productOperators,
};

/** The outputs of a graph as tensors, by name. */
export function lowerGraph(graph: Graph): Readonly<Record<string, Tensor>> {
  const tensors = new Map<Node, readonly Tensor[]>();
  const nodes = liveNodes(graph);
  const uses = countUses(graph, nodes);
  const tensorOf = (value: Value): Tensor => {
    const results = tensors.get(value.node) ??
      lowerValue(value, tensorOf, (node) => uses.get(node)!);
    tensors.set(value.node, results);
    return results[value.index]!;
  };
  // In order, so that a long graph is no deep recursion.
  const values = new Map<Node, Value>();
  for (const value of nodes.flatMap(({ inputs }) => inputs)) {
    if (value) values.set(value.node, value);
  }
  for (const value of Object.values(graph.outputs)) values.set(value.node, value);
  for (const node of nodes) tensorOf(values.get(node)!);
  return mapValues(graph.outputs, tensorOf);
}

function lowerValue(
  value: Value,
  tensorOf: (value: Value) => Tensor,
  usesOf: (node: Node) => number,
): readonly Tensor[] {
  const { node, shape } = value;
  const dtype = scalarType(value.dtype);
  if (node.op === "Input") return [source(node.name!, shape, dtype)];
  if (node.op === "Constant") return [constantTensor(value, dtype)];
  const lower = operators[node.op];
  if (!lower) throw new Error(`Internal: no kernel for ${node.op}`);
  const operands = node.inputs.map((input) => input ? tensorOf(input) : undefined);
  const made = lower({ node, operands, shape, dtype, isOnlyUser: isOnlyUser(node, usesOf) });
  return "id" in made ? [made] : made;
}

const REARRANGEMENTS = ["Reshape", "Transpose"];

function isOnlyUser({ inputs: [first] }: Node, usesOf: (node: Node) => number): boolean {
  if (!first) return false;
  for (let node = first.node;; node = node.inputs[0]!.node) {
    if (usesOf(node) > 1) return false;
    if (!REARRANGEMENTS.includes(node.op)) return true;
  }
}

function countUses({ outputs }: Graph, nodes: readonly Node[]): Map<Node, number> {
  const uses = new Map<Node, number>();
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(outputs)];
  for (const value of used) if (value) uses.set(value.node, (uses.get(value.node) ?? 0) + 1);
  return uses;
}

/** Numbers that follow a rule need no memory. */
function constantTensor({ node, shape }: Value, dtype: ScalarType): Tensor {
  const data = node.data!;
  const at = (i: number) => Number(data[i]);
  if (sizeOf(shape) === 1) return fill(constant(at(0), dtype), shape);
  const step = at(1) - at(0);
  const even = dtype === "int32" && shape.length === 1 &&
    data.every((value, i) => Number(value) === at(0) + i * step);
  if (even) {
    return map([], shape, dtype, (_, [i]) => convert(plus(times(i!, step), at(0)), dtype));
  }
  return source("", shape, dtype, data);
}

function scalarType(dtype: ElementType): ScalarType {
  return dtype === "int64" ? "int32" : dtype;
}
