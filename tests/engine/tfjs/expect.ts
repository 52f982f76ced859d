/** Jasmine's `expect` and `spyOn`, as far as TensorFlow.js's tests use them. */
import assert from "node:assert/strict";
import { ExpectationError } from "./spec.ts";

type Check = (...expected: never[]) => boolean;

/** `expect(actual)`: matchers that throw an {@link ExpectationError}. */
export function expect(actual?: unknown) {
  return { ...matchers(actual, false), not: matchers(actual, true), nothing: () => {} };
}

function matchers(actual: unknown, negated: boolean): Record<string, (...args: never[]) => void> {
  const checks: Record<string, Check> = {
    toBe: (expected) => Object.is(actual, expected),
    toEqual: (expected) => equal(actual, expected),
    toBeCloseTo: (expected: number, digits = 2) =>
      Math.abs(expected - (actual as number)) < 10 ** -digits / 2,
    toBeLessThan: (bound: number) => (actual as number) < bound,
    toBeLessThanOrEqual: (bound: number) => (actual as number) <= bound,
    toBeGreaterThan: (bound: number) => (actual as number) > bound,
    toBeGreaterThanOrEqual: (bound: number) => (actual as number) >= bound,
    toBeNull: () => actual === null,
    toBeUndefined: () => actual === undefined,
    toBeDefined: () => actual !== undefined,
    toBeTruthy: () => Boolean(actual),
    toBeFalsy: () => !actual,
    toBeTrue: () => actual === true,
    toBeFalse: () => actual === false,
    toBeNaN: () => Number.isNaN(actual),
    toContain: (part) => (actual as { includes(part: unknown): boolean }).includes(part),
    toMatch: (pattern) => new RegExp(pattern).test(actual as string),
    toBeInstanceOf: (type) => (actual as object) instanceof type,
    toHaveBeenCalled: () => callsOf(actual).length > 0,
    toHaveBeenCalledTimes: (times) => callsOf(actual).length === times,
    toHaveBeenCalledWith: (...args) => callsOf(actual).some((call) => equal(call, args)),
    toThrow: () => thrown(actual) !== undefined,
    toThrowError: (pattern?: RegExp | string) => throwsError(actual, pattern),
  };
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [name, (...args: never[]) => {
      if (check(...args) !== negated) return;
      const message = `Expected ${show(actual)} ${negated ? "not " : ""}${name} ${
        args.map(show).join(", ")
      }`;
      throw new ExpectationError(message, !negated && name.startsWith("toThrow"));
    }]),
  );
}

function throwsError(actual: unknown, pattern?: RegExp | string): boolean {
  const error = thrown(actual);
  if (error === undefined || pattern === undefined) return error !== undefined;
  const { message } = error as Error;
  return typeof pattern === "string" ? message === pattern : new RegExp(pattern).test(message);
}

function thrown(body: unknown): unknown {
  try {
    (body as () => unknown)();
    return undefined;
  } catch (error) {
    return error ?? new Error("a throw of nothing");
  }
}

/** Deep equality that does not tell typed arrays' zeros or prototypes of plain objects apart. */
function equal(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  return typeof value === "function" ? "a function" : Deno.inspect(value).slice(0, 200);
}

/** `expectAsync(promise)`, for rejections. */
export function expectAsync(promise: Promise<unknown>) {
  return {
    async toBeRejectedWithError(pattern?: RegExp | string) {
      const outcome = await promise.then(() => () => {}, (error) => () => {
        throw error;
      });
      matchers(outcome, false).toThrowError!(pattern as never);
    },
  };
}

interface Spy {
  (...args: unknown[]): unknown;
  calls: unknown[][];
}

function callsOf(spy: unknown): readonly unknown[][] {
  return (spy as Spy).calls;
}

let restores: (() => void)[] = [];

/** Replaces a method by a spy until {@link restoreSpies}. */
export function spyOn(target: Record<string, unknown>, name: string) {
  const original = target[name] as (...args: unknown[]) => unknown;
  let answer: (...args: unknown[]) => unknown = () => undefined;
  const calls: unknown[][] = [];
  const spy = Object.assign(function (this: unknown, ...args: unknown[]) {
    calls.push(args);
    return answer.apply(this, args);
  }, {
    calls,
    and: {
      callThrough: () => (answer = original, spy),
      returnValue: (value: unknown) => (answer = () => value, spy),
      callFake: (fake: typeof answer) => (answer = fake, spy),
    },
  });
  target[name] = spy;
  restores.push(() => target[name] = original);
  return spy;
}

export function restoreSpies(): void {
  for (const restore of restores.reverse()) restore();
  restores = [];
}
