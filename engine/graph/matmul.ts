/** Matrix products, and Einstein's sums as matrix products. */
import { permutationOf } from "./axes.ts";
import { fill, type GraphBuilder } from "./builder.ts";
import { reshape, transpose } from "./movement.ts";
import { broadcastShapes, sizeOf, type Value } from "./value.ts";
import { binary } from "./arithmetic.ts";
import { reduce } from "./reduction.ts";

/**
 * Product of (batches of) matrices, the last two axes of each operand transposed if asked for. Throws
 * a RangeError if the shapes do not fit.
 */
export function matMul(
  b: GraphBuilder,
  x: Value,
  y: Value,
  transposeX = false,
  transposeY = false,
): Value {
  requireMatching(x, y, transposeX, transposeY);
  const left = absorbTransposition(x, transposeX);
  const right = absorbTransposition(y, transposeY);
  const rows = x.shape.at(transposeX ? -1 : -2)!;
  const columns = y.shape.at(transposeY ? -2 : -1)!;
  const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
  const shape = [...batch, rows, columns];
  const { dtype } = x;
  if (x.shape.at(transposeX ? -2 : -1) === 0) return fill(b, 0, shape, dtype);
  // ONNX Runtime multiplies integers only as they are.
  if (dtype !== "float32") {
    return b.node({ op: "MatMul", inputs: [plain(b, left), plain(b, right)] }, { shape, dtype });
  }
  // With one matrix on the right, the batch is just more rows.
  const oneMatrix = sizeOf(y.shape.slice(0, -2)) === 1;
  if (oneMatrix && (sizeOf(batch) === 1 || !left.transposed)) {
    const flatLeft = reshape(b, left.value, [
      sizeOf(left.value.shape.slice(0, -1)),
      left.value.shape.at(-1)!,
    ]);
    const flatRight = reshape(b, right.value, right.value.shape.slice(-2));
    const product = b.node({
      op: "Gemm",
      inputs: [flatLeft, flatRight],
      attributes: { transA: Number(left.transposed), transB: Number(right.transposed) },
    }, { shape: [sizeOf(batch) * rows, columns], dtype });
    return reshape(b, product, shape);
  }
  if (!b.has("FusedMatMul") || (!left.transposed && !right.transposed)) {
    const inputs = [plain(b, left), plain(b, right)];
    return b.node({ op: "MatMul", inputs }, { shape, dtype });
  }
  const inputs = [left.value, right.value];
  return b.node({
    op: "FusedMatMul",
    domain: "com.microsoft",
    inputs,
    attributes: { transA: Number(left.transposed), transB: Number(right.transposed) },
  }, { shape, dtype });
}

function requireMatching(x: Value, y: Value, transposeX: boolean, transposeY: boolean): void {
  const inner = x.shape.at(transposeX ? -2 : -1);
  const other = y.shape.at(transposeY ? -1 : -2);
  if (inner === other) return;
  const show = ({ shape }: Value, transposed: boolean) =>
    `[${shape}]${transposed ? " transposed" : ""}`;
  throw new RangeError(
    `Cannot multiply matrices of shapes ${show(x, transposeX)} and ${show(y, transposeY)}: ` +
      `the inner axes ${inner} and ${other} must be equal`,
  );
}

/** A matrix, or what is to be transposed to become it. */
interface Factor {
  readonly value: Value;
  readonly transposed: boolean;
}

/** The matrix itself, with a transposition where one is needed. */
function plain(b: GraphBuilder, { value, transposed }: Factor): Value {
  const rank = value.shape.length;
  const axes = [...value.shape.keys()];
  return transposed ? transpose(b, value, [...axes.slice(0, -2), rank - 1, rank - 2]) : value;
}

/** Takes a transposition of the last two axes off a matrix, and says so in `transposed`. */
function absorbTransposition(value: Value, transposed: boolean): Factor {
  const perm = permutationOf(value);
  const rank = value.shape.length;
  const swapsLastTwo = perm?.every((axis, i) =>
    axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)
  );
  return swapsLastTwo
    ? { value: value.node.inputs[0]!, transposed: !transposed }
    : { value, transposed };
}

/** A value whose axes have names. */
interface Labelled {
  readonly value: Value;
  readonly axes: readonly number[];
}

/**
 * The product of all values, multiplied where they have axes of the same name, and summed over the
 * names that the result lacks.
 *
 * @param names The axes' names for each value.
 * @param rank The names from 0 to rank − 1 are the axes of the result, in order.
 */
export function einsum(
  b: GraphBuilder,
  values: readonly Value[],
  names: readonly (readonly number[])[],
  rank: number,
): Value {
  const labelled = values.map((value, i) => ({ value, axes: names[i]! }));
  const product = labelled.reduce((left, right, i) => {
    const later = labelled.slice(i + 1).flatMap(({ axes }) => axes);
    const wanted = (axis: number) => axis < rank || later.includes(axis);
    return multiply(b, left, right, wanted);
  });
  const { value, axes } = summed(b, product, (axis) => axis < rank);
  const result = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(b, value, result.map((axis) => axes.indexOf(axis)));
}

/** `x` without the axes that are not wanted. */
function summed(
  b: GraphBuilder,
  { value, axes }: Labelled,
  wanted: (axis: number) => boolean,
): Labelled {
  const over = axes.flatMap((axis, i) => wanted(axis) ? [] : [i]);
  if (over.length === 0) return { value, axes };
  return { value: reduce(b, "ReduceSum", value, over, false), axes: axes.filter(wanted) };
}

function multiply(
  b: GraphBuilder,
  x: Labelled,
  y: Labelled,
  wanted: (axis: number) => boolean,
): Labelled {
  const [left, right] = [
    summed(b, x, (axis) => wanted(axis) || y.axes.includes(axis)),
    summed(b, y, (axis) => wanted(axis) || x.axes.includes(axis)),
  ];
  const shared = left.axes.filter((axis) => right.axes.includes(axis));
  const batch = shared.filter(wanted);
  const inner = shared.filter((axis) => !wanted(axis));
  const rows = left.axes.filter((axis) => !shared.includes(axis));
  const columns = right.axes.filter((axis) => !shared.includes(axis));
  const extentOf = (axis: number) => {
    const { value, axes } = left.axes.includes(axis) ? left : right;
    return value.shape[axes.indexOf(axis)]!;
  };
  const extents = (axes: readonly number[]) => axes.map(extentOf);
  const arranged = ({ value, axes }: Labelled, ...groups: readonly (readonly number[])[]) => {
    const turned = transpose(b, value, groups.flat().map((axis) => axes.indexOf(axis)));
    const [, ...matrix] = groups;
    return reshape(b, turned, [
      ...extents(batch),
      ...matrix.map((group) => sizeOf(extents(group))),
    ]);
  };
  const axes = [...batch, ...rows, ...columns];
  const product = inner.length === 0
    ? binary(
      b,
      "Mul",
      reshape(b, arranged(left, batch, rows), [
        ...extents([...batch, ...rows]),
        ...columns.map(() => 1),
      ]),
      reshape(b, arranged(right, batch, columns), [
        ...extents(batch),
        ...rows.map(() => 1),
        ...extents(columns),
      ]),
    )
    : matMul(
      b,
      arranged(left, batch, rows, inner),
      arranged(right, batch, inner, columns),
    );
  return { value: reshape(b, product, extents(axes)), axes };
}
