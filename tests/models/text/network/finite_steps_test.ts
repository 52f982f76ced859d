/** The bound of finitely many steps against the sum that it stands for. */
import { discreteDiffusion } from "./discrete_diffusion.ts";
import assert from "node:assert/strict";
import {
  boundLevels,
  finiteSteps,
  likelihoodBound,
  linearGamma,
  logisticGamma,
} from "../../../../models/text/network/mod.ts";

/** Mean ‖e − x̂‖² at a level, about as a trained network leaves it. */
const errorAt = (gamma: number) => 1 / (1 + Math.exp(-2 * gamma - 4));

Deno.test("the bound of finitely many steps is the sum over the steps", () => {
  for (const range of [linearGamma(-4, 5), logisticGamma(-4, 5)]) {
    let before = Infinity;
    for (const steps of [1, 7, 16, 64]) {
      const finite = finiteSteps(range, steps);
      // A multiple of all steps, so that every step has as many windows.
      const count = 8 * 7 * 64;
      const draws = [0, 1].map((step) => {
        const levels = boundLevels(finite, count, { seed: 0, stream: "walk", step });
        return Array.from(levels.gammas, (gamma, i) => ({
          gamma,
          crossEntropy: 0,
          squaredError: errorAt(gamma),
          crossEntropyWeight: levels.crossEntropyWeights[i]!,
          squaredErrorWeight: levels.squaredErrorWeights[i]!,
        }));
      });
      const gammas = Array.from({ length: steps + 1 }, (_, k) => range.gamma(k / steps));
      const expected = discreteDiffusion(gammas, gammas.slice(1).map(errorAt));
      const { diffusion } = likelihoodBound(draws, 0);
      assert.ok(Math.abs(diffusion / expected - 1) < 1e-5, `${steps}: ${diffusion}, ${expected}`);
      assert.ok(diffusion < before, `${steps} steps: not below ${before}`);
      before = diffusion;
    }
  }
});

Deno.test("finiteSteps() has the ends of its range, and the levels of its steps only", () => {
  const finite = finiteSteps(linearGamma(-4, 4), 4);
  assert.deepEqual([0, 0.1, 0.25, 0.26, 0.9, 1].map((t) => finite.gamma(t)), [-4, -2, -2, 0, 4, 4]);
});
