import { kernelCases } from "../engine/lowering/kernel_cases.ts";
import { checkCase } from "../engine/lowering/parity.ts";
import { cudaEngine } from "./interpreted_device.ts";

const engine = cudaEngine();

for (const testCase of kernelCases) {
  Deno.test(
    `${testCase.kernel} as PTX agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}
