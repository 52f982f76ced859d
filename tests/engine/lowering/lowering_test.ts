import assert from "node:assert/strict";
import { lowerings } from "../../../engine/trace.ts";
import { openEngine } from "../../../engine/mod.ts";
import { kernelCases as cases } from "./kernel_cases.ts";
import { checkCase } from "./parity.ts";

const engine = await openEngine({ device: "cpu" });

for (const testCase of cases) {
  Deno.test(
    `${testCase.kernel} agrees with TensorFlow.js: ${testCase.name}`,
    () => checkCase(engine, testCase),
  );
}

Deno.test("every lowering has a case, and every case is about a lowering", () => {
  // That a case comes by the kernel it names is checked as it runs.
  const covered = [...new Set(cases.map(({ kernel }) => kernel))];
  assert.deepEqual(covered.sort(), Object.keys(lowerings).sort());
});

Deno.test("no two cases of a kernel have the same name", () => {
  const names = cases.map(({ kernel, name }) => `${kernel}: ${name}`);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});
