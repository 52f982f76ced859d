import { gammaOfFlowTime } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { tf } from "../../../engine/mod.ts";
import { alphaSigma, parameterizationOf, targetNames } from "../../../models/diffusion/mod.ts";
import { diffuse } from "../../../models/steps/mod.ts";
import { tensorArithmetic as m } from "../../../models/steps/tensors.ts";
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
        const output = parameterizationOf(target).target(m, row(x), row(eps), { alpha, sigma });
        // ε divides what float32 rounded by α.
        const absolute = target === "epsilon" ? 2e-6 / numbers.alpha : 2e-6;
        assertClose(
          parameterizationOf(target).denoised(m, output, z, { alpha, sigma }).dataSync(),
          x,
          {
            absolute,
          },
        );
      });
    }));
  });

  Deno.test(`any ${target} output comes back from the x̂ and ε̂ that it implies`, () => {
    fc.assert(fc.property(points, points, gamma, (z, output, gamma) => {
      tf.tidy(() => {
        const { alpha, sigma, numbers } = level(gamma);
        const denoised = parameterizationOf(target).denoised(m, row(output), row(z), {
          alpha,
          sigma,
        });
        // ε̂ = (z − α x̂)/σ.
        const noise = tf.div(tf.sub(row(z), tf.mul(denoised, alpha)), sigma);
        const again = parameterizationOf(target).target(m, denoised, noise, { alpha, sigma });
        assertClose(again.dataSync(), output, { absolute: 4e-6 / numbers.sigma });
      });
    }));
  });
}

Deno.test("the v target is α ε − σ x", () => {
  tf.tidy(() => {
    const { alpha, sigma, numbers } = level(0.7);
    const v = parameterizationOf("v").target(m, row([1, 0, 2]), row([0, 1, -3]), { alpha, sigma })
      .dataSync();
    const expected = [-numbers.sigma, numbers.alpha, -3 * numbers.alpha - 2 * numbers.sigma];
    assertClose(v, expected, { absolute: 1e-6 });
  });
});

Deno.test("the flow target is the velocity of the straight line that the network sees", () => {
  tf.tidy(() => {
    // At t = 0.25: the point 0.75 x + 0.25 ε, whose derivative in t is ε − x.
    const { alpha, sigma } = level(gammaOfFlowTime(0.25));
    const x = [1, 0, 2], eps = [0, 1, -3];
    const z = diffuse(row(x), row(eps), alpha, sigma);
    assertClose(parameterizationOf("flow").networkInput(m, z, { alpha, sigma }).dataSync(), [
      0.75,
      0.25,
      0.75,
    ], {
      absolute: 1e-6,
    });
    assertClose(
      parameterizationOf("flow").target(m, row(x), row(eps), { alpha, sigma }).dataSync(),
      [-1, 1, -5],
      {},
    );
  });
});

Deno.test("the flow target holds up in pure noise, where the network sees the noise itself", () => {
  tf.tidy(() => {
    const { alpha, sigma } = level(Infinity);
    const eps = row([0.5, -2, 1]);
    assertClose(parameterizationOf("flow").networkInput(m, eps, { alpha, sigma }).dataSync(), [
      0.5,
      -2,
      1,
    ], {});
    const denoised = parameterizationOf("flow").denoised(m, row([0.1, 0.2, 0.3]), eps, {
      alpha,
      sigma,
    });
    assertClose(denoised.dataSync(), [0.4, -2.2, 0.7], { absolute: 1e-6 });
  });
});

const sigmaData = fc.double({ min: 0.1, max: 2, noNaN: true });

Deno.test("the edm target has the coefficients of Karras et al. 2022, table 1", () => {
  fc.assert(fc.property(points, points, gamma, sigmaData, (z, output, gamma, sigmaData) => {
    tf.tidy(() => {
      const { alpha, sigma, numbers } = level(gamma);
      const objective = { target: "edm", sigmaData } as const;
      // Their noisy point is z/α and their σ is σ/α.
      const s = numbers.sigma / numbers.alpha, d = sigmaData;
      const skip = d ** 2 / (s ** 2 + d ** 2);
      const out = s * d / Math.sqrt(s ** 2 + d ** 2), c_in = 1 / Math.sqrt(s ** 2 + d ** 2);
      const theirs = z.map((value) => value / numbers.alpha);
      const tolerance = { absolute: 2e-5, relative: 2e-5 };
      assertClose(
        parameterizationOf(objective).networkInput(m, row(z), { alpha, sigma }).dataSync(),
        theirs.map((value) => c_in * value),
        tolerance,
        "network input",
      );
      assertClose(
        parameterizationOf(objective).denoised(m, row(output), row(z), { alpha, sigma }).dataSync(),
        theirs.map((value, i) => skip * value + out * output[i]!),
        tolerance,
        "denoised",
      );
    });
  }));
});

Deno.test("the edm target has unit variance for data of variance σ_data², and is −v where that is 1", () => {
  fc.assert(fc.property(points, points, gamma, sigmaData, (x, eps, gamma, sigmaData) => {
    tf.tidy(() => {
      const { alpha, sigma } = level(gamma);
      const part = (x: number[], eps: number[]) =>
        parameterizationOf({ target: "edm", sigmaData }).target(m, row(x), row(eps), {
          alpha,
          sigma,
        }).dataSync();
      const ofX = part([1, 0, 0], [0, 0, 0])[0]!, ofEps = part([0, 0, 0], [1, 0, 0])[0]!;
      assertClose([(ofX * sigmaData) ** 2 + ofEps ** 2], [1], { absolute: 1e-5 });
      const unit = parameterizationOf({ target: "edm", sigmaData: 1 }).target(m, row(x), row(eps), {
        alpha,
        sigma,
      });
      const v = parameterizationOf("v").target(m, row(x), row(eps), { alpha, sigma });
      assertClose(unit.dataSync(), tf.neg(v).dataSync(), { absolute: 1e-5 });
    });
  }));
});

Deno.test("a bare edm target has the paper's σ_data, 0.5", () => {
  tf.tidy(() => {
    const { alpha, sigma } = level(0.3);
    const bare = parameterizationOf("edm").target(m, row([1, 2, 3]), row([0, 1, 2]), {
      alpha,
      sigma,
    }).dataSync();
    const objective = { target: "edm", sigmaData: 0.5 } as const;
    const stated = parameterizationOf(objective).target(m, row([1, 2, 3]), row([0, 1, 2]), {
      alpha,
      sigma,
    })
      .dataSync();
    assert.deepEqual(bare, stated);
  });
});
