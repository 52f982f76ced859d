import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import { normals } from "../../../engine/host/mod.ts";
import { frechetDistance, type Moments, momentsOf } from "../../../experiments/image/measure.ts";
import reference from "./reference/frechet.json" with { type: "json" };

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

function normal(stream: string, count: number): Float64Array {
  return Float64Array.from(normals({ seed: 0, stream, step: 0 }, count));
}

function diagonal(mean: number[], variances: number[]): Moments {
  return { mean, covariance: Matrix.diag(variances) };
}

Deno.test("a set is at distance 0 from itself", () => {
  const moments = momentsOf(normal("set", 200 * 64), 64);
  assertNear(frechetDistance(moments, moments), 0, 1e-10);
});

Deno.test("a set shifted by d is at distance |d|²", () => {
  const features = normal("set", 100 * 8);
  const shifted = features.map((value, k) => value + (k % 8 === 2 ? 3 : k % 8 === 5 ? -4 : 0));
  assertNear(frechetDistance(momentsOf(features, 8), momentsOf(shifted, 8)), 25, 1e-10);
});

Deno.test("for diagonal covariances it is |Δm|² + Σ (s₁ − s₂)²", () => {
  const first = diagonal([0, 1, 2], [4, 9, 0.25]);
  const second = diagonal([1, 1, 0], [1, 25, 0.01]);
  assertNear(frechetDistance(first, second), 1 + 4 + 1 + 4 + 0.16, 1e-12);
});

Deno.test("singular covariances give the closed form, not NaN", () => {
  // Both vary along one line only: (s₁ − s₂)² where the lines agree, s₁² + s₂² where they cross.
  const line = [-1, 0, 1, 2].flatMap((x) => [x, x, 0]);
  const double = line.map((x) => 2 * x);
  const crossing = [-1, 0, 1, 2].flatMap((x) => [x, -x, 0]);
  const [a, b, c] = [line, double, crossing].map((set) => momentsOf(set, 3));
  const variance = 2 * 5 / 3;
  assertNear(frechetDistance(a!, b!), 2 * 0.5 ** 2 + variance * (2 - 1) ** 2, 1e-7);
  assertNear(frechetDistance(a!, c!), 1 + 2 * variance, 1e-7);
});

Deno.test("fewer rows than dimensions: still 0 to itself, and the same both ways", () => {
  const [a, b] = ["a", "b"].map((stream) => momentsOf(normal(stream, 10 * 64), 64));
  assertNear(frechetDistance(a!, a!), 0, 1e-6);
  const there = frechetDistance(a!, b!);
  assert.ok(there > 1);
  assertNear(frechetDistance(b!, a!), there, 1e-6);
});

Deno.test("numpy and scipy have the same distance for a fixed example", () => {
  const scattered = (count: number, prime: number) =>
    Float64Array.from({ length: count * 5 }, (_, i) => (i ** 3 % prime) / prime);
  const first = scattered(40, 101);
  const second = scattered(30, 89).map((value) => 0.5 + 1.5 * value ** 3);
  assertNear(frechetDistance(momentsOf(first, 5), momentsOf(second, 5)), reference.distance, 1e-12);
});
