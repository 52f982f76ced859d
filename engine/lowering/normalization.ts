/** Normalisations. */
import { binary } from "../graph/arithmetic.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { fill, unary } from "../graph/elementwise.ts";
import { matMul } from "../graph/matmul.ts";
import { reshape } from "../graph/movement.ts";
import { sizeOf, type Value } from "../graph/value.ts";
import { tf } from "../tf.ts";
import { type LoweringTable, operand } from "./lowering.ts";

export const normalizationLowerings: LoweringTable = {
  [tf.FusedBatchNorm]: (b, operands, { varianceEpsilon }: tf.FusedBatchNormAttrs) => {
    const { scale, offset } = operands;
    const epsilon = fill(b, varianceEpsilon ?? 0.001, []);
    const deviation = unary(b, "Sqrt", binary(b, "Add", operand(operands, "variance"), epsilon));
    const factor = binary(b, "Div", scale ?? fill(b, 1, []), deviation);
    const centred = binary(b, "Sub", operand(operands, "x"), operand(operands, "mean"));
    const scaled = binary(b, "Mul", centred, factor);
    return offset ? binary(b, "Add", scaled, offset) : scaled;
  },
  // x / (bias + alpha · Σ x²)^beta, the sum over neighbouring channels.
  [tf.LRN]: (b, operands, attributes: tf.LRNAttrs) => {
    const x = operand(operands, "x");
    return binary(b, "Mul", x, power(b, norms(b, x, attributes), -attributes.beta));
  },
  [tf.LRNGrad]: (b, operands, attributes: tf.LRNGradAttrs) => {
    const [x, y, dy] = ["x", "y", "dy"].map((name) => operand(operands, name)) as [
      Value,
      Value,
      Value,
    ];
    const { alpha, beta, depthRadius } = attributes;
    const scale = norms(b, x, attributes);
    const own = binary(b, "Mul", dy, power(b, scale, -beta));
    const ratios = binary(b, "Div", binary(b, "Mul", dy, y), scale);
    const others = overNeighbours(b, ratios, depthRadius);
    const share = binary(b, "Mul", binary(b, "Mul", x, others), fill(b, 2 * alpha * beta, []));
    return binary(b, "Sub", own, share);
  },
};

function norms(b: GraphBuilder, x: Value, { bias, alpha, depthRadius }: tf.LRNAttrs): Value {
  const squares = overNeighbours(b, binary(b, "Mul", x, x), depthRadius);
  return binary(b, "Add", binary(b, "Mul", squares, fill(b, alpha, [])), fill(b, bias, []));
}

function power(b: GraphBuilder, x: Value, exponent: number): Value {
  return binary(b, "Pow", x, fill(b, exponent, []));
}

/** Sums over the channels, the last axis, that lie at most `radius` apart. */
function overNeighbours(b: GraphBuilder, x: Value, radius: number): Value {
  const channels = x.shape.at(-1)!;
  const band = Float32Array.from(
    { length: channels ** 2 },
    (_, i) => Math.abs(i % channels - Math.floor(i / channels)) <= radius ? 1 : 0,
  );
  const rows = reshape(b, x, [sizeOf(x.shape) / channels, channels]);
  const matrix = b.constant(band, [channels, channels]);
  return reshape(b, matMul(b, rows, matrix, false, false), x.shape);
}
