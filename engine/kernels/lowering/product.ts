/** Sums of products: matrix products and convolutions with their gradients. */
import { type Expr, int } from "../expression.ts";
import { both, div, equal, mod, plus, times, within } from "../integers.ts";
import { contractionExtents, TYPICAL_TILE } from "../kernel.ts";
import { binary } from "../scalar.ts";
import {
  type AxisRole,
  contract,
  map,
  type Place,
  reduce,
  reshape,
  type Tensor,
  transpose,
  view,
  viewAt,
} from "../tensor.ts";
import {
  broadcastMap,
  listAttribute,
  numberAttribute,
  operand,
  type Operator,
  type OperatorTable,
} from "./movement.ts";

/** Rows and columns below which a tile of a contraction would be mostly empty. */
const SMALLEST_SIDE = 8;
/** With fewer workgroups than this, a large sum is divided; into so many parts that there are more. */
const FEW_WORKGROUPS = 64;
const ENOUGH_WORKGROUPS = 256;
/** Terms that each part gets at least. */
const SMALLEST_SHARE = 256;

/** Σ left · right over the axes of role "sum", by the kind of kernel that suits the extents. */
export function product(left: Tensor, right: Tensor, roles: readonly AxisRole[]): Tensor {
  const { batch, row, column, sum } = contractionExtents({ left, roles });
  if (Math.min(row, column, sum) < SMALLEST_SIDE) {
    const products = map(
      [left, right],
      left.shape,
      left.dtype,
      ([x, y]) => binary("multiply", x!, y!),
    );
    return reduce("add", products, roles.flatMap((role, axis) => role === "sum" ? [axis] : []));
  }
  const tiles = batch * Math.ceil(row / TYPICAL_TILE) * Math.ceil(column / TYPICAL_TILE);
  if (tiles >= FEW_WORKGROUPS) return contract(left, right, roles);
  const wanted = Math.min(ENOUGH_WORKGROUPS / tiles, sum / SMALLEST_SHARE);
  const axis = roles.indexOf("sum");
  const parts = largestDivisor(left.shape[axis]!, wanted);
  if (parts < 2) return contract(left, right, roles);
  const shares = contract(
    divided(left, axis, parts),
    divided(right, axis, parts),
    ["batch", ...roles],
  );
  return reduce("add", shares, [0]);
}

/** The largest divisor of `extent` that is no larger than `limit`. */
function largestDivisor(extent: number, limit: number): number {
  for (let divisor = Math.min(extent, Math.floor(limit)); divisor > 1; divisor--) {
    if (extent % divisor === 0) return divisor;
  }
  return 1;
}

/** `x` with a new first axis that says which of `parts` parts of an axis is meant. */
function divided(x: Tensor, axis: number, parts: number): Tensor {
  const share = x.shape[axis]! / parts;
  return viewAt(
    x,
    [parts, ...x.shape.with(axis, share)],
    ([part, ...index]) => index.with(axis, plus(index[axis]!, times(part!, share))),
  );
}

export const productOperators: OperatorTable = {
  MatMul: matrixProduct,
  FusedMatMul: matrixProduct,
  Gemm: (operator) => {
    const result = matrixProduct(operator);
    const bias = operator.operands[2];
    return bias ? added(result, bias, operator.shape) : result;
  },
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  FilterGradient: filterGradient,
};

function added(x: Tensor, y: Tensor, shape: readonly number[]): Tensor {
  return broadcastMap([x, y], shape, x.dtype, ([a, b]) => binary("add", a!, b!));
}

function matrixProduct(operator: Operator): Tensor {
  const [x, y] = [operand(operator, 0), operand(operator, 1)];
  const [rows, columns] = operator.shape.slice(-2) as [number, number];
  const batch = operator.shape.slice(0, -2);
  const transposed = (name: string) => numberAttribute(operator, name, 0) !== 0;
  const terms = x.shape.at(transposed("transA") ? -2 : -1)!;
  const space = [...batch, rows, columns, terms];
  const place = (shape: readonly number[], index: readonly Expr[], matrix: readonly Expr[]) => {
    const outer = shape.slice(0, -2);
    const skipped = batch.length - outer.length;
    return [...outer.map((extent, i) => extent === 1 ? int(0) : index[skipped + i]!), ...matrix];
  };
  const [turnX, turnY] = [transposed("transA"), transposed("transB")];
  const left = viewAt(x, space, (index) => {
    const [row, , term] = index.slice(-3) as [Expr, Expr, Expr];
    return place(x.shape, index, turnX ? [term, row] : [row, term]);
  });
  const right = viewAt(y, space, (index) => {
    const [, column, term] = index.slice(-3) as [Expr, Expr, Expr];
    return place(y.shape, index, turnY ? [column, term] : [term, column]);
  });
  const roles = [...batch.map(() => "batch" as const), "row", "column", "sum"] as const;
  const result = product(left, right, roles);
  const scale = numberAttribute(operator, "alpha", 1);
  if (scale === 1) return result;
  return map([result], result.shape, result.dtype, ([x]) => binary("multiply", x!, scale));
}

interface WindowAttributes {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
}

export function windowOf(operator: Operator): WindowAttributes {
  return {
    strides: listAttribute(operator, "strides", [1, 1]),
    dilations: listAttribute(operator, "dilations", [1, 1]),
    before: listAttribute(operator, "pads", [0, 0, 0, 0]).slice(0, 2),
  };
}

/** The pixel of an image […, h, w] that a tap of the window meets at a place of the result. */
export function pixelUnder(
  { strides, dilations, before }: WindowAttributes,
  [h, w]: readonly number[],
  [y, x]: readonly [Expr, Expr],
  [r, s]: readonly [Expr, Expr],
): Place {
  const along = (place: Expr, tap: Expr, i: number) =>
    plus(plus(times(place, strides[i]!), times(tap, dilations[i]!)), -before[i]!);
  const index = [along(y, r, 0), along(x, s, 1)];
  return { index, inside: both(within(index[0]!, 0, h!), within(index[1]!, 0, w!)) };
}

/**
 * x [n, c, h, w] by filters [o, c/groups, kh, kw]; a group of outputs sees its own group of inputs.
 * https://onnx.ai/onnx/operators/onnx__Conv.html
 */
function convolution(operator: Operator): Tensor {
  const [x, filter, bias] = [operand(operator, 0), operand(operator, 1), operator.operands[2]];
  const window = windowOf(operator);
  const groups = numberAttribute(operator, "group", 1);
  const [, inputs, kh, kw] = filter.shape as [number, number, number, number];
  const [n, o, h, w] = operator.shape as [number, number, number, number];
  const outputs = o / groups;
  const space = [groups, n, outputs, h, w, inputs, kh, kw];
  const left = view(x, space, ([g, n, , y, z, c, r, s]) => {
    const { index, inside } = pixelUnder(window, x.shape.slice(2), [y!, z!], [r!, s!]);
    return { index: [n!, plus(times(g!, inputs), c!), ...index], inside };
  });
  const right = viewAt(filter, space, ([g, , o, , , c, r, s]) => [
    plus(times(g!, outputs), o!),
    c!,
    r!,
    s!,
  ]);
  const result = joinGroups(product(left, right, GROUPED), operator.shape);
  if (!bias) return result;
  const overChannels = viewAt(bias, operator.shape, (index) => [index[1]!]);
  return added(result, overChannels, operator.shape);
}

/** Roles of [groups, n, channels of a group, h, w, channels summed over, kh, kw]. */
const GROUPED: readonly AxisRole[] = [
  "batch",
  "row",
  "column",
  "row",
  "row",
  "sum",
  "sum",
  "sum",
];

/** [groups, n, channels of a group, h, w] as [n, channels, h, w]. */
function joinGroups(x: Tensor, shape: readonly number[]): Tensor {
  return reshape(transpose(x, [1, 0, 2, 3, 4]), shape);
}

/** The gradient of a strided convolution: each tap reaches a pixel from one place, or from none. */
function transposedConvolution(operator: Operator): Tensor {
  const [dy, filter] = [operand(operator, 0), operand(operator, 1)];
  const { strides, dilations, before } = windowOf(operator);
  const groups = numberAttribute(operator, "group", 1);
  const [all, channels, kh, kw] = filter.shape as [number, number, number, number];
  const [n, , h, w] = operator.shape as [number, number, number, number];
  const outputs = all / groups;
  const space = [groups, n, channels, h, w, outputs, kh, kw];
  const along = (pixel: Expr, tap: Expr, i: number): Place => {
    const stride = strides[i]!;
    // Moved up by whole strides, so that no division is of a negative number.
    const shift = Math.ceil(dilations[i]! * ([kh, kw][i]! - 1) / stride);
    const moved = plus(
      plus(pixel, times(tap, -dilations[i]!)),
      before[i]! + shift * stride,
    );
    const place = plus(div(moved, stride), -shift);
    const inside = both(equal(mod(moved, stride), 0), within(place, 0, dy.shape[2 + i]!));
    return { index: [place], inside };
  };
  const left = view(dy, space, ([g, n, , y, x, o, r, s]) => {
    const [vertical, horizontal] = [along(y!, r!, 0), along(x!, s!, 1)];
    return {
      index: [n!, plus(times(g!, outputs), o!), ...vertical.index, ...horizontal.index],
      inside: both(vertical.inside, horizontal.inside),
    };
  });
  const right = viewAt(filter, space, ([g, , c, , , o, r, s]) => [
    plus(times(g!, outputs), o!),
    c!,
    r!,
    s!,
  ]);
  return joinGroups(product(left, right, GROUPED), operator.shape);
}

/** Filters' gradient [kh, kw, c, o] from x [n, c, h, w] and dy [n, o, h', w']. */
function filterGradient(operator: Operator): Tensor {
  const [x, dy] = [operand(operator, 0), operand(operator, 1)];
  const window = windowOf(operator);
  const [n, , h, w] = dy.shape as [number, number, number, number];
  const space = [...operator.shape, n, h, w];
  const left = view(x, space, ([r, s, c, , n, y, z]) => {
    const { index, inside } = pixelUnder(window, x.shape.slice(2), [y!, z!], [r!, s!]);
    return { index: [n!, c!, ...index], inside };
  });
  const right = viewAt(dy, space, ([, , , o, n, y, z]) => [n!, o!, y!, z!]);
  return product(left, right, ["row", "row", "row", "column", "sum", "sum", "sum"]);
}
