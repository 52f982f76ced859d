/** A graph as flat data, which can be sent to another process. */
import { type Graph, liveNodes, type Node, type Value } from "./value.ts";

/** A graph whose nodes and values name each other by their place in the lists. */
export interface PackedGraph {
  /** Operands before the nodes that take them. */
  readonly nodes: readonly PackedNode[];
  readonly values: readonly PackedValue[];
  readonly inputs: readonly number[];
  readonly outputs: Readonly<Record<string, number>>;
}

type PackedNode = Omit<Node, "inputs"> & { readonly inputs: readonly (number | null)[] };
type PackedValue = Omit<Value, "node"> & { readonly node: number };

/** Dead nodes are left out. */
export function packGraph(graph: Graph): PackedGraph {
  const values = usedValues(graph);
  const places = new Map(values.map((value, i) => [value, i]));
  const nodes = [...new Set(values.map(({ node }) => node))];
  const nodePlaces = new Map(nodes.map((node, i) => [node, i]));
  return {
    nodes: nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => input && places.get(input)!),
      // A copy, since a view would take all of its buffer along.
      ...(node.data ? { data: node.data.slice() } : {}),
    })),
    values: values.map((value) => ({ ...value, node: nodePlaces.get(value.node)! })),
    inputs: graph.inputs.map((value) => places.get(value)!),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, value]) => [name, places.get(value)!]),
    ),
  };
}

export function unpackGraph(packed: PackedGraph): Graph {
  const nodes: Node[] = [];
  const values: Value[] = [];
  for (const { node: place, ...value } of packed.values) {
    const { inputs, ...rest } = packed.nodes[place]!;
    // In the order of their ids a node's operands come before its first result.
    nodes[place] ??= { ...rest, inputs: inputs.map((i) => i === null ? null : values[i]!) };
    values.push({ ...value, node: nodes[place]! });
  }
  return {
    inputs: packed.inputs.map((i) => values[i]!),
    outputs: Object.fromEntries(
      Object.entries(packed.outputs).map(([name, i]) => [name, values[i]!]),
    ),
  };
}

/** In the order of their creation. */
function usedValues(graph: Graph): Value[] {
  const operands = liveNodes(graph).flatMap(({ inputs }) => inputs);
  const used = new Set([...graph.inputs, ...Object.values(graph.outputs), ...operands]);
  return [...used].filter((value) => value !== null).sort((a, b) => a.id - b.id);
}
