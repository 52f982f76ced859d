/** TensorFlow.js's suite on one device of the engine. */
import type { Provider } from "../../../engine/onnx/session.ts";
import { openEvaluator } from "./evaluator.ts";
import { specsOf } from "./files.ts";
import { LAZY, registerLazyBackend } from "./lazy_backend.ts";
import { type Result, runSpecs } from "./run_specs.ts";

/** Runs the specs of the given files. */
export async function runSuite(device: Provider, files: readonly string[]): Promise<Result[]> {
  const { evaluate, close } = await openEvaluator(device);
  const backend = registerLazyBackend(evaluate);
  const results: Result[] = [];
  try {
    for (const file of files) results.push(...await runSpecs(file, specsOf(file, LAZY), backend));
  } finally {
    close();
  }
  return results;
}
