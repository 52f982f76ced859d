/** Every case of every lowering. */
import { comparisonCases } from "./cases/comparison.ts";
import { convolutionCases } from "./cases/convolution.ts";
import { elementwiseCases } from "./cases/elementwise.ts";
import { indexingCases } from "./cases/indexing.ts";
import { matMulCases } from "./cases/matmul.ts";
import { fusedCases } from "./cases/fused.ts";
import { normalizationCases } from "./cases/normalization.ts";
import { poolingCases } from "./cases/pooling.ts";
import { randomCases } from "./cases/random.ts";
import { spaceCases } from "./cases/space.ts";
import { reductionCases } from "./cases/reduction.ts";
import { resizeCases } from "./cases/resize.ts";
import { shapeCases } from "./cases/shape.ts";
import type { KernelCase } from "./parity.ts";

export const kernelCases: readonly KernelCase[] = [
  ...elementwiseCases,
  ...comparisonCases,
  ...fusedCases,
  ...normalizationCases,
  ...poolingCases,
  ...randomCases,
  ...spaceCases,
  ...reductionCases,
  ...shapeCases,
  ...matMulCases,
  ...convolutionCases,
  ...resizeCases,
  ...indexingCases,
];
