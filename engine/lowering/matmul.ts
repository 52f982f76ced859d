/** Matrix products. https://onnx.ai/onnx/operators/onnx__MatMul.html */
import { einsum } from "../graph/einsum.ts";
import { matMul } from "../graph/matmul.ts";
import { refuse } from "../refusal.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand, operandList } from "./lowering.ts";

export const matMulLowerings: LoweringTable = {
  [tf.BatchMatMul]: (b, operands, { transposeA, transposeB }: tf.BatchMatMulAttrs) => {
    const [x, y] = [operand(operands, "a"), operand(operands, "b")];
    if (x.dtype === "bool") refuse(tf.BatchMatMul, "of bool", "cast it to int32 or float32");
    return matMul(b, x, y, transposeA, transposeB);
  },
  [tf.Einsum]: (b, operands, { equation }: tf.EinsumAttrs) => {
    const values = operandList(operands);
    // TensorFlow.js's own reading of the equation, with its checks: axes by number, the result's first.
    const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
      equation,
      values.length,
    );
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, values as never);
    return einsum(b, values, idDims, allDims.length - summedDims.length);
  },
};
