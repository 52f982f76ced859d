/** Reductions, and what is written with them. https://onnx.ai/onnx/operators/ */
import { sizeOf } from "../../graph/value.ts";
import { type Expr, float, int } from "../expression.ts";
import { plus, times } from "../integers.ts";
import { binary, convert, select, unary } from "../scalar.ts";
import { map, reduce, type ReduceOp, reshape, type Tensor, viewAt, window } from "../tensor.ts";
import { indexAlong } from "./movement.ts";
import {
  broadcastMap,
  integersOf,
  listAttribute,
  numberAttribute,
  operand,
  type Operator,
  type OperatorLowering,
  type OperatorTable,
} from "./operator.ts";
import { product } from "./product.ts";

/** Fewer results than this keep a device busy only if there are few terms too. */
const FEW_RESULTS = 64;
const MANY_TERMS = 2 ** 12;

const reduceWith = (op: ReduceOp): OperatorLowering => (operator) => {
  const [x, axes] = [operand(operator, 0), integersOf(operator, 1)];
  const joined = operator.isOnlyUser ? reduceAgain(op, x, axes) : undefined;
  // The graph keeps reduced axes as ones.
  return reshape(joined ?? reduce(op, x, axes), operator.shape);
};

/** A reduction of what was reduced in the same way, as one reduction; undefined if `x` was not. */
function reduceAgain(op: ReduceOp, x: Tensor, axes: readonly number[]): Tensor | undefined {
  let inner = x;
  let at = (index: readonly Expr[]): readonly Expr[] => index;
  while (inner.kind === "view" && inner.inverse) {
    const [view, outer] = [inner, at];
    at = (index) => view.at(outer(index)).index;
    inner = view.operand;
  }
  if (inner.kind !== "reduce" || inner.op !== op) return undefined;
  const { operand, axes: before } = inner;
  // One large sum is better done in two steps, by many workgroups and then by one.
  const results = sizeOf(x.shape) / sizeOf(axes.map((axis) => x.shape[axis]!));
  if (results < FEW_RESULTS && sizeOf(operand.shape) > results * MANY_TERMS) return undefined;
  const rank = x.shape.length;
  const shape = [...x.shape, ...before.map((axis) => operand.shape[axis]!)];
  const whole = viewAt(operand, shape, (index) => {
    const kept = [...at(index.slice(0, rank))];
    return operand.shape.map((_, axis) => {
      const place = before.indexOf(axis);
      return place < 0 ? kept.shift()! : index[rank + place]!;
    });
  });
  return reduce(op, whole, [...axes, ...before.map((_, i) => rank + i)]);
}

/** `x` reduced along one axis, and repeated along it. */
function reduceAlong(op: ReduceOp, x: Tensor, axis: number): Tensor {
  const reduced = reduce(op, x, [axis]);
  return viewAt(reduced, x.shape, (index) => index.toSpliced(axis, 1));
}

function mapOf(operands: readonly [Tensor, ...Tensor[]], apply: (...values: Expr[]) => Expr) {
  const { shape, dtype } = operands[0];
  return broadcastMap(operands, shape, dtype, (values) => apply(...values));
}

/** The first place of the largest, or smallest, element along an axis. */
const placeOf = (op: "maximum" | "minimum"): OperatorLowering => (operator) => {
  const x = operand(operator, 0);
  const axis = numberAttribute(operator, "axis", 0);
  const last = int(x.shape[axis]! - 1);
  const places = broadcastMap(
    [x, reduceAlong(op, x, axis), indexAlong(axis, x.shape)],
    x.shape,
    "int32",
    ([value, best, place]) => select(binary("equal", value!, best!), place!, last),
  );
  return reshape(reduce("minimum", places, [axis]), operator.shape);
};

export const reductionOperators: OperatorTable = {
  ReduceSum: reduceWith("add"),
  ReduceMax: reduceWith("maximum"),
  ReduceMin: reduceWith("minimum"),
  ReduceProd: reduceWith("multiply"),
  ReduceMean: (operator) => {
    const sum = reduceWith("add")(operator);
    const count = sizeOf(operand(operator, 0).shape) / sizeOf(sum.shape);
    return mapOf([sum], (x) => binary("multiply", x, float(1 / count)));
  },
  ArgMax: placeOf("maximum"),
  ArgMin: placeOf("minimum"),
  Softmax: (operator) => {
    const x = operand(operator, 0);
    const axis = (numberAttribute(operator, "axis", -1) + x.shape.length) % x.shape.length;
    const largest = reduceAlong("maximum", x, axis);
    const powers = mapOf([x, largest], (x, m) => unary("exp", binary("subtract", x, m)));
    return mapOf([powers, reduceAlong("add", powers, axis)], (p, sum) => binary("divide", p, sum));
  },
  CumSum: (operator) => {
    const x = operand(operator, 0);
    const [axis = 0] = integersOf(operator, 1);
    const reverse = numberAttribute(operator, "reverse", 0) !== 0;
    const exclusive = numberAttribute(operator, "exclusive", 0) !== 0;
    // One more axis, over which those up to each place are added up.
    const shape = [...x.shape, x.shape[axis]!];
    const terms = viewAt(x, shape, (index) => index.slice(0, -1).with(axis, index.at(-1)!));
    const counted = map([terms], shape, x.dtype, ([term], index) => {
      const [first, second] = reverse
        ? [index[axis]!, index.at(-1)!]
        : [index.at(-1)!, index[axis]!];
      const zero = convert(int(0), x.dtype);
      return select(binary(exclusive ? "less" : "lessEqual", first, second), term!, zero);
    });
    return reduce("add", counted, [x.shape.length]);
  },
  AveragePool: averagePool,
  // Rows added up by their index: a product with the matrix that has a 1 where an index is met.
  ScatterND: (operator) => {
    const [start, indices, updates] = [0, 1, 2].map((i) => operand(operator, i)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const rows = indices.shape[0]!;
    const space = [...operator.shape, rows];
    const hits = map(
      [viewAt(indices, space, (index) => [index.at(-1)!, int(0)])],
      space,
      "float32",
      ([row], index) => convert(binary("equal", row!, index[0]!), "float32"),
    );
    const terms = viewAt(updates, space, (index) => [index.at(-1)!, ...index.slice(1, -1)]);
    const columns = operator.shape.slice(1).map(() => "column" as const);
    return mapOf(
      [start, product(hits, terms, ["row", ...columns, "sum"])],
      (x, y) => binary("add", x, y),
    );
  },
};

/** Means over windows, of as many elements as lie inside the image. */
function averagePool(operator: Operator): Tensor {
  const x = operand(operator, 0);
  const kernel = listAttribute(operator, "kernel_shape", [1, 1]);
  const strides = listAttribute(operator, "strides", [1, 1]);
  const pads = listAttribute(operator, "pads", [0, 0, 0, 0]);
  const windowsOf = (image: Tensor) => {
    const [n, c, h, w] = image.shape as [number, number, number, number];
    const padded = pads.some((pad) => pad !== 0)
      ? window(image, [0, 0, -pads[0]!, -pads[1]!], [
        n,
        c,
        h + pads[0]! + pads[2]!,
        w + pads[1]! + pads[3]!,
      ])
      : image;
    return reduce("add", windows(padded, operator.shape, kernel, strides), [4, 5]);
  };
  const sums = windowsOf(x);
  if (pads.every((pad) => pad === 0)) {
    return mapOf([sums], (sum) => binary("multiply", sum, float(1 / sizeOf(kernel))));
  }
  const counts = windowsOf(map([], x.shape, x.dtype, () => float(1)));
  return mapOf([sums, counts], (sum, count) => binary("divide", sum, count));
}

/** The elements under a window at each of its places: [n, c, h', w', kh, kw]. */
function windows(
  x: Tensor,
  [n, c, h, w]: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
): Tensor {
  const shape = [n!, c!, h!, w!, ...kernel];
  return viewAt(x, shape, ([n, c, y, x, r, s]) => [
    n!,
    c!,
    plus(times(y!, strides[0]!), r!),
    plus(times(x!, strides[1]!), s!),
  ]);
}
