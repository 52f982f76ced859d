import assert from "node:assert/strict";
import { lowerings } from "../../../engine/lowering/table.ts";
import { openEngine } from "../../../engine/mod.ts";
import { comparisonCases } from "./cases/comparison.ts";
import { convolutionCases } from "./cases/convolution.ts";
import { elementwiseCases } from "./cases/elementwise.ts";
import { fusedCases } from "./cases/fused.ts";
import { indexingCases } from "./cases/indexing.ts";
import { matMulCases } from "./cases/matmul.ts";
import { normalizationCases } from "./cases/normalization.ts";
import { poolingCases } from "./cases/pooling.ts";
import { randomCases } from "./cases/random.ts";
import { reductionCases } from "./cases/reduction.ts";
import { resizeCases } from "./cases/resize.ts";
import { shapeCases } from "./cases/shape.ts";
import { spaceCases } from "./cases/space.ts";
import { checkCase } from "./parity.ts";

const cases = [
  ...elementwiseCases,
  ...comparisonCases,
  ...reductionCases,
  ...shapeCases,
  ...matMulCases,
  ...convolutionCases,
  ...poolingCases,
  ...normalizationCases,
  ...fusedCases,
  ...spaceCases,
  ...resizeCases,
  ...indexingCases,
  ...randomCases,
];

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
