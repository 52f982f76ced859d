import { openEngine } from "../../engine/mod.ts";
import { kernelCases } from "../engine/lowering/kernel_cases.ts";
import { checkCase } from "../engine/lowering/parity.ts";

const engine = await openEngine({ device: "webgpu" });

/**
 * Cases that ask for more than WGSL promises (its specification, section 15.7, "Floating Point
 * Evaluation"): implementations may assume that there is no infinity, NaN or overflow, which Mesa's
 * compiler does, and `log` may be 2^-21 off between 0.5 and 2, which leaves few digits of log1p near 0.
 */
const BEYOND_WGSL: readonly string[] = [
  "zero times what is not finite is NaN",
  "factors that overflow or vanish together, or on the way",
  "near zero and at the ends, to the last digits",
];

for (const testCase of kernelCases) {
  if (BEYOND_WGSL.includes(testCase.name)) continue;
  Deno.test(
    `${testCase.kernel} on WebGPU agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}
