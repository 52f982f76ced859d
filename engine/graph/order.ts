import type { Graph, Node, Value } from "./value.ts";

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
