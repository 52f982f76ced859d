import {
  type Attribute,
  type Graph,
  liveNodes,
  type Node,
  sizeOf,
  type Value,
} from "../../../engine/graph/value.ts";

/**
 * The graph as text, one line for each live node: what is looked at when something is wrong or slow,
 * and what tests compare.
 *
 * @example
 * ```text
 * x: float32[2,3], w: float32[3,4]
 * %0 = Gemm(x, w) {transA: 0, transB: 0} : float32[2,4]
 * -> y = %0
 * ```
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Node, string>();
  const nameOf = (value: Value): string => {
    if (value.node.op === "Input") return value.node.name!;
    if (value.node.op === "Constant") return printConstant(value);
    const name = names.get(value.node)!;
    return value.index === 0 ? name : `${name}.${value.index}`;
  };
  const nodes = liveNodes(graph);
  const typeOf = typesOf(graph, nodes);
  const lines = [graph.inputs.map((input) => `${nameOf(input)}: ${printType(input)}`).join(", ")];
  nodes.forEach((node, i) => {
    names.set(node, `%${i}`);
    const inputs = node.inputs.map((input) => input ? nameOf(input) : "-").join(", ");
    lines.push(
      `%${i} = ${node.op}(${inputs})${printAttributes(node.attributes)} : ${typeOf(node)}`,
    );
  });
  const outputs = Object.entries(graph.outputs).map(([name, value]) =>
    `${name} = ${nameOf(value)}`
  );
  return [...lines, `-> ${outputs.join(", ")}`].join("\n");
}

function typesOf(graph: Graph, nodes: readonly Node[]): (node: Node) => string {
  const firsts = new Map<Node, Value>();
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(graph.outputs)];
  for (const value of used) if (value) firsts.set(value.node, value);
  return (node) => printType(firsts.get(node)!);
}

function printType({ dtype, shape }: Value): string {
  return `${dtype}[${shape}]`;
}

function printConstant({ node, shape, dtype }: Value): string {
  return sizeOf(shape) <= 8 ? `[${node.data!.join(" ")}]` : `<${dtype}[${shape}]>`;
}

function printAttributes(attributes: Readonly<Record<string, Attribute>>): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return "";
  const print = (value: Attribute) =>
    typeof value === "object" && "float" in value ? value.float : JSON.stringify(value);
  return ` {${entries.map(([name, value]) => `${name}: ${print(value)}`).join(", ")}}`;
}
