/** Random numbers as functions of (seed, stream, step): kernels of our own, see ../random.ts. */
import { type GraphKey, normalNumbers, uniformNumbers } from "../graph/random.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";
import { type Lowering, type LoweringTable, operand } from "./lowering.ts";

export const RANDOM_UNIFORM = "ThreefryUniform";
export const RANDOM_NORMAL = "ThreefryNormal";

export interface RandomAttributes {
  readonly shape: number[];
  /** Hash of the stream's name. */
  readonly stream: number;
}

type Draw = (b: GraphBuilder, key: GraphKey, shape: readonly number[]) => Value;

const draw = (numbers: Draw): Lowering<RandomAttributes> => (b, operands, { shape, stream }) =>
  numbers(b, { seed: operand(operands, "seed"), stream, step: operand(operands, "step") }, shape);

export const randomLowerings: LoweringTable = {
  [RANDOM_UNIFORM]: draw(uniformNumbers),
  [RANDOM_NORMAL]: draw(normalNumbers),
};
