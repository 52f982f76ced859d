/**
 * How the lanes of a workgroup multiply a tile of rows by a tile of columns, both in shared memory
 * (arrays "left" and "right"): which sums are a lane's own, and what it adds to them in one step.
 */
import type { Precision } from "../../types.ts";
import { type Expr, named, type ScalarType, shared } from "../expression.ts";
import { at, plus, split } from "../integers.ts";
import { bind, lane, loop, type Statement } from "../kernel.ts";
import { unary } from "../scalar.ts";

/** Terms in one step. */
export const STEP = 16;

export interface Tiles {
  readonly lanes: number;
  /** Elements in shared memory from one term to the next. */
  readonly leftStride: number;
  readonly rightStride: number;
  /** As what elements lie in shared memory. */
  readonly dtype: ScalarType;
  readonly stored: (element: Expr) => Expr;
  /** A lane's sums, with their places in the tile. */
  readonly sums: readonly { readonly variable: Expr; readonly row: Expr; readonly column: Expr }[];
  /** Adds the products of one step. */
  readonly products: Statement;
}

export function tilesFor(precision: Precision, rows: number, columns: number): Tiles {
  return precision === "tf32" ? matrixTiles(rows, columns) : scalarTiles(rows, columns);
}

/** Lanes along either side of a tile. */
const SIDE = 16;

/** Every lane multiplies up to four rows by four columns, one number at a time. */
function scalarTiles(rows: number, columns: number): Tiles {
  const lanes = SIDE * SIDE;
  const [perRow, perColumn] = [rows / SIDE, columns / SIDE];
  const [rowLane, columnLane] = split(lane(lanes), SIDE);
  // One more than a tile's side, so that lanes that write down a column meet different banks.
  const [leftStride, rightStride] = [rows + 1, columns + 1];
  const left = range(perRow, (i) => ({
    variable: named(`left_${i}`, "float32"),
    place: at(rowLane, perRow, i),
  }));
  const right = range(perColumn, (j) => ({
    variable: named(`right_${j}`, "float32"),
    place: at(j, SIDE, columnLane),
  }));
  const sums = left.map(({ place: row }, i) =>
    right.map(({ place: column }, j) => ({
      variable: named(`sum_${i}_${j}`, "float32"),
      row,
      column,
    }))
  );
  return {
    lanes,
    leftStride,
    rightStride,
    dtype: "float32",
    stored: (element) => element,
    sums: sums.flat(),
    products: loop("inner", STEP, (term) => [
      ...left.map(({ variable, place }) =>
        bind(variable, shared("left", at(term, leftStride, place), "float32"))
      ),
      ...right.map(({ variable, place }) =>
        bind(variable, shared("right", at(term, rightStride, place), "float32"))
      ),
      ...left.flatMap((x, i) =>
        right.map((y, j): Statement => ({
          kind: "multiplyAdd",
          variable: sums[i]![j]!.variable,
          left: x.variable,
          right: y.variable,
        }))
      ),
    ]),
  };
}

/** Lanes that multiply matrices together, and the rows, columns and terms of their product. */
const [WARP, ROWS, COLUMNS, TERMS] = [32, 16, 8, 8];
const MOST_WARPS = 8;

/**
 * Every 32 lanes multiply 16 rows by up to 32 columns, eight terms at a time, in tf32. Which elements
 * of the three matrices a lane holds is that of PTX's mma.m16n8k8.
 */
function matrixTiles(rows: number, columns: number): Tiles {
  const down = rows / ROWS;
  const beside = Math.min(columns / COLUMNS, MOST_WARPS / down);
  const perWarp = columns / COLUMNS / beside;
  const lanes = WARP * down * beside;
  const [warp, inWarp] = split(lane(lanes), WARP);
  const [group, member] = split(inWarp, 4);
  const [warpRow, warpColumn] = split(warp, beside);
  // Four terms and eight places are read at once: 8 more than a tile's side puts them into 32 banks.
  const [leftStride, rightStride] = [rows + 8, columns + 8];
  const firstRow = at(warpRow, ROWS, group);
  const firstColumn = (j: number) => at(plus(at(warpColumn, perWarp, 0), j), COLUMNS, 0);
  const left = range(4, (i) => ({
    variable: named(`left_${i}`, "int32"),
    row: plus(firstRow, 8 * (i % 2)),
    term: plus(member, 4 * (i >> 1)),
  }));
  const right = range(perWarp, (j) =>
    range(2, (i) => ({
      variable: named(`right_${j}_${i}`, "int32"),
      column: plus(firstColumn(j), group),
      term: plus(member, 4 * i),
    })));
  const sums = range(perWarp, (j) =>
    range(4, (i) => ({
      variable: named(`sum_${j}_${i}`, "float32"),
      row: plus(firstRow, 8 * (i >> 1)),
      column: plus(firstColumn(j), at(member, 2, i % 2)),
    })));
  return {
    lanes,
    leftStride,
    rightStride,
    dtype: "int32",
    stored: (element) => unary("tf32Bits", element),
    sums: sums.flat(),
    products: loop("inner", STEP / TERMS, (part) => [
      ...left.map(({ variable, row, term }) =>
        bind(variable, shared("left", at(at(part, TERMS, term), leftStride, row), "int32"))
      ),
      ...right.flat().map(({ variable, column, term }) =>
        bind(variable, shared("right", at(at(part, TERMS, term), rightStride, column), "int32"))
      ),
      ...right.map((pair, j): Statement => ({
        kind: "multiplyMatrices",
        sums: sums[j]!.map(({ variable }) => variable),
        left: left.map(({ variable }) => variable),
        right: pair.map(({ variable }) => variable),
      })),
    ]),
  };
}

function range<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
