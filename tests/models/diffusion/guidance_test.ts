import assert from "node:assert/strict";
import fc from "fast-check";
import { tf } from "../../../engine/mod.ts";
import {
  alphaSigma,
  guidanceAt,
  guide,
  parameterizationOf,
  rescaleGuidance,
  targetNames,
} from "../../../models/diffusion/mod.ts";
import { tensorArithmetic as m } from "../../../models/steps/tensors.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

const value = fc.float({ min: -2, max: 2, noNaN: true });
const points = fc.array(value, { minLength: 3, maxLength: 3 });
const row = (values: number[]) => tf.tensor2d([values]);

Deno.test("guide() gives the same x̂ whether it is applied to ε, to v or to x̂", () => {
  fc.assert(
    fc.property(
      points,
      points,
      points,
      fc.double({ min: -2, max: 2, noNaN: true }),
      (a, b, z, g) => {
        tf.tidy(() => {
          const level = alphaSigma(g);
          const alpha = tf.tensor2d([[level.alpha]]), sigma = tf.tensor2d([[level.sigma]]);
          for (const target of targetNames) {
            const denoised = (output: tf.Tensor) =>
              parameterizationOf(target).denoised(m, output, row(z), { alpha, sigma });
            const before = denoised(guide(m, row(a), row(b), 1.8)).dataSync();
            const after = guide(m, denoised(row(a)), denoised(row(b)), 1.8).dataSync();
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
    assertClose(guide(m, conditional, unconditional, 0).dataSync(), [0.5, 3], {});
    assertClose(guide(m, conditional, unconditional, 1).dataSync(), [1, -2], {});
    assertClose(guide(m, conditional, unconditional, tf.scalar(3)).dataSync(), [2, -12], {});
  });
});

/** Population standard deviation. */
function deviation(values: ArrayLike<number>): number {
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(
    Array.from(values).reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length,
  );
}

Deno.test("rescaleGuidance() gives each example the conditional's deviation, by the part asked for", () => {
  tf.tidy(() => {
    const conditional = tf.tensor3d([[[0, 1], [2, 0.5]], [[1, -1], [0.5, 0]]]);
    const guided = tf.tensor3d([[[-1, 2], [5, 0]], [[0.1, -0.2], [0.3, 0.2]]]);
    const full = rescaleGuidance(m, guided, conditional, 1).dataSync();
    const half = rescaleGuidance(m, guided, conditional, tf.scalar(0.5)).dataSync();
    for (const example of [0, 1]) {
      const of = (values: ArrayLike<number>) =>
        Array.from(values).slice(4 * example, 4 * example + 4);
      const before = of(guided.dataSync());
      const wanted = deviation(of(conditional.dataSync()));
      assertClose([deviation(of(full))], [wanted], { relative: 1e-5 });
      // Scaled as it is, mean included (equation 15), and halfway there at one half.
      assertClose(of(full), before.map((value) => value * wanted / deviation(before)), {
        absolute: 1e-5,
      });
      assertClose(of(half), before.map((value, i) => (value + of(full)[i]!) / 2), {
        absolute: 1e-5,
      });
    }
    assertClose(rescaleGuidance(m, guided, conditional, 0).dataSync(), guided.dataSync(), {});
  });
});

Deno.test("rescaleGuidance() stays finite where an example is all one value", () => {
  tf.tidy(() => {
    const constant = row([0.5, 0.5, 0.5]);
    const rescaled = rescaleGuidance(m, constant, row([0.2, 0.2, 0.2]), 1).dataSync();
    assertClose(rescaled, [0.5, 0.5, 0.5], { absolute: 1e-3 });
  });
});

Deno.test("guidanceAt() guides inside its interval and is plainly conditional outside", () => {
  const guidance = { scale: 3, interval: [-2, 4] } as const;
  const scales = [-Infinity, -3, -2, -1.9, 4, 4.1, Infinity].map((gamma) =>
    guidanceAt(gamma, guidance)
  );
  assert.deepEqual(scales, [1, 1, 1, 3, 3, 1, 1]);
  assert.equal(guidanceAt(Infinity, { scale: 3 }), 3);
});
