/** Elements of tensors as expressions of loads, through all that has no memory of its own. */
import { sizeOf } from "../graph/value.ts";
import { bool, constant, type Expr, int, type ScalarType } from "./expression.ts";
import { both, indexAt, less, minus, within } from "./integers.ts";
import { binary, select } from "./scalar.ts";
import type { ConcatTensor, GatherTensor, ReduceTensor, Tensor } from "./tensor.ts";

/**
 * What to use for an element of a tensor instead of looking into the tensor: mostly a load. The
 * element is needed only where `inside` holds.
 */
type Resolve = (
  tensor: Tensor,
  index: readonly Expr[],
  inside: Expr,
) => Expr | undefined;

/** Elements of tensors as expressions, down to what `resolve` knows. */
export class Evaluation {
  readonly #resolve: Resolve;
  readonly #known = new Map<string, Expr>();

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** The element of a tensor at an index. */
  element(tensor: Tensor, index: readonly Expr[], inside: Expr = bool(true)): Expr {
    const key = `${tensor.id} ${index.map(({ id }) => id)} ${inside.id}`;
    const known = this.#known.get(key);
    if (known) return known;
    const value = this.#resolve(tensor, index, inside) ?? this.body(tensor, index, inside);
    this.#known.set(key, value);
    return value;
  }

  /** The element as its own operands give it, whatever `resolve` says of the tensor itself. */
  body(tensor: Tensor, index: readonly Expr[], inside: Expr = bool(true)): Expr {
    switch (tensor.kind) {
      case "map": {
        const operands = tensor.operands.map((x) => this.element(x, index, inside));
        return tensor.apply(operands, index);
      }
      case "view": {
        const place = tensor.at(index);
        const value = this.element(tensor.operand, place.index, both(inside, place.inside));
        return select(place.inside, value, zero(tensor.dtype));
      }
      case "concat":
        return this.#concat(tensor, index, inside);
      case "gather":
        return this.#gather(tensor, index, inside);
      case "reduce":
        return this.#unrolled(tensor, index, inside);
      default:
        throw new Error(`Internal: a ${tensor.kind} without memory`);
    }
  }

  #concat({ operands, axis }: ConcatTensor, index: readonly Expr[], inside: Expr): Expr {
    const i = index[axis]!;
    let start = 0;
    const parts = operands.map((operand) => {
      const [from, to] = [start, start += operand.shape[axis]!];
      return { operand, from, here: within(i, from, to), before: less(i, to) };
    }).filter(({ here }) => here !== bool(false));
    // The last part needs no condition: it is where no other is.
    return parts.toReversed().map(({ operand, from, here, before }) => ({
      before,
      value: this.element(operand, index.with(axis, minus(i, int(from))), both(inside, here)),
    })).reduce((rest, part) => ({
      before: part.before,
      value: select(part.before, part.value, rest.value),
    })).value;
  }

  #gather({ operands: [x, indices], axis }: GatherTensor, index: readonly Expr[], inside: Expr) {
    const rank = indices.shape.length;
    const chosen = this.element(indices, index.slice(axis, axis + rank), inside);
    // An index beyond the tensor takes its last element, rather than memory of another.
    const place = binary("minimum", binary("maximum", chosen, 0), x.shape[axis]! - 1);
    return this.element(
      x,
      [...index.slice(0, axis), place, ...index.slice(axis + rank)],
      inside,
    );
  }

  #unrolled(tensor: ReduceTensor, index: readonly Expr[], inside: Expr): Expr {
    const { operand, axes, op } = tensor;
    const extents = axes.map((axis) => operand.shape[axis]!);
    return Array.from({ length: sizeOf(extents) }, (_, i) => {
      const place = joinIndex(tensor, index, indexAt(extents, int(i)));
      return this.element(operand, place, inside);
    }).reduce((x, y) => binary(op, x, y));
  }
}

/** The index of a reduction's operand: `kept` along the axes that stay, `reduced` along the others. */
function joinIndex(
  { operand, axes }: ReduceTensor,
  kept: readonly Expr[],
  reduced: readonly Expr[],
): Expr[] {
  let next = 0;
  return operand.shape.map((_, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? kept[next++]! : reduced[at]!;
  });
}

export function zero(dtype: ScalarType): Expr {
  return constant(0, dtype);
}
