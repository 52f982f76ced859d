/** Runs TensorFlow.js's specs on the lazy backend, and says what became of each. */
import { tf } from "../../../engine/mod.ts";
import { Refusal } from "../../../engine/lowering/lowering.ts";
import { differenceOf } from "./differences.ts";
import { restoreSpies } from "./expect.ts";
import { LAZY, type LazyBackend } from "./lazy_backend.ts";
import { type Body, ExpectationError, finish, type Group, type Spec } from "./spec.ts";

/** What can become of a spec; the last three are faults. */
export const OUTCOMES = [
  "passed",
  "no kernel needed",
  "refused kernel",
  "refused variant",
  "known difference",
  "wrong value",
  "raw error",
  "accepted",
] as const;
export type Outcome = typeof OUTCOMES[number];

/** Whether an outcome says that the engine is wrong. */
export function isFault(outcome: Outcome): boolean {
  return outcome === "wrong value" || outcome === "raw error" || outcome === "accepted";
}

export interface Result {
  readonly file: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** The refused kernel, or what went wrong. */
  readonly detail: string;
}

/** Runs specs of one file, one after the other. */
export async function runSpecs(
  file: string,
  specs: readonly Spec[],
  backend: LazyBackend,
): Promise<Result[]> {
  const results: Result[] = [];
  const entered = new Set<Group>();
  for (const spec of specs) {
    backend.reset();
    backend.runs = 0;
    backend.failures = [];
    const refusals: Refusal[] = [];
    backend.onRefusal = (refusal) => refusals.push(refusal);
    const error = await runSpec(spec, entered);
    const result = classify(error, refusals, backend);
    const difference = isFault(result.outcome) ? differenceOf(file, spec.name) : undefined;
    results.push({
      file,
      name: spec.name,
      ...(difference ? { outcome: "known difference", detail: difference } : result),
    });
  }
  for (const group of [...entered].reverse()) {
    for (const hook of group.afterAll) await finish(hook);
  }
  return results;
}

async function runSpec(spec: Spec, entered: Set<Group>): Promise<unknown> {
  const engine = tf.engine();
  if (!entered.has(spec.groups[0]!)) {
    // Some specs count the tensors that there are, or read flags for the first time.
    engine.reset();
    tf.env().set("PROD", true);
  }
  await tf.setBackend(LAZY);
  engine.startScope();
  const run = async (hooks: readonly Body[]) => {
    for (const hook of hooks) await finish(hook);
  };
  try {
    for (const group of spec.groups) {
      if (!entered.has(group)) await run(group.beforeAll);
      entered.add(group);
    }
    for (const group of spec.groups) await run(group.beforeEach);
    await finish(spec.body);
    return undefined;
  } catch (error) {
    return error ?? new Error("a throw of nothing");
  } finally {
    for (const group of spec.groups.toReversed()) await run(group.afterEach).catch(() => {});
    restoreSpies();
    while (engine.state.scopeStack.length > 0) engine.endScope();
    engine.disposeVariables();
  }
}

function classify(
  error: unknown,
  refusals: readonly Refusal[],
  { runs, failures }: LazyBackend,
): { outcome: Outcome; detail: string } {
  const { message = "" } = (error ?? {}) as Error;
  const detail = message.split("\n").slice(0, 3).join(" ").slice(0, 300);
  if (error === undefined) return { outcome: runs > 0 ? "passed" : "no kernel needed", detail };
  const refusal = error instanceof Refusal ? error : refusals[0];
  if (refusal) {
    const outcome = refusal.whole ? "refused kernel" : "refused variant";
    return { outcome, detail: refusal.whole ? refusal.kernel : refusal.message };
  }
  if (failures.length > 0) return { outcome: "raw error", detail: failures[0]!.slice(0, 300) };
  if (error instanceof ExpectationError && error.missingThrow) {
    return { outcome: "accepted", detail };
  }
  // TensorFlow.js's comparisons of arrays throw plain errors.
  const unmet = error instanceof ExpectationError ||
    /^(Arrays? |Arrays are|Numbers differ|Value out of range)/.test(message);
  return { outcome: unmet ? "wrong value" : "raw error", detail };
}
