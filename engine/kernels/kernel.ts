/**
 * The kernel language. A kernel is run by a number of workgroups, each of so many lanes, which run
 * its statements together: they share memory, and wait for each other at barriers. There are no
 * atomic operations and every sum has a fixed order, so a kernel gives the same bits every time.
 */
import { type Expr, type ScalarType, variable } from "./expression.ts";
import type { Tensor } from "./tensor.ts";

/** Number of the workgroup, and of the lane in it: bound by the device. */
export const group = (workgroups: number) => variable("group", workgroups);
export const lane = (lanes: number) => variable("lane", lanes);

export type Statement =
  /** A name for a value, until the end of the block. */
  | { readonly kind: "let"; readonly variable: Expr; readonly value: Expr }
  /** A number that changes: it may be read where no statement of the same block changes it. */
  | { readonly kind: "accumulator"; readonly variable: Expr; readonly initial: Expr }
  /** variable ← value, in terms of the variable itself. */
  | { readonly kind: "update"; readonly variable: Expr; readonly value: Expr }
  /** variable ← left · right + variable, rounded once where the device can. */
  | {
    readonly kind: "multiplyAdd";
    readonly variable: Expr;
    readonly left: Expr;
    readonly right: Expr;
  }
  | { readonly kind: "store"; readonly tensor: Tensor; readonly place: Expr; readonly value: Expr }
  | { readonly kind: "share"; readonly array: string; readonly place: Expr; readonly value: Expr }
  | { readonly kind: "barrier" }
  /** For variable = 0 … count − 1; all lanes together. */
  | {
    readonly kind: "loop";
    readonly variable: Expr;
    readonly count: number;
    readonly body: readonly Statement[];
  }
  /** Lanes for which the condition fails skip the body, which has no barrier. */
  | { readonly kind: "if"; readonly condition: Expr; readonly body: readonly Statement[] };

/** Memory of a workgroup. */
export interface SharedArray {
  readonly name: string;
  readonly dtype: ScalarType;
  readonly length: number;
}

export interface Kernel {
  /** What it does, for people. */
  readonly name: string;
  /** What it reads and writes; no tensor is both. */
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
  /** What must have been computed before, because it lies in the memory of something read. */
  readonly after: readonly Tensor[];
  readonly workgroups: number;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  readonly shared: readonly SharedArray[];
  readonly body: readonly Statement[];
}

/** Every expression that a statement itself holds, those of its body left out. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case "let":
    case "update":
      return [statement.value];
    case "accumulator":
      return [statement.initial];
    case "multiplyAdd":
      return [statement.left, statement.right];
    case "store":
    case "share":
      return [statement.place, statement.value];
    case "if":
      return [statement.condition];
    case "barrier":
    case "loop":
      return [];
  }
}

/** The tensors that statements load from, in the order of their first use. */
export function tensorsRead(body: readonly Statement[]): Set<number> {
  const found = new Set<number>();
  const seen = new Set<Expr>();
  const visit = (expr: Expr) => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.memory) found.add(expr.memory.id);
    expr.args.forEach(visit);
  };
  const walk = (statements: readonly Statement[]) => {
    for (const statement of statements) {
      expressionsOf(statement).forEach(visit);
      if (statement.kind === "loop" || statement.kind === "if") walk(statement.body);
    }
  };
  walk(body);
  return found;
}
