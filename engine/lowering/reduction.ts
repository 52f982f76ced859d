/** Reductions, softmax and normalisations. https://onnx.ai/onnx/operators/ */
import { cast, predicate, unary, unlessNaN } from "../graph/elementwise.ts";
import { reshape } from "../graph/movement.ts";
import { cumulativeProduct, cumulativeSum, reduce, type ReduceOp } from "../graph/reduction.ts";
import { type Lowering, type LoweringTable, type Of, refuse } from "./lowering.ts";
import { tf } from "../tf.ts";
import { binary } from "../graph/arithmetic.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { matMul } from "../graph/matmul.ts";
import { sizeOf, type Value } from "../graph/value.ts";

interface ReduceAttributes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

const reduceWith =
  (op: ReduceOp): Lowering<ReduceAttributes, Of<"x">> => (b, { x }, attributes) => {
    const axes = tf.util.parseAxisParam(attributes.axis, [...x.shape]);
    return reduce(b, op, x, axes, attributes.keepDims);
  };

/** The place of an extreme element; NaN is passed over, as TensorFlow.js has it. */
const argument =
  (op: "ArgMax" | "ArgMin"): Lowering<{ axis: number }> => (b, { x: input }: Of<"x">, { axis }) => {
    const [along] = tf.util.parseAxisParam(axis, [...input.shape]);
    if (input.shape[along!] === 0) {
      refuse(op, `over an axis without elements, of [${input.shape}]`, "there is no place to name");
    }
    const shape = input.shape.filter((_, i) => i !== along);
    const numbers = input.dtype === "bool" ? cast(b, input, "int32") : input;
    const last = op === "ArgMax" ? -Infinity : Infinity;
    const x = numbers.dtype === "float32" ? unlessNaN(b, numbers, numbers, last) : numbers;
    const indices = b.node(
      { op, inputs: [x], attributes: { axis: along!, keepdims: 0 } },
      { shape, dtype: "int64" },
    );
    return cast(b, indices, "int32");
  };

const scanWith =
  (scan: typeof cumulativeSum): Lowering<tf.CumsumAttrs> =>
  (b, { x: input }: Of<"x">, { axis, exclusive, reverse }) => {
    const x = input.dtype === "bool" ? cast(b, input, "int32") : input;
    const [along] = tf.util.parseAxisParam(axis, [...x.shape]);
    return scan(b, x, { axis: along!, exclusive, reverse });
  };

export const reductionLowerings: LoweringTable = {
  [tf.Sum]: reduceWith("ReduceSum"),
  // A mean of integers is a float.
  [tf.Mean]: (b, { x }: Of<"x">, attributes: ReduceAttributes) =>
    reduceWith("ReduceMean")(b, { x: cast(b, x, "float32") }, attributes),
  [tf.Min]: reduceWith("ReduceMin"),
  [tf.All]: reduceWith("ReduceMin"),
  [tf.Any]: reduceWith("ReduceMax"),
  [tf.Prod]: reduceWith("ReduceProd"),
  [tf.Max]: (b, operands: Of<"x">, { reductionIndices, keepDims }: tf.MaxAttrs) =>
    reduceWith("ReduceMax")(b, operands, { axis: reductionIndices, keepDims }),
  [tf.ArgMax]: argument("ArgMax"),
  [tf.ArgMin]: argument("ArgMin"),
  [tf.Cumsum]: scanWith(cumulativeSum),
  [tf.Cumprod]: scanWith(cumulativeProduct),
  // The k largest along the last axis and their places, in falling order.
  [tf.TopK]: (b, { x }: Of<"x">, { k }: tf.TopKAttrs) => {
    const shape = x.shape.with(-1, k);
    const [values, places] = b.nodes({
      op: "TopK",
      inputs: [x, b.integers([k])],
      attributes: { axis: -1, largest: 1, sorted: 1 },
    }, [{ shape, dtype: x.dtype }, { shape, dtype: "int64" }]);
    return [values!, cast(b, places!, "int32")];
  },
  [tf.SearchSorted]: (
    b,
    { sortedSequence: sequence, values }: Of<"sortedSequence" | "values">,
    { side }: tf.SearchSortedAttrs,
  ) => {
    const [batch, length] = sequence.shape as [number, number];
    const count = values.shape[1]!;
    // As many as are before each value.
    const before = predicate(b, side === "left" ? "Less" : "LessOrEqual", [
      reshape(b, sequence, [batch, 1, length]),
      reshape(b, values, [batch, count, 1]),
    ]);
    return reduce(b, "ReduceSum", cast(b, before, "int32"), [2], false);
  },
  [tf.Softmax]: (b, { logits: x }: Of<"logits">, { dim }: tf.SoftmaxAttrs) =>
    b.node({ op: "Softmax", inputs: [x], attributes: { axis: dim } }, x),

  [tf.FusedBatchNorm]: (
    b,
    { x, mean, variance, scale, offset }:
      & Of<"x" | "mean" | "variance">
      & Partial<Of<"scale" | "offset">>,
    { varianceEpsilon }: tf.FusedBatchNormAttrs,
  ) => {
    const deviation = unary(b, "Sqrt", binary(b, "Add", variance, varianceEpsilon ?? 0.001));
    const factor = binary(b, "Div", scale ?? 1, deviation);
    const centred = binary(b, "Sub", x, mean);
    const scaled = binary(b, "Mul", centred, factor);
    return offset ? binary(b, "Add", scaled, offset) : scaled;
  },
  // x / (bias + alpha · Σ x²)^beta, the sum over neighbouring channels.
  [tf.LRN]: (b, { x }: Of<"x">, attributes: tf.LRNAttrs) =>
    binary(b, "Mul", x, power(b, norms(b, x, attributes), -attributes.beta)),
  [tf.LRNGrad]: (b, { x, y, dy }: Of<"x" | "y" | "dy">, attributes: tf.LRNGradAttrs) => {
    const { alpha, beta, depthRadius } = attributes;
    const scale = norms(b, x, attributes);
    const own = binary(b, "Mul", dy, power(b, scale, -beta));
    const ratios = binary(b, "Div", binary(b, "Mul", dy, y), scale);
    const others = overNeighbours(b, ratios, depthRadius);
    const share = binary(b, "Mul", binary(b, "Mul", x, others), 2 * alpha * beta);
    return binary(b, "Sub", own, share);
  },
};

function norms(b: GraphBuilder, x: Value, { bias, alpha, depthRadius }: tf.LRNAttrs): Value {
  const squares = overNeighbours(b, binary(b, "Mul", x, x), depthRadius);
  return binary(b, "Add", binary(b, "Mul", squares, alpha), bias);
}

function power(b: GraphBuilder, x: Value, exponent: number): Value {
  return binary(b, "Pow", x, exponent);
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
  return reshape(b, matMul(b, rows, matrix), x.shape);
}
