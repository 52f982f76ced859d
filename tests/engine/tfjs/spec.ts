/**
 * As much of Jasmine as TensorFlow.js's tests use: `describe`, `it` and the hooks collect specs, and
 * `runSpec` runs one of them. https://jasmine.github.io/api/5.0/global
 */

/** One test of the suite. */
export interface Spec {
  /** The names of its groups and its own. */
  readonly name: string;
  readonly body: Body;
  readonly groups: readonly Group[];
}

export type Body = (done?: Done) => unknown;

export interface Done {
  (): void;
  fail(reason?: unknown): void;
}

/** A `describe` with its hooks. */
export interface Group {
  readonly name: string;
  readonly beforeAll: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
  readonly afterAll: Body[];
}

/** An unmet expectation, as opposed to an error of the code under test. */
export class ExpectationError extends Error {
  /** @param missingThrow Whether something was expected to throw, and did not. */
  constructor(message: string, readonly missingThrow = false) {
    super(message);
  }
}

/** Jasmine's globals, and the specs that they collect. */
export function collector() {
  const specs: Spec[] = [];
  let groups: Group[] = [];
  const hook = (name: keyof Omit<Group, "name">) => (body: Body) => {
    groups.at(-1)![name].push(body);
  };
  const describe = (name: string, define: () => void) => {
    const outer = groups;
    groups = [
      ...groups,
      { name, beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] },
    ];
    define();
    groups = outer;
  };
  const it = (name: string, body: Body) => {
    const path = [...groups.map((group) => group.name), name];
    specs.push({ name: path.join(" / "), body, groups });
  };
  return {
    specs,
    globals: {
      describe,
      it,
      xit: () => {},
      xdescribe: () => {},
      beforeAll: hook("beforeAll"),
      beforeEach: hook("beforeEach"),
      afterEach: hook("afterEach"),
      afterAll: hook("afterAll"),
    },
  };
}

/** Runs a body to its end, whether it takes a `done`, returns a promise, or does neither. */
export async function finish(body: Body): Promise<void> {
  if (body.length === 0) return void await body();
  await new Promise<void>((resolve, reject) => {
    const fail = (reason?: unknown) =>
      reject(reason instanceof Error ? reason : new ExpectationError(String(reason)));
    const outcome = body(Object.assign(() => resolve(), { fail }));
    if (outcome instanceof Promise) outcome.catch(reject);
  });
}
