/** Pooling with its gradients. https://onnx.ai/onnx/operators/onnx__AveragePool.html */
import { cast } from "../graph/elementwise.ts";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from "../graph/pool.ts";
import type { Shape4 } from "../graph/window.ts";
import { tf } from "../tf.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";
import { type PoolAttributes, poolWindow } from "./windows.ts";

const poolWith =
  (pool: typeof averagePool): Lowering<PoolAttributes> => (b, operands, attributes) => {
    const x = cast(b, operand(operands, "x"), "float32");
    const { window, outShape } = poolWindow(x.shape, attributes);
    return pool(b, x, window, outShape);
  };

export const poolingLowerings: LoweringTable = {
  [tf.AvgPool]: poolWith(averagePool),
  [tf.MaxPool]: poolWith(maxPool),
  [tf.AvgPoolGrad]: (b, operands, attributes: PoolAttributes) => {
    const [dy, x] = [operand(operands, "dy"), operand(operands, "input")];
    const { window } = poolWindow(x.shape, attributes);
    return averagePoolGradient(b, dy, window, x.shape as Shape4);
  },
  [tf.MaxPoolGrad]: (b, operands, attributes: PoolAttributes) => {
    const [dy, x] = [operand(operands, "dy"), operand(operands, "input")];
    const { window } = poolWindow(x.shape, attributes);
    return maxPoolGradient(b, dy, x, operand(operands, "output"), window);
  },
};
