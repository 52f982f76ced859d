import assert from "node:assert/strict";
import {
  integers,
  normals,
  permutation,
  type RandomKey,
  uniforms,
  UserError,
} from "../../../engine/host/mod.ts";
import { threefry2x32 } from "../../../engine/host/random.ts";

/** The FNV-1a hash of "test", from its definition. */
const HASH_OF_TEST = 0xafd071e5;

const key = (seed: number, stream: string, step: number): RandomKey => ({ seed, stream, step });

Deno.test("threefry2x32() gives the known answers of Random123", () => {
  // examples/kat_vectors of Random123 1.14: counter, key, result.
  const vectors = [
    [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ] as const;
  for (const [c0, c1, k0, k1, r0, r1] of vectors) {
    const words = new Int32Array(2);
    threefry2x32([k0, k1], [c0, c1], words);
    assert.deepEqual([...new Uint32Array(words.buffer)], [r0, r1]);
  }
});

Deno.test("threefry2x32() advances the first word of the counter from block to block", () => {
  const many = new Int32Array(8);
  threefry2x32([5, 6], [7, 8], many);
  const last = new Int32Array(2);
  threefry2x32([5, 6], [10, 8], last);
  assert.deepEqual(many.slice(6), last);
});

Deno.test("draws are pinned, so stored seeds keep their meaning", () => {
  // Computed with an implementation of the same definitions in Python, in whole numbers and float64.
  const k = key(42, "noise", 7);
  assert.deepEqual(
    [...uniforms(k, 3)],
    [0.07071489095687866, 0.9113101959228516, 0.2920340299606323],
  );
  assert.deepEqual([...normals(k, 3)], [
    1.9535456895828247,
    -1.2173150777816772,
    1.279671549797058,
  ]);
  assert.deepEqual([...integers(k, 4, 1000)], [70, 292, 831, 81]);
  assert.deepEqual([...permutation(k, 8)], [1, 6, 2, 0, 7, 3, 4, 5]);
});

Deno.test("a draw depends on its key alone, not on draws made before", () => {
  const fresh = normals(key(1, "noise", 900), 1000);
  for (let step = 0; step < 5; step++) normals(key(1, "noise", step), 777);
  integers(key(1, "batch", 900), 100, 60_000);
  assert.deepEqual(normals(key(1, "noise", 900), 1000), fresh);
});

Deno.test("a draw is the beginning of a longer draw with the same key", () => {
  const k = key(3, "noise", 0);
  assert.deepEqual(uniforms(k, 501), uniforms(k, 1000).subarray(0, 501));
  assert.deepEqual(normals(k, 501), normals(k, 1000).subarray(0, 501));
  assert.deepEqual(integers(k, 501, 10), integers(k, 1000, 10).subarray(0, 501));
});

Deno.test("seed, stream and step each change every part of a draw", () => {
  const base = uniforms(key(1, "noise", 0), 1000);
  for (
    const other of [
      key(2, "noise", 0),
      key(1, "batch", 0),
      key(1, "noise", 1),
      key(1, "noise", 2 ** 31 - 1),
      key(2 ** 32 - 1, "noise", 0),
    ]
  ) {
    const values = uniforms(other, 1000);
    const equal = values.filter((value, i) => value === base[i]).length;
    assert.ok(equal <= 1, `${equal} of 1000 numbers are shared with ${JSON.stringify(other)}`);
    // Independent: a correlation of 1,000 pairs has standard deviation 0.032.
    assert.ok(Math.abs(correlation(base, values)) < 0.15);
  }
});

Deno.test("uniforms() fill [0, 1) evenly", () => {
  const count = 200_000;
  const values = uniforms(key(9, "test", 0), count);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const bins = new Float64Array(100);
  for (const value of values) bins[Math.floor(value * 100)]!++;
  // Chi-squared with 99 degrees of freedom: mean 99, standard deviation 14; five of them allowed.
  const expected = count / 100;
  const chiSquared = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  assert.ok(Math.abs(chiSquared - 99) < 70, `chi-squared ${chiSquared}`);
});

Deno.test("normals() have the moments, tails and independence of the standard normal", () => {
  const count = 400_000;
  const values = normals(key(9, "test", 1), count);
  // Five standard errors each: 1/√n, √(2/n), √(6/n), √(24/n).
  const [mean, variance, skewness, kurtosis] = moments(values);
  assert.ok(Math.abs(mean) < 5 / Math.sqrt(count), `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / count), `variance ${variance}`);
  assert.ok(Math.abs(skewness) < 5 * Math.sqrt(6 / count), `skewness ${skewness}`);
  assert.ok(Math.abs(kurtosis - 3) < 5 * Math.sqrt(24 / count), `kurtosis ${kurtosis}`);
  // P(|x| > 2) = 0.0455, P(|x| > 3) = 0.0027; binomial standard errors 3.3e-4 and 8.2e-5.
  const beyond = (limit: number) => values.filter((x) => Math.abs(x) > limit).length / count;
  assert.ok(Math.abs(beyond(2) - 0.0455) < 0.0017, `beyond 2: ${beyond(2)}`);
  assert.ok(Math.abs(beyond(3) - 0.0027) < 0.00042, `beyond 3: ${beyond(3)}`);
  // The two numbers of a pair share a radius; they and neighbouring pairs must not correlate, nor
  // their squares.
  const squares = values.map((x) => x * x);
  for (const lag of [1, 2]) {
    for (const series of [values, squares]) {
      const r = correlation(series.subarray(lag), series.subarray(0, count - lag));
      assert.ok(Math.abs(r) < 5 / Math.sqrt(count), `correlation ${r} at lag ${lag}`);
    }
  }
});

Deno.test("normals() are finite where the uniform is smallest", () => {
  const values = normals(key(0, "tails", 0), 2_000_000);
  assert.ok(values.every((x) => Math.abs(x) <= Math.sqrt(64 * Math.LN2)));
});

Deno.test("integers() hit each value of a range that does not divide 2^32 equally often", () => {
  const count = 210_000;
  const values = integers(key(9, "test", 2), count, 7);
  const bins = new Float64Array(7);
  for (const value of values) bins[value]!++;
  // Each bin is binomial with mean 30,000 and standard deviation 160.
  for (const n of bins) assert.ok(Math.abs(n - count / 7) < 800, `${bins}`);
});

Deno.test("integers() scale a 64-bit word exactly, for every size of bound", () => {
  const words = new Int32Array(2 * 200);
  const k = key(11, "test", 3);
  for (const below of [1, 2, 10, 65_535, 65_536, 65_537, 60_000, 2 ** 31 - 1, 2 ** 31]) {
    const values = integers(k, 200, below);
    // The same words, in arithmetic without bounds.
    threefry2x32([11, HASH_OF_TEST], [0, 3], words);
    const exact = values.map((_, i) => {
      const [high, low] = [words[2 * i]! >>> 0, words[2 * i + 1]! >>> 0];
      return Number((((BigInt(high) << 32n) | BigInt(low)) * BigInt(below)) >> 64n);
    });
    assert.deepEqual(values, exact);
  }
});

Deno.test("permutation() is a permutation, and every order of four is equally likely", () => {
  const order = permutation(key(5, "batch", 0), 60_000);
  assert.deepEqual(order.toSorted(), Uint32Array.from({ length: 60_000 }, (_, i) => i));
  const counts = new Map<string, number>();
  for (let step = 0; step < 24_000; step++) {
    const name = permutation(key(5, "batch", step), 4).join("");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  // Each is binomial with mean 1,000 and standard deviation 31.
  for (const n of counts.values()) assert.ok(Math.abs(n - 1000) < 155, `${n}`);
});

Deno.test("permutation() and draws of nothing are empty", () => {
  const k = key(5, "batch", 0);
  assert.equal(permutation(k, 0).length, 0);
  assert.deepEqual(permutation(k, 1), new Uint32Array([0]));
  assert.equal(normals(k, 0).length, 0);
});

Deno.test("a key out of range is refused with the field, the value and the range", () => {
  const refused = (draw: () => unknown, message: RegExp) =>
    assert.throws(draw, (error) => error instanceof UserError && message.test(error.message));
  refused(() => uniforms(key(-1, "noise", 0), 1), /`seed` is -1, .* integer from 0 to 4294967295$/);
  refused(() => uniforms(key(0.5, "noise", 0), 1), /`seed` is 0.5/);
  refused(() => uniforms(key(2 ** 32, "noise", 0), 1), /`seed` is 4294967296/);
  refused(() => uniforms(key(0, "noise", 2 ** 31), 1), /`step` is 2147483648/);
  refused(() => uniforms(key(0, "noise", 0), -1), /`count` is -1/);
  refused(() => uniforms(key(0, "", 0), 1), /the stream has no name/);
  refused(() => integers(key(0, "noise", 0), 1, 0), /`below` is 0, .* from 1 to 2147483648$/);
});

function moments(values: Float32Array): [number, number, number, number] {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const central = (power: number) => values.reduce((sum, x) => sum + (x - mean) ** power, 0) / n;
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5, central(4) / variance ** 2];
}

function correlation(a: Float32Array, b: Float32Array): number {
  const [meanA, varianceA] = moments(a);
  const [meanB, varianceB] = moments(b);
  const covariance = a.reduce((sum, x, i) => sum + (x - meanA) * (b[i]! - meanB), 0) / a.length;
  return covariance / Math.sqrt(varianceA * varianceB);
}
