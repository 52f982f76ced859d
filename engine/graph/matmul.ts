/** Matrix products. */
import { permutationOf } from "./axes.ts";
import type { GraphBuilder } from "./builder.ts";
import { fill } from "./constants.ts";
import { reshape, transpose } from "./movement.ts";
import { broadcastShapes, sizeOf, type Value } from "./value.ts";

/**
 * Product of (batches of) matrices, the last two axes of each operand transposed if asked for. Throws
 * a RangeError if the shapes do not fit.
 */
export function matMul(
  b: GraphBuilder,
  x: Value,
  y: Value,
  transposeX: boolean,
  transposeY: boolean,
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
