import { openEngine } from "../../engine/mod.ts";
import { kernelCases } from "../engine/lowering/kernel_cases.ts";
import { checkCase } from "../engine/lowering/parity.ts";

const engine = await openEngine({ device: "webgpu" });

for (const testCase of kernelCases) {
  Deno.test(
    `${testCase.kernel} on WebGPU agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}
