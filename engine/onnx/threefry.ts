/** Threefry-2x32-20 as a function of ONNX operators; see host/random.ts for the generator. */
import onnxProto from "onnx-proto";
import { ONNX_TYPES } from "../graph/elementwise.ts";
import { OWN_DOMAIN } from "../graph/random.ts";

const { onnx } = onnxProto;

const UINT32 = 12;
const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
const PARITY = 0x1bd11bda;
const ROUNDS = 20;

/**
 * (counter, step, seed, stream) → two words, all of them int32: the counter has any shape, the others
 * are scalars.
 */
export function threefryFunction(opset: number): onnxProto.onnx.IFunctionProto {
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
  const rotated = (x: string, by: number) => {
    const word = cast(x, UINT32);
    const parts = [shifted(word, by, "LEFT"), shifted(word, 32 - by, "RIGHT")];
    return cast(node("BitwiseOr", parts), ONNX_TYPES.int32);
  };
  const add = (x: string, y: string) => node("Add", [x, y]);
  const xor = (x: string, y: string) => node("BitwiseXor", [x, y]);

  const parity = constant(PARITY, ONNX_TYPES.int32);
  const keys = ["seed", "stream", xor(xor(parity, "seed"), "stream")] as const;
  let [a, b] = [add("counter", keys[0]), add("step", keys[1])];
  for (let round = 0; round < ROUNDS; round++) {
    a = add(a, b);
    b = xor(rotated(b, ROTATIONS[round / 4 % 2 | 0]![round % 4]!), a);
    if (round % 4 < 3) continue;
    const turn = (round + 1) / 4;
    a = add(a, keys[turn % 3]!);
    b = add(add(b, keys[(turn + 1) % 3]!), constant(turn, ONNX_TYPES.int32));
  }
  node("Identity", [a], [], "first");
  node("Identity", [b], [], "second");
  return {
    name: "Threefry2x32",
    domain: OWN_DOMAIN,
    input: ["counter", "step", "seed", "stream"],
    output: ["first", "second"],
    node: nodes,
    opsetImport: [{ domain: "", version: opset }],
  };
}
