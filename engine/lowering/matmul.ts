/** Matrix products. https://onnx.ai/onnx/operators/onnx__MatMul.html */
import { matMul } from "../graph/matmul.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

export const matMulLowerings: LoweringTable = {
  [tf.BatchMatMul]: (b, operands, { transposeA, transposeB }: tf.BatchMatMulAttrs) =>
    matMul(b, operand(operands, "a"), operand(operands, "b"), transposeA, transposeB),
};
