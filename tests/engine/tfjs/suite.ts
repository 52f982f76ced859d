/** TensorFlow.js's suite on one device of the engine. */
import { openEvaluator } from "./evaluator.ts";
import { specsOf } from "./files.ts";
import { LAZY, registerLazyBackend } from "./lazy_backend.ts";
import { type Result, runSpecs } from "./run_specs.ts";
import type { SuiteDevice } from "./runtimes.ts";

/** Runs the specs of the given files. */
export async function runSuite(device: SuiteDevice, files: readonly string[]): Promise<Result[]> {
  const { evaluate, dialect, close } = await openEvaluator(device);
  const backend = registerLazyBackend(evaluate, dialect);
  const results: Result[] = [];
  try {
    for (const file of files) results.push(...await runSpecs(file, specsOf(file, LAZY), backend));
  } finally {
    close();
  }
  return results;
}
