/** Whether this machine's ONNX Runtime has the blocked layout of convolutions, found by trying it. */
import { GraphBuilder } from "../graph/builder.ts";
import { convolution } from "../graph/convolution.ts";
import { BLOCKED_DOMAIN } from "../graph/image_layout.ts";
import type { Graph } from "../graph/value.ts";
import type { Signature } from "../types.ts";
import { encodeOnnx } from "./encode.ts";
import { openSession } from "./session.ts";

/** Block sizes that ONNX Runtime has on some processor. */
const KNOWN_SIZES = [16, 8];

let known: Promise<number> | undefined;

/**
 * The number of channels in a block of the CPU provider's blocked layout on this machine, or 0 where
 * there is none, or where a convolution in it does not give what the plain one gives.
 */
export function blockSize(): Promise<number> {
  return known ??= probe().catch(() => 0);
}

async function probe(): Promise<number> {
  const size = await observedBlockSize();
  if (!KNOWN_SIZES.includes(size)) return 0;
  const [plain, blocked] = [await smallConvolution(0), await smallConvolution(size)];
  const agree = plain.every((value, i) => Math.abs(value - blocked[i]!) <= 1e-4);
  return agree ? size : 0;
}

/** Reorders 16 channels of two pixels and sees when the second pixel's turn comes. */
async function observedBlockSize(): Promise<number> {
  const b = new GraphBuilder();
  const spec = { shape: [1, 16, 1, 2], dtype: "float32" } as const;
  const x = b.input("x", spec);
  const attributes = { channels_last: 0 };
  const y = b.node(
    { op: "ReorderInput", domain: BLOCKED_DOMAIN, inputs: [x], attributes },
    spec,
  );
  const order = await compute(b.finish({ y }), { x: spec }, { x: iota(32) });
  // Element (channel c, pixel p) is 2c + p.
  return order.indexOf(1);
}

async function smallConvolution(size: number): Promise<number[]> {
  const b = new GraphBuilder({ blockSize: size });
  const inputs = {
    x: { shape: [1, 5, 5, 16], dtype: "float32" },
    w: { shape: [3, 3, 16, 32], dtype: "float32" },
  } as const;
  const window = {
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    before: [1, 1],
    after: [1, 1],
  } as const;
  const y = convolution(b, b.input("x", inputs.x), b.input("w", inputs.w), window, [1, 5, 5, 32]);
  const values = (count: number) => iota(count).map((i) => Math.sin(i));
  return await compute(b.finish({ y }), inputs, { x: values(400), w: values(4608) });
}

async function compute(
  graph: Graph,
  inputs: Signature,
  values: Readonly<Record<string, readonly number[]>>,
): Promise<number[]> {
  const { shape } = graph.outputs.y!;
  const outputs = { y: { shape, dtype: "float32" } } as const;
  const session = await openSession(encodeOnnx(graph), inputs, outputs, 1);
  for (const [name, array] of Object.entries(values)) session.inputs[name]!.set(array);
  await session.run();
  const result = [...session.outputs.y!];
  await session.release();
  return result;
}

function iota(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
