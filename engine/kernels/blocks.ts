/** Common subexpressions of a block of statements: what printers give names to. */
import type { Expr } from "./expression.ts";
import { expressionsOf, type Statement } from "./kernel.ts";

/** Operands that are as short as their name. */
function isLeaf({ op }: Expr): boolean {
  return op === "constant" || op === "variable";
}

/** How often each expression occurs in the statements, those of inner blocks counted too. */
export function countUses(body: readonly Statement[]): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const visit = (expr: Expr) => {
    const count = (uses.get(expr) ?? 0) + 1;
    uses.set(expr, count);
    if (count === 1) expr.args.forEach(visit);
  };
  for (const statement of body) expressionsOf(statement).forEach(visit);
  return uses;
}

/** Whether an expression is worth a name where it is used so often. */
export function deservesName(expr: Expr, uses: number): boolean {
  return uses > 1 && !expr.volatile && !isLeaf(expr);
}
