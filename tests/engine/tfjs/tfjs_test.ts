/** A part of TensorFlow.js's own suite; `deno task test:tfjs` runs it all. */
import assert from "node:assert/strict";
import { testFiles } from "./files.ts";
import { isFault } from "./run_specs.ts";
import { runSuite } from "./suite.ts";

/** Every how-manieth file is run here. */
const STRIDE = 8;

Deno.test("TensorFlow.js's own tests find nothing wrong", async () => {
  const files = testFiles().filter((_, i) => i % STRIDE === 0);
  const results = await runSuite("cpu", files);
  assert.ok(results.length > 300, `only ${results.length} specs`);
  const faults = results.filter(({ outcome }) => isFault(outcome));
  assert.deepEqual(faults, []);
  const passed = results.filter(({ outcome }) => outcome === "passed");
  assert.ok(passed.length > results.length / 2, `only ${passed.length} of ${results.length} pass`);
});
