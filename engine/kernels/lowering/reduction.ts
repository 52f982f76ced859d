/** Reductions, and what is written with them. https://onnx.ai/onnx/operators/ */
import { sizeOf } from "../../graph/value.ts";
import { type Expr, float, int } from "../expression.ts";
import { both, flatIndex, plus, times } from "../integers.ts";
import { binary, convert, select, unary } from "../scalar.ts";
import {
  gather,
  map,
  reduce,
  type ReduceOp,
  reshape,
  type Tensor,
  view,
  viewAt,
} from "../tensor.ts";
import {
  broadcastMap,
  indexAlong,
  integersOf,
  listAttribute,
  numberAttribute,
  operand,
  type Operator,
  type OperatorLowering,
  type OperatorTable,
} from "./movement.ts";
import { pixelUnder, product, windowOf } from "./product.ts";

/** Fewer results than this keep a device busy only if there are few terms too. */
const FEW_RESULTS = 64;
const MANY_TERMS = 2 ** 12;

const reduceWith = (op: ReduceOp) => (operator: Operator): Tensor => {
  const [x, axes] = [operand(operator, 0), integersOf(operator, 1)];
  const joined = operator.isOnlyUser ? reduceAgain(op, x, axes) : undefined;
  // The graph keeps reduced axes as ones.
  return reshape(joined ?? reduce(op, x, axes), operator.shape);
};

/** A reduction of what was reduced in the same way, as one reduction; undefined if `x` was not. */
function reduceAgain(op: ReduceOp, x: Tensor, axes: readonly number[]): Tensor | undefined {
  let inner = x;
  let factor = 1;
  let at = (index: readonly Expr[]): readonly Expr[] => index;
  for (;;) {
    const mean = MEANS.get(inner);
    if (mean && op === "add") {
      factor *= mean.factor;
      inner = mean.sum;
    } else if (inner.kind === "view" && inner.inverse) {
      const [view, outer] = [inner, at];
      at = (index) => view.at(outer(index)).index;
      inner = view.operand;
    } else break;
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
  const joined = reduce(op, whole, [...axes, ...before.map((_, i) => rank + i)]);
  return factor === 1 ? joined : scaled(joined, factor);
}

/** Means, as multiples of sums. */
const MEANS = new WeakMap<Tensor, { readonly sum: Tensor; readonly factor: number }>();

function scaled(sum: Tensor, factor: number): Tensor {
  const mean = mapOf([sum], (x) => binary("multiply", x, factor));
  MEANS.set(mean, { sum, factor });
  return mean;
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
  const last = x.shape[axis]! - 1;
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
    return scaled(sum, 1 / count);
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
  TopK: largest,
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
      return select(binary(exclusive ? "less" : "lessEqual", first, second), term!, 0);
    });
    return reduce("add", counted, [x.shape.length]);
  },
  AveragePool: averagePool,
  MaxPool: maxPool,
  ScatterND: scatter,
};

/**
 * The k largest along the last axis and their places, in falling order: the element that so many are
 * before, of equal ones those with smaller places, is the one at that rank.
 */
function largest(operator: Operator): readonly Tensor[] {
  const x = operand(operator, 0);
  const rank = x.shape.length;
  const [k] = integersOf(operator, 1) as [number];
  const pairs = [...x.shape, x.shape.at(-1)!];
  const [own, other] = [
    viewAt(x, pairs, (index) => index.slice(0, -1)),
    viewAt(x, pairs, (index) => [...index.slice(0, -2), index.at(-1)!]),
  ];
  const before = map([own, other], pairs, "int32", ([a, b], index) => {
    const earlier = binary("less", index.at(-1)!, index.at(-2)!);
    const tied = binary("and", binary("equal", a!, b!), earlier);
    return convert(binary("or", binary("less", a!, b!), tied), "int32");
  });
  const ranks = reduce("add", before, [rank]);
  const places = [...x.shape.slice(0, -1), k, x.shape.at(-1)!];
  const along = (tensor: Tensor) =>
    viewAt(tensor, places, (index) => [...index.slice(0, -2), index.at(-1)!]);
  const chosen = (dtype: Tensor["dtype"], value: (element: Expr, place: Expr) => Expr) =>
    reduce(
      "add",
      map([along(x), along(ranks)], places, dtype, ([element, at], index) =>
        select(
          binary("equal", at!, index.at(-2)!),
          value(element!, index.at(-1)!),
          0,
        )),
      [rank],
    );
  return [chosen(x.dtype, (element) => element), chosen("int32", (_, place) => place)];
}

/**
 * A tensor with rows put, or added, at their places. Rows added by one index are a product with the
 * matrix that has a 1 where an index is met; otherwise the last row put at a place stays.
 */
function scatter(operator: Operator): Tensor {
  const [start, places, updates] = [0, 1, 2].map((i) => operand(operator, i)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const depth = places.shape.at(-1)!;
  const rows = sizeOf(places.shape.slice(0, -1));
  const inner = operator.shape.slice(depth);
  const space = [...operator.shape, rows];
  const flatPlaces = reshape(places, [rows, depth]);
  const flatUpdates = reshape(updates, [rows, ...inner]);
  const adds = operator.node.attributes.reduction === "add";
  const parts = Array.from(
    { length: depth },
    (_, i) => viewAt(flatPlaces, space, (index) => [index.at(-1)!, int(i)]),
  );
  const isHit = (values: readonly Expr[], index: readonly Expr[]) =>
    values.map((place, i) => binary("equal", place, index[i]!)).reduce(both);
  const terms = viewAt(flatUpdates, space, (index) => [index.at(-1)!, ...index.slice(depth, -1)]);
  if (!adds) {
    const last = map(
      parts,
      space,
      "int32",
      (values, index) => select(isHit(values, index), index.at(-1)!, -1),
    );
    const winner = reduce("maximum", last, [operator.shape.length]);
    const chosen = gatherRows(flatUpdates, winner, depth);
    return mapOf(
      [start, chosen, winner],
      (old, put, row) => select(binary("less", row, 0), old, put),
    );
  }
  const sums = depth === 1 && start.dtype === "float32"
    ? product(
      map(parts, space, "float32", (values, index) => convert(isHit(values, index), "float32")),
      terms,
      ["row", ...inner.map(() => "column" as const), "sum"],
    )
    : reduce(
      "add",
      map(
        [terms, ...parts],
        space,
        start.dtype,
        ([term, ...values], index) => select(isHit(values, index), term!, 0),
      ),
      [operator.shape.length],
    );
  return mapOf([start, sums], (x, y) => binary("add", x, y));
}

/** Maxima over windows, of the elements that lie inside the image. */
function maxPool(operator: Operator): Tensor {
  return reduce("maximum", windows(operator, operand(operator, 0), -Infinity), [4, 5]);
}

/** For each element of `rows`, the element of that row of `x` at its own place behind `depth` axes. */
function gatherRows(x: Tensor, rows: Tensor, depth: number): Tensor {
  const inner = x.shape.slice(1);
  const flat = map([rows], rows.shape, "int32", ([row], index) =>
    plus(
      times(binary("maximum", row!, 0), sizeOf(inner)),
      flatIndex(inner, index.slice(depth)),
    ));
  return gather(reshape(x, [sizeOf(x.shape)]), flat, 0);
}

/** Means over windows, of as many elements as lie inside the image. */
function averagePool(operator: Operator): Tensor {
  const x = operand(operator, 0);
  const sums = reduce("add", windows(operator, x, 0), [4, 5]);
  const kernel = listAttribute(operator, "kernel_shape", [1, 1]);
  if (listAttribute(operator, "pads", [0, 0, 0, 0]).every((pad) => pad === 0)) {
    return mapOf([sums], (sum) => binary("multiply", sum, 1 / sizeOf(kernel)));
  }
  const ones = map([], x.shape, x.dtype, () => float(1));
  const counts = reduce("add", windows(operator, ones, 0), [4, 5]);
  return mapOf([sums, counts], (sum, count) => binary("divide", sum, count));
}

/** The elements under a window at each of its places, [n, c, h', w', kh, kw], and `outside` beyond. */
function windows(operator: Operator, x: Tensor, outside: number): Tensor {
  const window = windowOf(operator);
  const shape = [...operator.shape, ...listAttribute(operator, "kernel_shape", [1, 1])];
  const pixelAt = ([, , y, z, r, s]: readonly Expr[]) =>
    pixelUnder(window, x.shape.slice(2), [y!, z!], [r!, s!]);
  const seen = view(x, shape, (index) => {
    const pixel = pixelAt(index);
    return { ...pixel, index: [...index.slice(0, 2), ...pixel.index] };
  });
  if (outside === 0) return seen;
  return map(
    [seen],
    shape,
    x.dtype,
    ([value], index) => select(pixelAt(index).inside, value!, outside),
  );
}
