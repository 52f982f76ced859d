/**
 * Binary arithmetic, simplified. The simplifications are named pairs: the pattern looked for, and the
 * value to use instead. All of them hold for every float32, infinities, NaN and signed zeros
 * included, up to the rounding of one operation.
 */
import { expand, fill, type GraphBuilder, isExpand, scalarOf } from "./builder.ts";
import { elementwise, type Operand, unary, valuesOf } from "./elementwise.ts";
import { unblock } from "./image_layout.ts";
import { transpose } from "./movement.ts";
import { permutationOf } from "./axes.ts";
import { broadcastShapes, sameShape, sizeOf, type Value } from "./value.ts";

export type BinaryOp = "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Pow";

type Rewrite = (b: GraphBuilder, x: Value, y: Value, shape: number[]) => Value | undefined;

/** A binary arithmetic operator, simplified where a rewrite applies. */
export function binary(b: GraphBuilder, op: BinaryOp, left: Operand, right: Operand): Value {
  const [x, y] = valuesOf(b, [left, right]) as [Value, Value];
  return (x.dtype === "float32" ? simplify(b, op, x, y) : undefined) ??
    elementwise(b, { op }, [x, y]);
}

function simplify(b: GraphBuilder, op: BinaryOp, x: Value, y: Value): Value | undefined {
  const shape = broadcastShapes(x.shape, y.shape);
  const left = scalarOf(x);
  const right = scalarOf(y);
  if (left !== undefined && right !== undefined) {
    return fill(b, Math.fround(FOLD[op](left, right)), shape);
  }
  for (const rewrite of Object.values(REWRITES[op])) {
    const result = rewrite(b, x, y, shape);
    if (result) return result;
  }
  return undefined;
}

const FOLD: Record<BinaryOp, (x: number, y: number) => number> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
  Max: Math.max,
  Min: Math.min,
  Pow: Math.pow,
};

const REWRITES: Record<BinaryOp, Record<string, Rewrite>> = {
  Add: {
    "x + (-y) = x - y": (b, x, y) => {
      const [negated, other] = isNode(y, "Neg") ? [y, x] : [x, y];
      return isNode(negated, "Neg") ? binary(b, "Sub", other, operand(negated, 0)) : undefined;
    },
    "convolution + bias is one operator": (b, x, y) =>
      convolutionWithBias(b, x, y) ?? convolutionWithBias(b, y, x),
    "matrix product + bias is one operator": (b, x, y) =>
      productWithBias(b, x, y) ?? productWithBias(b, y, x),
  },
  Sub: {
    "x - 0 = x": (b, x, y, shape) => whenScalar(b, y, 0, x, shape),
    "x - (-y) = x + y": (b, x, y) =>
      isNode(y, "Neg") ? binary(b, "Add", x, operand(y, 0)) : undefined,
  },
  Mul: {
    "x * 1 = x": (b, x, y, shape) => whenScalar(b, y, 1, x, shape) ?? whenScalar(b, x, 1, y, shape),
    "x * -1 = -x": (b, x, y, shape) => {
      const other = scalarOf(y) === -1 ? x : scalarOf(x) === -1 ? y : undefined;
      return other && expand(b, unary(b, "Neg", other), shape);
    },
    "(x * a) * b = x * (a b)": (b, x, y, shape) =>
      joinedScalars(b, x, y, shape) ?? joinedScalars(b, y, x, shape),
    "scalar * matrix product is one operator": (b, x, y, shape) =>
      scaledProduct(b, x, y, shape) ?? scaledProduct(b, y, x, shape),
    "x * sigmoid(a x) is one operator": (b, x, y) => selfGated(b, x, y) ?? selfGated(b, y, x),
  },
  Div: {
    "x / c = x * (1/c)": (b, x, y) => {
      const divisor = scalarOf(y);
      if (divisor === undefined) return undefined;
      const reciprocal = Math.fround(1 / divisor);
      return isNormal(reciprocal) ? binary(b, "Mul", x, fill(b, reciprocal, y.shape)) : undefined;
    },
    // A root is never so small or large that its reciprocal leaves float32's range.
    "x / sqrt(y), with a smaller y, takes the reciprocal first": (b, x, y) =>
      isNode(layoutFree(core(y)), "Sqrt") && sizeOf(core(y).shape) < sizeOf(core(x).shape)
        ? binary(b, "Mul", x, unary(b, "Reciprocal", y))
        : undefined,
  },
  Max: {},
  Min: {},
  Pow: {
    "x ^ 1 = x": (b, x, y, shape) => whenScalar(b, y, 1, x, shape),
    "x ^ 2 = x * x": (b, x, y, shape) =>
      scalarOf(y) === 2 ? expand(b, binary(b, "Mul", x, x), shape) : undefined,
  },
};

/** `other`, broadcast, if `candidate` is the given scalar. */
function whenScalar(
  b: GraphBuilder,
  candidate: Value,
  scalar: number,
  other: Value,
  shape: readonly number[],
): Value | undefined {
  return scalarOf(candidate) === scalar ? expand(b, other, shape) : undefined;
}

function isNode(value: Value, op: string): boolean {
  return value.node.op === op;
}

function operand(value: Value, index: number): Value {
  return value.node.inputs[index]!;
}

function core(value: Value): Value {
  return isExpand(value) ? operand(value, 0) : value;
}

/** (x · a) · b for numbers a and b. */
function joinedScalars(
  b: GraphBuilder,
  product: Value,
  scalar: Value,
  shape: readonly number[],
): Value | undefined {
  const factor = scalarOf(scalar);
  if (factor === undefined) return undefined;
  const outer = core(product);
  const inner = layoutFree(outer);
  if (!isNode(inner, "Mul")) return undefined;
  const [x, y] = [operand(inner, 0), operand(inner, 1)];
  const [known, other] = scalarOf(x) !== undefined ? [x, y] : [y, x];
  const first = scalarOf(known);
  if (first === undefined || !joins(first, factor)) return undefined;
  const joined = binary(b, "Mul", other, fill(b, Math.fround(first * factor), known.shape));
  return expand(b, transpose(b, joined, permutationOf(outer) ?? [...inner.shape.keys()]), shape);
}

/** x · sigmoid(a·x) as ONNX Runtime's QuickGelu; with a = 1 it is SiLU. */
function selfGated(b: GraphBuilder, x: Value, gate: Value): Value | undefined {
  if (!b.has("QuickGelu")) return undefined;
  const [inner, outer] = [layoutFree(gate), layoutFree(x)];
  if (!isNode(inner, "Sigmoid") || !sameShape(gate.shape, x.shape)) return undefined;
  if (permutationOf(gate)?.join() !== permutationOf(x)?.join()) return undefined;
  const argument = operand(inner, 0);
  if (argument === outer) return quickGelu(b, x, 1);
  if (!isNode(argument, "Mul")) return undefined;
  const [p, q] = [operand(argument, 0), operand(argument, 1)];
  const scale = p === outer ? scalarOf(q) : q === outer ? scalarOf(p) : undefined;
  return scale === undefined ? undefined : quickGelu(b, x, scale);
}

function quickGelu(b: GraphBuilder, x: Value, alpha: number): Value {
  const attributes = { alpha: { float: alpha } };
  return elementwise(b, { op: "QuickGelu", domain: "com.microsoft", attributes }, [x]);
}

/** The value before its transposition. */
function layoutFree(value: Value): Value {
  return isNode(value, "Transpose") ? operand(value, 0) : value;
}

/** conv(x, w) + bias over channels, where the convolution has no bias yet. */
function convolutionWithBias(b: GraphBuilder, sum: Value, bias: Value): Value | undefined {
  const perm = permutationOf(sum);
  if (!perm) return undefined;
  const plain = operand(sum, 0);
  const blocked = isNode(plain, "ReorderOutput");
  const convolution = blocked ? operand(plain, 0) : plain;
  if (!isNode(convolution, "Conv")) return undefined;
  const { node, shape } = convolution;
  // After the transposition to channels-last, a bias is what broadcasts along the last axis.
  if (node.inputs.length !== 2 || !sameShape(bias.shape, [shape[1]!])) return undefined;
  const biased = b.node({ ...node, inputs: [...node.inputs, bias] }, convolution);
  return transpose(b, blocked ? unblock(b, biased) : biased, perm);
}

/** x · y + bias over columns, where the product has no bias yet. */
function productWithBias(b: GraphBuilder, product: Value, bias: Value): Value | undefined {
  const { node, shape } = product;
  if (!isNode(product, "Gemm") || node.inputs.length !== 2) return undefined;
  if (!sameShape(bias.shape, [shape[1]!])) return undefined;
  return b.node({ ...node, inputs: [...node.inputs, bias] }, product);
}

/** c · (x · y) for batches of matrices. */
function scaledProduct(
  b: GraphBuilder,
  product: Value,
  scalar: Value,
  shape: readonly number[],
): Value | undefined {
  const factor = scalarOf(scalar);
  if (factor === undefined || !b.has("FusedMatMul")) return undefined;
  const { node } = product;
  if (!isNode(product, "MatMul") && !isNode(product, "FusedMatMul")) return undefined;
  const { alpha = { float: 1 } } = node.attributes as { alpha?: { float: number } };
  if (!joins(alpha.float, factor)) return undefined;
  const scaled = b.node({
    op: "FusedMatMul",
    domain: "com.microsoft",
    inputs: node.inputs,
    attributes: { ...node.attributes, alpha: { float: alpha.float * factor } },
  }, product);
  return expand(b, scaled, shape);
}

/** Whether a number is one of float32 at full precision: no zero, infinity, NaN, nor near zero. */
function isNormal(value: number): boolean {
  const magnitude = Math.abs(Math.fround(value));
  return magnitude >= 2 ** -126 && magnitude < Infinity;
}

/**
 * Whether (x · a) · b may be computed as x · (a·b): neither hides an overflow of x · a, nor makes one.
 * An underflow of x · a is avoided, which gives the more exact result.
 */
export function joins(a: number, b: number): boolean {
  if (!isNormal(a) || !isNormal(b) || !isNormal(a * b)) return false;
  return Math.abs(a) <= 1 || Math.abs(b) >= 1;
}
