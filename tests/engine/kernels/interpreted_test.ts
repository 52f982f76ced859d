import { kernelCases } from "../lowering/kernel_cases.ts";
import { checkCase } from "../lowering/parity.ts";
import { interpretedEngine } from "./interpreted_engine.ts";

for (const testCase of kernelCases) {
  Deno.test(
    `${testCase.kernel} as kernels agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(interpretedEngine, testCase),
  );
}
