/**
 * Integer arithmetic on expressions, simplified: sums are kept as linear forms, and divisions by
 * constants use the bounds of what they divide. It is what makes a reshape of a transposed slice an
 * index expression without a single division where none is needed.
 */
import { bool, type Expr, int, intern, known } from "./expression.ts";

/** Σ coefficient · expression + constant. */
interface Linear {
  readonly terms: Map<Expr, number>;
  constant: number;
}

function linear(x: Expr): Linear {
  if (x.op === "constant") return { terms: new Map(), constant: x.value };
  if (x.op !== "sum") return { terms: new Map([[x, 1]]), constant: 0 };
  return {
    terms: new Map(x.args.map((arg, i) => [arg, x.coefficients[i]!])),
    constant: x.value,
  };
}

function accumulate(into: Linear, x: Expr, factor: number): void {
  const { terms, constant } = linear(x);
  for (const [term, coefficient] of terms) {
    into.terms.set(term, (into.terms.get(term) ?? 0) + coefficient * factor);
  }
  into.constant += constant * factor;
}

function fromLinear(form: Linear): Expr {
  joinRemainders(form);
  const terms = [...form.terms].filter(([, coefficient]) => coefficient !== 0)
    .sort(([x], [y]) => x.id - y.id);
  if (terms.length === 0) return int(form.constant);
  if (terms.length === 1 && terms[0]![1] === 1 && form.constant === 0) return terms[0]![0];
  const bound = (of: "min" | "max") =>
    terms.reduce((total, [term, coefficient]) => {
      const side = coefficient > 0 ? of : of === "min" ? "max" : "min";
      return total + coefficient * term[side];
    }, form.constant);
  return intern({
    op: "sum",
    dtype: "int32",
    args: terms.map(([term]) => term),
    coefficients: terms.map(([, coefficient]) => coefficient),
    value: form.constant,
    min: bound("min"),
    max: bound("max"),
  });
}

/** k·(x mod c) + k·c·⌊x/c⌋ = k·x, and k·(x mod c) + k·c·(⌊x/c⌋ mod d) = k·(x mod c·d). */
function joinRemainders(form: Linear): void {
  for (let again = true; again;) {
    again = false;
    for (const [term, factor] of form.terms) {
      if (term.op !== "mod" || factor === 0) continue;
      const [x, divisor] = [term.args[0]!, term.value];
      const quotient = div(x, divisor);
      const outer = [...form.terms.keys()].find((other) =>
        form.terms.get(other) === factor * divisor &&
        (other === quotient || (other.op === "mod" && other.args[0] === quotient))
      );
      if (!outer || outer === term) continue;
      form.terms.delete(term);
      form.terms.delete(outer);
      accumulate(form, outer === quotient ? x : mod(x, divisor * outer.value), factor);
      again = true;
      break;
    }
  }
}

export function plus(x: Expr, y: Expr | number): Expr {
  const form = linear(x);
  accumulate(form, typeof y === "number" ? int(y) : y, 1);
  return fromLinear(form);
}

export function minus(x: Expr, y: Expr): Expr {
  const form = linear(x);
  accumulate(form, y, -1);
  return fromLinear(form);
}

export function times(x: Expr, y: Expr | number): Expr {
  const factor = typeof y === "number" ? y : known(y);
  if (factor === undefined) {
    const left = known(x);
    if (left !== undefined) return times(y as Expr, left);
    return intern({ op: "multiply", dtype: "int32", args: [x, y as Expr] });
  }
  const form: Linear = { terms: new Map(), constant: 0 };
  accumulate(form, x, factor);
  return fromLinear(form);
}

/** ⌊x / divisor⌋ of an index: where it is negative, its element is not looked at, and nor is this. */
export function div(x: Expr, divisor: number): Expr {
  if (divisor === 1) return x;
  if (x.max < divisor) return int(0);
  const { whole, rest } = divided(x, divisor);
  if (whole && rest.min >= 0) return plus(whole, div(rest, divisor));
  const parts = commonFactor(x, divisor);
  if (parts) return div(parts.multiple, divisor / parts.factor);
  if (x.op === "div") return div(x.args[0]!, x.value * divisor);
  if (x.op === "mod" && x.value % divisor === 0) {
    return mod(div(x.args[0]!, divisor), x.value / divisor);
  }
  return intern({
    op: "div",
    dtype: "int32",
    args: [x],
    value: divisor,
    min: Math.max(0, Math.floor(x.min / divisor)),
    max: Math.floor(x.max / divisor),
  });
}

/** x − divisor·⌊x / divisor⌋ of an index, as {@link div}. */
export function mod(x: Expr, divisor: number): Expr {
  if (divisor === 1) return int(0);
  if (x.max < divisor) return x;
  const { whole, rest } = divided(x, divisor);
  if (whole && rest.min >= 0) return mod(rest, divisor);
  const parts = commonFactor(x, divisor);
  if (parts) {
    const { multiple, factor, remainder } = parts;
    return plus(times(mod(multiple, divisor / factor), factor), remainder);
  }
  if (x.op === "mod" && x.value % divisor === 0) return mod(x.args[0]!, divisor);
  return intern({
    op: "mod",
    dtype: "int32",
    args: [x],
    value: divisor,
    min: 0,
    max: divisor - 1,
  });
}

/** x = divisor · whole + rest, with all that divides without remainder in `whole`. */
function divided(x: Expr, divisor: number): { whole: Expr | undefined; rest: Expr } {
  const { terms, constant } = linear(x);
  const whole: Linear = { terms: new Map(), constant: Math.floor(constant / divisor) };
  const rest: Linear = { terms: new Map(), constant: constant - divisor * whole.constant };
  for (const [term, coefficient] of terms) {
    if (coefficient % divisor === 0) whole.terms.set(term, coefficient / divisor);
    else rest.terms.set(term, coefficient);
  }
  const found = whole.terms.size > 0 || whole.constant !== 0;
  return { whole: found ? fromLinear(whole) : undefined, rest: fromLinear(rest) };
}

/** x = factor · multiple + remainder with 0 ≤ remainder < factor, where the factor divides `divisor`. */
function commonFactor(
  x: Expr,
  divisor: number,
): { multiple: Expr; factor: number; remainder: Expr } | undefined {
  if (x.op !== "sum") return undefined;
  const factors = [...new Set(x.coefficients.map(Math.abs))].sort((a, b) => b - a)
    .filter((factor) => factor > 1 && divisor % factor === 0);
  for (const factor of factors) {
    const { whole, rest } = divided(x, factor);
    if (whole && whole.min >= 0 && rest.min >= 0 && rest.max < factor) {
      return { multiple: whole, factor, remainder: rest };
    }
  }
  return undefined;
}

/** x < y, known where the bounds tell. */
export function less(x: Expr, y: Expr | number): Expr {
  const bound = typeof y === "number" ? int(y) : y;
  if (x.max < bound.min) return bool(true);
  if (x.min >= bound.max) return bool(false);
  return intern({ op: "less", dtype: "bool", args: [x, bound] });
}

/** x = y, known where the bounds tell. */
export function equal(x: Expr, y: Expr | number): Expr {
  const other = typeof y === "number" ? int(y) : y;
  if (x === other) return bool(true);
  if (x.max < other.min || x.min > other.max) return bool(false);
  return intern({ op: "equal", dtype: "bool", args: [x, other] });
}

/** x and y. */
export function both(x: Expr, y: Expr): Expr {
  if (known(x) !== undefined) return known(x) ? y : x;
  if (known(y) !== undefined) return known(y) ? x : y;
  return x === y ? x : intern({ op: "and", dtype: "bool", args: [x, y] });
}

/** low ≤ x < high. */
export function within(x: Expr, low: number, high: number): Expr {
  return both(less(int(low - 1), x), less(x, high));
}

/** Position of an element in row-major order. */
export function flatIndex(shape: readonly number[], index: readonly Expr[]): Expr {
  return index.reduce((flat, i, axis) => plus(times(flat, shape[axis]!), i), int(0));
}

/** The index of the element at a position in row-major order. */
export function indexAt(shape: readonly number[], flat: Expr): Expr[] {
  const index: Expr[] = [];
  let rest = flat;
  for (const extent of shape.toReversed()) {
    index.push(index.length === shape.length - 1 ? rest : mod(rest, extent));
    rest = div(rest, extent);
  }
  return index.reverse();
}

/** Takes apart a number that counts columns of rows. */
export function split(x: Expr, columns: number): [row: Expr, column: Expr] {
  return [div(x, columns), mod(x, columns)];
}

/** row · stride + column. */
export function at(row: Expr | number, stride: number, column: Expr | number): Expr {
  return plus(times(typeof row === "number" ? int(row) : row, stride), column);
}
