/**
 * Sums of products in tiles: a workgroup computes a tile of rows by columns, and goes through the
 * terms in steps, for each of which its lanes bring a tile of either operand into shared memory.
 * The operands are whatever expressions their elements are, so a convolution is a contraction whose
 * left operand looks pixels up.
 */
import { type Expr, float, named, subexpressions } from "../expression.ts";
import type { Precision } from "../../types.ts";
import { contractionVariables, type Group, type Member } from "../group.ts";
import { at, both, less, split } from "../integers.ts";
import {
  accumulator,
  barrier,
  bind,
  contractionExtents,
  contractionIndex,
  group,
  type KernelBody,
  lane,
  loop,
  share,
  update,
  when,
} from "../kernel.ts";
import type { ContractTensor } from "../tensor.ts";
import { STEP, tilesFor } from "./tiles.ts";

/** Rows, or columns, of a tile: as many as there are, up to four for each lane. */
function tileSide(extent: number): number {
  return extent >= 48 ? 64 : extent >= 24 ? 32 : 16;
}

export function emitContraction(
  owner: Group,
  tensor: ContractTensor,
  kept: readonly Member[],
  precision: Precision,
): KernelBody {
  const extents = contractionExtents(tensor);
  const variables = contractionVariables(tensor);
  const [tileRows, tileColumns] = [tileSide(extents.row), tileSide(extents.column)];
  const { lanes, sums, products, ...tiles } = tilesFor(precision, tileRows, tileColumns);
  const [down, beside] = [
    Math.ceil(extents.row / tileRows),
    Math.ceil(extents.column / tileColumns),
  ];
  const workgroups = extents.batch * down * beside;
  const own = lane(lanes);
  const [rest, tileColumn] = split(group(workgroups), beside);
  const [batch, tileRow] = split(rest, down);

  const index = contractionIndex(tensor, variables);
  const bring = (
    array: string,
    stride: number,
    side: { tile: Expr; size: number; extent: number; variable: Expr },
    value: Expr,
    step: Expr,
  ) => {
    const alongTerms = strideOf(value, variables.sum) < strideOf(value, side.variable);
    return loop(`part_${array}`, side.size * STEP / lanes, (part) => {
      const number = at(part, lanes, own);
      const [slow, fast] = split(number, alongTerms ? STEP : side.size);
      const [place, term] = alongTerms ? [slow, fast] : [fast, slow];
      const rawPlace = at(side.tile, side.size, place);
      const rawTerm = at(step, STEP, term);
      const element = named(`element_${array}`, "float32");
      return [
        accumulator(element, float(0)),
        when(both(less(rawPlace, side.extent), less(rawTerm, extents.sum)), [
          bind(side.variable, rawPlace),
          bind(variables.sum, rawTerm),
          update(element, value),
        ]),
        share(array, at(term, stride, place), tiles.stored(element)),
      ];
    });
  };

  const steps = loop("step", Math.ceil(extents.sum / STEP), (step) => [
    bring(
      "left",
      tiles.leftStride,
      { tile: tileRow, size: tileRows, extent: extents.row, variable: variables.row },
      owner.operand(tensor.left, index),
      step,
    ),
    bring(
      "right",
      tiles.rightStride,
      { tile: tileColumn, size: tileColumns, extent: extents.column, variable: variables.column },
      owner.operand(tensor.right, index),
      step,
    ),
    barrier,
    products,
    barrier,
  ]);

  const result = owner.members.get(tensor)!.variable;
  const stores = sums.map(({ variable, row, column }) => {
    const rawRow = at(tileRow, tileRows, row);
    const rawColumn = at(tileColumn, tileColumns, column);
    return when(both(less(rawRow, extents.row), less(rawColumn, extents.column)), [
      bind(variables.row, rawRow),
      bind(variables.column, rawColumn),
      bind(result, variable),
      ...kept.map((member) => owner.store(member)),
    ]);
  });
  return {
    workgroups,
    lanes,
    shared: [
      { name: "left", dtype: tiles.dtype, length: STEP * tiles.leftStride },
      { name: "right", dtype: tiles.dtype, length: STEP * tiles.rightStride },
    ],
    body: [
      bind(variables.batch, batch),
      ...sums.map(({ variable }) => accumulator(variable, float(0))),
      steps,
      ...stores,
    ],
  };
}

/** How far apart in memory two neighbours along a variable lie; Infinity if it is not linear. */
function strideOf(expr: Expr, variable: Expr): number {
  let smallest = Infinity;
  for (const { op, args: [place] } of subexpressions([expr])) {
    if (op !== "load") continue;
    const terms = place!.op === "sum" ? place!.args : [place!];
    terms.forEach((term, i) => {
      const along = term === variable || (term.op === "mod" && term.args[0] === variable);
      if (along) smallest = Math.min(smallest, Math.abs(place!.coefficients[i] ?? 1));
    });
  }
  return smallest;
}
