import { openCompiledEngine } from "../../engine/compiled.ts";
import { runtimeOn } from "../../engine/kernels/runtime.ts";
import { kernelCases } from "../engine/lowering/kernel_cases.ts";
import { checkCase } from "../engine/lowering/parity.ts";
import { interpretedPtx } from "./interpreted_device.ts";

const engine = openCompiledEngine(runtimeOn(interpretedPtx));

for (const testCase of kernelCases) {
  Deno.test(
    `${testCase.kernel} as PTX agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}
