import assert from "node:assert/strict";
import fc from "fast-check";
import { tf } from "../../../engine/mod.ts";
import {
  alphaSigma,
  denoisedFrom,
  diffuse,
  guide,
  noiseFrom,
  stratifiedTimes,
  targetNames,
  targetOf,
} from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

const value = fc.float({ min: -2, max: 2, noNaN: true });
const points = fc.array(value, { minLength: 3, maxLength: 3 });
const gamma = fc.double({ min: -8, max: 8, noNaN: true });

/** The levels as tensors that broadcast over points of rank 2, and as numbers. */
function level(gamma: number) {
  const { alpha, sigma } = alphaSigma(gamma);
  return {
    alpha: tf.tensor2d([[alpha]]),
    sigma: tf.tensor2d([[sigma]]),
    numbers: { alpha, sigma },
  };
}

const row = (values: number[]) => tf.tensor2d([values]);

Deno.test("diffuse() mixes signal and noise by their amplitudes, example by example", () => {
  tf.tidy(() => {
    const x = tf.tensor2d([[1, 2], [3, 4]]), eps = tf.tensor2d([[-1, 0], [1, 0.5]]);
    const z = diffuse(x, eps, tf.tensor2d([[0.6], [0]]), tf.tensor2d([[0.8], [1]]));
    assertClose(z.dataSync(), [-0.2, 1.2, 1, 0.5], { absolute: 1e-6 });
  });
});

for (const target of targetNames) {
  Deno.test(`a perfect ${target} output is denoised to the clean sample`, () => {
    fc.assert(fc.property(points, points, gamma, (x, eps, gamma) => {
      tf.tidy(() => {
        const { alpha, sigma, numbers } = level(gamma);
        const z = diffuse(row(x), row(eps), alpha, sigma);
        const output = targetOf(target, row(x), row(eps), alpha, sigma);
        // ε divides what float32 rounded by α.
        const absolute = target === "epsilon" ? 2e-6 / numbers.alpha : 2e-6;
        assertClose(denoisedFrom(target, output, z, alpha, sigma).dataSync(), x, { absolute });
      });
    }));
  });

  Deno.test(`any ${target} output comes back from the x̂ and ε̂ that it implies`, () => {
    fc.assert(fc.property(points, points, gamma, (z, output, gamma) => {
      tf.tidy(() => {
        const { alpha, sigma, numbers } = level(gamma);
        const denoised = denoisedFrom(target, row(output), row(z), alpha, sigma);
        const noise = noiseFrom(denoised, row(z), alpha, sigma);
        const again = targetOf(target, denoised, noise, alpha, sigma);
        assertClose(again.dataSync(), output, { absolute: 4e-6 / numbers.sigma });
      });
    }));
  });
}

Deno.test("the v target is α ε − σ x", () => {
  tf.tidy(() => {
    const { alpha, sigma, numbers } = level(0.7);
    const v = targetOf("v", row([1, 0, 2]), row([0, 1, -3]), alpha, sigma).dataSync();
    const expected = [-numbers.sigma, numbers.alpha, -3 * numbers.alpha - 2 * numbers.sigma];
    assertClose(v, expected, { absolute: 1e-6 });
  });
});

Deno.test("guide() gives the same x̂ whether it is applied to ε, to v or to x̂", () => {
  fc.assert(
    fc.property(
      points,
      points,
      points,
      fc.double({ min: -2, max: 2, noNaN: true }),
      (a, b, z, g) => {
        tf.tidy(() => {
          const { alpha, sigma } = level(g);
          for (const target of targetNames) {
            const denoised = (output: tf.Tensor) =>
              denoisedFrom(target, output, row(z), alpha, sigma);
            const before = denoised(guide(row(a), row(b), 1.8)).dataSync();
            const after = guide(denoised(row(a)), denoised(row(b)), 1.8).dataSync();
            assertClose(before, after, { absolute: 1e-4 }, target);
          }
        });
      },
    ),
  );
});

Deno.test("guide() is unconditional at 0 and conditional at 1", () => {
  tf.tidy(() => {
    const [conditional, unconditional] = [row([1, -2]), row([0.5, 3])];
    assertClose(guide(conditional, unconditional, 0).dataSync(), [0.5, 3], {});
    assertClose(guide(conditional, unconditional, 1).dataSync(), [1, -2], {});
    assertClose(guide(conditional, unconditional, tf.scalar(3)).dataSync(), [2, -12], {});
  });
});

Deno.test("stratifiedTimes() puts exactly one time in each N-th of [0, 1)", () => {
  const offset = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(offset, fc.integer({ min: 1, max: 200 }), (offset, count) => {
    const times = Array.from(stratifiedTimes(offset, count)).sort((a, b) => a - b);
    const first = times[0]!;
    assert.ok(first >= 0 && first < 1 / count + 1e-9 && times.at(-1)! < 1);
    assertClose(times, times.map((_, i) => first + i / count), { absolute: 1e-9 });
  }));
});
