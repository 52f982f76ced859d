/** Every kernel of TensorFlow.js that can be compiled, by family. */
import { comparisonLowerings, elementwiseLowerings } from "./elementwise.ts";
import { convolutionLowerings, poolingLowerings } from "./convolution.ts";
import { fusedLowerings, matMulLowerings } from "./matmul.ts";
import { indexingLowerings, shapeLowerings } from "./shape.ts";
import type { LoweringTable } from "./lowering.ts";
import { normalizationLowerings, reductionLowerings } from "./reduction.ts";
import { randomLowerings } from "../random.ts";
import { resizeLowerings, spaceLowerings } from "./resize.ts";

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
