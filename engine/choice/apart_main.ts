/** Entry of the process that measures one device: see apart.ts. */
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { deserialize } from "node:v8";
import { unpackGraph } from "../graph/transfer.ts";
import { kernelRuntime } from "../kernels/runtime.ts";
import { onnxRuntime } from "../onnx/runtime.ts";
import type { Engine, GraphRuntime } from "../types.ts";
import { type ApartJob, type ApartResult, RESULT_MARK } from "./apart.ts";
import { relativeDifference, timeRuns } from "./timing.ts";

async function measure(job: ApartJob): Promise<ApartResult> {
  const { device, graph, inputs, outputs, arrays, right } = job;
  const program = { graph: unpackGraph(graph), inputs, outputs };
  const runner = await runtimeOf(device).open(program);
  const timing = await timeRuns(runner, arrays);
  return {
    milliseconds: timing.milliseconds,
    difference: right && relativeDifference(timing.outputs, right),
  };
}

function runtimeOf(device: Engine["device"]): GraphRuntime {
  if (device === "cpu") return onnxRuntime(device);
  if (device === "webgpu" || device === "cuda") return kernelRuntime(device);
  throw new Error(`Internal: ${device} runs no graphs`);
}

const job = deserialize(await buffer(process.stdin)) as ApartJob;
const result = await measure(job).catch((error): ApartResult => ({
  trouble: (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200),
}));
console.log(RESULT_MARK + JSON.stringify(result));
process.exit(0);
