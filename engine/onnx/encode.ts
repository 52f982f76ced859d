/** Graphs as ONNX models. https://github.com/onnx/onnx/blob/main/docs/IR.md */
import onnxProto from "onnx-proto";
import { BLOCKED_DOMAIN } from "../graph/image_layout.ts";
import { ONNX_TYPES } from "../graph/elementwise.ts";
import { OWN_DOMAIN } from "../graph/builder.ts";
import { threefryBlock, type WordArithmetic } from "../host/mod.ts";
import {
  type Attribute,
  type Graph,
  liveConstants,
  liveNodes,
  type Node,
  type Value,
} from "../graph/value.ts";

const { onnx } = onnxProto;

/** The operator sets that the lowerings are written for; ONNX Runtime 1.30 runs both. */
const OPSETS = [
  { domain: "", version: 18 },
  { domain: "com.microsoft", version: 1 },
  { domain: BLOCKED_DOMAIN, version: 1 },
  { domain: OWN_DOMAIN, version: 1 },
];
const IR_VERSION = 8;

/**
 * A graph as an ONNX model (https://github.com/onnx/onnx/blob/main/docs/IR.md), in protobuf form.
 * Inputs and outputs keep their names, but see {@link outputName}; dead nodes are left out.
 */
export function encodeOnnx(graph: Graph): Uint8Array {
  const nodes = liveNodes(graph);
  const names = nameValues(graph, nodes);
  const inputNames = graph.inputs.map(({ node }) => node.name!);
  const outputNames = Object.keys(graph.outputs);
  const named = (output: string) => outputName(output, inputNames, outputNames);
  // An output must be the result of a node of its own, under its own name.
  const renamed = Object.entries(graph.outputs).map(([name, value]) => ({
    opType: "Identity",
    input: [names(value)],
    output: [named(name)],
  }));
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: "textdiffusion",
    opsetImport: OPSETS.filter(({ domain }) =>
      domain === "" || nodes.some((node) => node.domain === domain)
    ),
    functions: nodes.some(({ domain }) => domain === OWN_DOMAIN)
      ? [threefryFunction(OPSETS[0]!.version)]
      : [],
    graph: {
      name: "traced",
      node: [...nodes.map((node) => encodeNode(node, names)), ...renamed],
      initializer: liveConstants(graph, nodes).map((value) => encodeTensor(value, names(value))),
      input: graph.inputs.map((value) => valueInfo(value, value.node.name!)),
      output: Object.entries(graph.outputs).map(([name, value]) => valueInfo(value, named(name))),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

type NameOf = (value: Pick<Value, "node" | "index">) => string;

/** A unique name for each value; those of nodes and constants cannot meet an input's or output's. */
function nameValues(graph: Graph, nodes: readonly Node[]): NameOf {
  const numbers = new Map(nodes.map((node, i) => [node, i]));
  const constants = new Map(liveConstants(graph, nodes).map((value, i) => [value.node, i]));
  return ({ node, index }) => {
    if (node.op === "Input") return node.name!;
    if (node.op === "Constant") return `#constant_${constants.get(node)}`;
    return `#${node.op}_${numbers.get(node)}${index ? `_${index}` : ""}`;
  };
}

function encodeNode(node: Node, nameOf: NameOf) {
  return {
    name: nameOf({ node, index: 0 }),
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map((input) => input ? nameOf(input) : ""),
    output: Array.from({ length: node.results }, (_, index) => nameOf({ node, index })),
    attribute: Object.entries(node.attributes).map(encodeAttribute),
  };
}

function encodeAttribute([name, value]: [string, Attribute]) {
  const type = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") return { name, type: type.INT, i: value };
  if (typeof value === "string") {
    return { name, type: type.STRING, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { name, type: type.FLOAT, f: value.float };
  return { name, type: type.INTS, ints: [...value] };
}

function encodeTensor({ node, shape, dtype }: Value, name: string) {
  const data = node.data!;
  return {
    name,
    dataType: ONNX_TYPES[dtype],
    dims: [...shape],
    // Little-endian, as is every machine that ONNX Runtime is built for.
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function valueInfo({ shape, dtype }: Value, name: string) {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: ONNX_TYPES[dtype], shape: { dim } } } };
}

const UINT32 = 12;

/**
 * Threefry-2x32-20 as a function of ONNX operators; see host/random.ts for the generator.
 *
 * (counter, step, seed, stream) → two words, all of them int32: the counter has any shape, the others
 * are scalars.
 */
function threefryFunction(opset: number): onnxProto.onnx.IFunctionProto {
  const nodes: onnxProto.onnx.INodeProto[] = [];
  let names = 0;
  const node = (
    opType: string,
    input: string[],
    attribute: onnxProto.onnx.IAttributeProto[] = [],
    output = `v${names++}`,
  ): string => {
    nodes.push(onnx.NodeProto.create({ opType, input, output: [output], attribute }));
    return output;
  };
  const type = onnx.AttributeProto.AttributeType;
  const constant = (value: number, dataType: number) =>
    node("Constant", [], [{
      name: "value",
      type: type.TENSOR,
      t: { dataType, dims: [], rawData: new Uint8Array(Int32Array.of(value).buffer) },
    }]);
  const cast = (x: string, to: number) =>
    node("Cast", [x], [{ name: "to", type: type.INT, i: to }]);
  const shifted = (x: string, by: number, direction: "LEFT" | "RIGHT") =>
    node("BitShift", [x, constant(by, UINT32)], [{
      name: "direction",
      type: type.STRING,
      s: new TextEncoder().encode(direction),
    }]);
  const words: WordArithmetic<string> = {
    constant: (value) => constant(value, ONNX_TYPES.int32),
    add: (x, y) => node("Add", [x, y]),
    exclusiveOr: (x, y) => node("BitwiseXor", [x, y]),
    rotate(x, by) {
      const word = cast(x, UINT32);
      const parts = [shifted(word, by, "LEFT"), shifted(word, 32 - by, "RIGHT")];
      return cast(node("BitwiseOr", parts), ONNX_TYPES.int32);
    },
  };
  const [first, second] = threefryBlock(words, ["seed", "stream"], ["counter", "step"]);
  node("Identity", [first], [], "first");
  node("Identity", [second], [], "second");
  return {
    name: "Threefry2x32",
    domain: OWN_DOMAIN,
    input: ["counter", "step", "seed", "stream"],
    output: ["first", "second"],
    node: nodes,
    opsetImport: [{ domain: "", version: opset }],
  };
}

/**
 * The name in the model of an output: its own, if no input has it. ONNX has one space of names for
 * both, whereas a function may well return something new under an input's name.
 */
export function outputName(
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
): string {
  if (!inputs.includes(name)) return name;
  let other = `${name}/new`;
  while (inputs.includes(other) || outputs.includes(other)) other += "/new";
  return other;
}
