/**
 * The graph that a traced function becomes: immutable values, each an output of a node, each with a
 * shape and an element type. Nodes are ONNX operators; "Input" and "Constant" are the two leaves.
 */
/** Element types inside a graph; only float32 and int32 cross the engine's boundary. */
export type ElementType = "float32" | "int32" | "int64" | "bool";

/** The data of a constant, in the array type of its element type. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An ONNX attribute; `{ float }` marks the numbers that ONNX wants as floats. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  /** ONNX operator name, or "Input" or "Constant". */
  readonly op: string;
  /** "" is the standard operator set, "com.microsoft" ONNX Runtime's own. */
  readonly domain: string;
  /** null stands for an optional input that is left out. */
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Name of an "Input". */
  readonly name?: string;
  /** Data of a "Constant". */
  readonly data?: ConstantData;
}

export interface Value {
  readonly node: Node;
  /** Index among the node's outputs. */
  readonly index: number;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  /** Position in the order of creation; inputs of a node always have smaller ids than its outputs. */
  readonly id: number;
}

/** A finished graph: what it computes, in terms of its inputs. */
export interface Graph {
  /** Every declared input, used or not, in the order of declaration. */
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** NumPy's broadcasting of two shapes. Throws a RangeError if they do not broadcast. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `Shapes [${a}] and [${b}] do not broadcast at axis ${axis}: ${x} and ${y}`,
      );
    }
    return x === 1 ? y : x;
  });
}

/**
 * The nodes that the outputs need, operands first, without inputs and constants. Everything else is
 * dead: ONNX Runtime would carry it out all the same, so it must not reach it.
 */
export function liveNodes(graph: Graph): Node[] {
  const order: Node[] = [];
  const visited = new Set<Node>();
  const stack: { node: Node; entered: boolean }[] = Object.values(graph.outputs)
    .map(({ node }) => ({ node, entered: false })).reverse();
  while (stack.length > 0) {
    const { node, entered } = stack.pop()!;
    if (entered) {
      order.push(node);
      continue;
    }
    if (visited.has(node)) continue;
    visited.add(node);
    if (node.op === "Input" || node.op === "Constant") continue;
    stack.push({ node, entered: true });
    for (const input of node.inputs.toReversed()) {
      if (input) stack.push({ node: input.node, entered: false });
    }
  }
  return order;
}

/** The constants that the given nodes and outputs use. */
export function liveConstants(graph: Graph, nodes: readonly Node[]): Value[] {
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(graph.outputs)];
  return [...new Set(used)].filter((value): value is Value => value?.node.op === "Constant");
}

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
