import assert from "node:assert/strict";

/** How far two numbers may lie apart: absolute plus relative to the expected one. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/** Asserts that numbers agree one by one, and says where they do not. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0 }: Tolerance,
  what = "values",
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!, e = expected[i]!;
    assert.ok(
      Math.abs(a - e) <= absolute + relative * Math.abs(e),
      `${what}[${i}] is ${a}, expected ${e}`,
    );
  }
}

/** ‖actual − expected‖ / ‖expected‖. */
export function relativeDistance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0, norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
