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
  /** How many values it gives. */
  readonly results: number;
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
 * Everything that the roots need, themselves included, each after what it is computed from. It does not
 * recurse, since graphs are deep.
 */
export function operandsFirst<T>(roots: readonly T[], operandsOf: (of: T) => readonly T[]): T[] {
  const order: T[] = [];
  const visited = new Set<T>();
  const stack = roots.toReversed().map((item) => ({ item, entered: false }));
  while (stack.length > 0) {
    const { item, entered } = stack.pop()!;
    if (entered) {
      order.push(item);
      continue;
    }
    if (visited.has(item)) continue;
    visited.add(item);
    stack.push({ item, entered: true });
    for (const operand of operandsOf(item).toReversed()) {
      stack.push({ item: operand, entered: false });
    }
  }
  return order;
}

/**
 * The nodes that the outputs need, operands first, without inputs and constants. Everything else is
 * dead: ONNX Runtime would carry it out all the same, so it must not reach it.
 */
export function liveNodes({ outputs }: Graph): Node[] {
  const roots = Object.values(outputs).map(({ node }) => node);
  return operandsFirst(roots, ({ inputs }) => inputs.flatMap((input) => input?.node ?? []))
    .filter(({ op }) => op !== "Input" && op !== "Constant");
}

/** The constants that the given nodes and outputs use. */
export function liveConstants(graph: Graph, nodes: readonly Node[]): Value[] {
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(graph.outputs)];
  return [...new Set(used)].filter((value): value is Value => value?.node.op === "Constant");
}

/**
 * All values that a graph uses, in the order of their creation. What is serialized together with a graph and
 * before it holds each value after its operands, and never inside of them: a deep graph is no deep recursion.
 */
export function valuesInOrder(graph: Graph): Value[] {
  const operands = liveNodes(graph).flatMap(({ inputs }) => inputs);
  const used = new Set([...graph.inputs, ...Object.values(graph.outputs), ...operands]);
  return [...used].filter((value) => value !== null).sort((a, b) => a.id - b.id);
}
