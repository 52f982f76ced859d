/** Every kernel of TensorFlow.js that can be compiled, by family. */
import { comparisonLowerings } from "./comparison.ts";
import { convolutionLowerings } from "./convolution.ts";
import { elementwiseLowerings } from "./elementwise.ts";
import { fusedLowerings } from "./fused.ts";
import { indexingLowerings } from "./indexing.ts";
import type { LoweringTable } from "./lowering.ts";
import { matMulLowerings } from "./matmul.ts";
import { normalizationLowerings } from "./normalization.ts";
import { poolingLowerings } from "./pooling.ts";
import { randomLowerings } from "./random.ts";
import { reductionLowerings } from "./reduction.ts";
import { resizeLowerings } from "./resize.ts";
import { shapeLowerings } from "./shape.ts";
import { spaceLowerings } from "./space.ts";

export const lowerings: LoweringTable = {
  ...elementwiseLowerings,
  ...comparisonLowerings,
  ...reductionLowerings,
  ...shapeLowerings,
  ...spaceLowerings,
  ...matMulLowerings,
  ...convolutionLowerings,
  ...poolingLowerings,
  ...normalizationLowerings,
  ...fusedLowerings,
  ...resizeLowerings,
  ...indexingLowerings,
  ...randomLowerings,
};
