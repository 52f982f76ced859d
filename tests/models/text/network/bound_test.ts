/** The likelihood bound against a language whose entropy is known. */
import { discreteDiffusion } from "./discrete_diffusion.ts";
import assert from "node:assert/strict";
import { type Arrays, openEngine, type Parameters, type Program } from "../../../../engine/mod.ts";
import { normals } from "../../../../engine/mod.ts";
import { noiseInputs } from "../../../../models/diffusion/mod.ts";
import {
  autoregressiveStep,
  blockMask,
  boundLevels,
  boundStep,
  interiorRange,
  likelihoodBound,
  linearGamma,
  logisticGamma,
  textNetwork,
} from "../../../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION, priorNats } from "../../../../models/text/mod.ts";
import { compiled, entropyPerSymbol, inputsOf, learn, noisy, SYMBOLS, windows } from "./toy.ts";

const L = 8, COUNT = 64, DRAWS = 40;
const RANGE = linearGamma(-4, 5);

const network = textNetwork({
  size: "tiny",
  method: "blocks",
  vocabulary: SYMBOLS,
  context: L,
  positions: true,
  unitNorm: true,
});

Deno.test("a trained network's bound lies above the entropy, at block size 1 within 0.05 nats", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const parameters = await learn(engine, network, RANGE, {
      steps: 400,
      count: COUNT,
      blocks: [2, 4, 8],
    });
    const entropy = entropyPerSymbol(L);
    const reader = await compiled(engine, autoregressiveStep(network, network.reader!), COUNT);
    const left: number[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const tokens = windows(2, draw, COUNT, L);
      left.push(...(await reader.run({ ...inputsOf(parameters), tokens })).nats!);
    }
    const exact = mean(left);
    const noise = 4 * deviation(left) / Math.sqrt(left.length / L);
    assert.ok(exact > entropy - noise, `${exact} is below the entropy ${entropy}`);
    assert.ok(exact < entropy + 0.05, `${exact} is not near the entropy ${entropy}`);

    const program = await compiled(
      engine,
      boundStep(network, network.denoiser!, { selfCondition: 0.25 }),
      COUNT,
    );
    for (const size of [2, 4, 8]) {
      const bound = await boundFor(program, parameters, size);
      assert.ok(
        bound.total > entropy - 3 * bound.standardError,
        `blocks of ${size}: ${bound.total} ± ${bound.standardError} is below the entropy ${entropy}`,
      );
      assert.ok(
        bound.total < Math.log(SYMBOLS),
        `blocks of ${size} learnt nothing: ${bound.total}`,
      );
    }

    const continuous = (await boundFor(program, parameters, L)).diffusion;
    const finite: number[] = [];
    for (const steps of [4, 16, 64]) finite.push(await discrete(program, parameters, steps));
    assert.ok(finite[0]! > finite[1]! && finite[1]! > finite[2]!, `not falling: ${finite}`);
    assert.ok(finite[2]! > continuous - 0.05, `${finite[2]} is below ${continuous}`);
    assert.ok(
      finite[2]! - continuous < (finite[0]! - continuous) / 4,
      `${finite} to ${continuous}`,
    );
  } finally {
    await engine.dispose();
  }
});

async function boundFor(program: Program, parameters: Parameters, blockSize: number) {
  const draws = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const tokens = windows(3, draw, COUNT, L);
    const { cross_entropy_weight, squared_error_weight, ...asked } = noisy(
      tokens,
      RANGE,
      COUNT,
      3,
      draw,
    );
    const outputs = await run(program, parameters, { ...asked, mask: blockMask(L, blockSize) });
    draws.push(Array.from({ length: COUNT }, (_, i) => ({
      gamma: asked.gamma[i]!,
      crossEntropy: outputs.cross_entropy![i]!,
      squaredError: outputs.squared_error![i]!,
      crossEntropyWeight: cross_entropy_weight[i]!,
      squaredErrorWeight: squared_error_weight[i]!,
    })));
  }
  return likelihoodBound(draws, priorNats(RANGE.gamma(1), EMBEDDING_DIMENSION, 1));
}

/** The diffusion term of this many sampling steps. */
async function discrete(program: Program, parameters: Parameters, steps: number): Promise<number> {
  const gammas = Array.from({ length: steps + 1 }, (_, i) => RANGE.gamma(i / steps));
  const errors: number[] = [];
  for (const [i, gamma] of gammas.slice(1).entries()) {
    const repeats = Math.ceil(32 / steps);
    const values: number[] = [];
    for (let draw = 0; draw < repeats; draw++) {
      const tokens = windows(4, i * repeats + draw, COUNT, L);
      const { alpha, sigma } = noiseInputs(new Float64Array(COUNT).fill(gamma));
      const outputs = await run(program, parameters, {
        tokens,
        eps: normals(
          { seed: 5, stream: "eps", step: i * repeats + draw },
          tokens.length * EMBEDDING_DIMENSION,
        ),
        gamma: new Float32Array(COUNT).fill(gamma),
        alpha,
        sigma,
        mask: blockMask(L, L),
      });
      values.push(...outputs.squared_error!);
    }
    errors.push(mean(values));
  }
  return discreteDiffusion(gammas, errors);
}

async function run(program: Program, parameters: Parameters, inputs: Arrays) {
  return await program.run({ ...inputsOf(parameters), ...inputs });
}

Deno.test("levels: every stratum of the diffusion term has its window, whatever reconstructs", () => {
  const { gammas, squaredErrorWeights, crossEntropyWeights } = boundLevels(
    RANGE,
    64,
    { seed: 0, stream: "levels", step: 7 },
  );
  const times = [...gammas].filter((_, i) => squaredErrorWeights[i]! > 0)
    .map((gamma) => (gamma + 4) / 9).sort((a, b) => a - b);
  assert.equal(times.length, 56);
  times.forEach((t, i) => assert.equal(Math.floor(t * 56), i));
  const reconstructing = [...gammas].filter((_, i) => crossEntropyWeights[i]! > 0);
  assert.deepEqual(reconstructing, new Array(8).fill(-4));
  assert.equal(mean([...crossEntropyWeights]), 1);
});

Deno.test("the weights integrate: a squared error of e^γ gives half the range of γ", () => {
  const draws = [0, 1, 2].map((step) => {
    const levels = boundLevels(RANGE, 256, { seed: 1, stream: "levels", step });
    return Array.from(levels.gammas, (gamma, i) => ({
      gamma,
      crossEntropy: 0,
      squaredError: Math.exp(gamma),
      crossEntropyWeight: levels.crossEntropyWeights[i]!,
      squaredErrorWeight: levels.squaredErrorWeights[i]!,
    }));
  });
  const { diffusion, standardError } = likelihoodBound(draws, 0);
  assert.ok(Math.abs(diffusion - 4.5) < 1e-4, `${diffusion}`);
  assert.ok(standardError < 1e-4);
});

Deno.test("nats per character are the same for any tokens of a text that are equally likely", () => {
  const sizes = [[1, 3, 2, 2], [4, 1, 1, 1], [2, 2, 5, 3]];
  const lengths = sizes.map((draw) => mean(draw));
  const boundOf = (nats: (characters: number) => number) =>
    likelihoodBound(
      sizes.map((draw) =>
        draw.map((characters) => ({
          gamma: NaN,
          crossEntropy: nats(characters),
          squaredError: 0,
          crossEntropyWeight: 1,
          squaredErrorWeight: 0,
        }))
      ),
      0,
      lengths,
    );
  // Characters that are uniform over 7 and independent: a token's nats go with its characters.
  const characters = boundOf((characters) => characters * Math.log(7));
  assert.ok(Math.abs(characters.total - Math.log(7)) < 1e-12);
  assert.ok(characters.standardError < 1e-12);
  // Tokens that are uniform over 50: 12 of them make 27 characters.
  const tokens = boundOf(() => Math.log(50));
  assert.ok(Math.abs(tokens.total - Math.log(50) * 12 / 27) < 1e-12);
  // Its residuals are ln 50 − R·c: those of c, 2, 7/4 and 3, times R.
  const [c, ratio] = [27 / 12, tokens.total];
  const squares = lengths.reduce((sum, length) => sum + (ratio * (length - c)) ** 2, 0);
  assert.ok(Math.abs(tokens.standardError - Math.sqrt(squares / 2 / 3) / c) < 1e-12);
});

Deno.test("the diffusion term of finitely many steps is the upper Riemann sum of the continuous one", () => {
  // ½ ∫ e^{−γ} s(γ) dγ with s = σ² = 1/(1 + e^{−γ}) has the primitive −½ ln(1 + e^{−γ}).
  const primitive = (gamma: number) => -0.5 * Math.log1p(Math.exp(-gamma));
  const exact = primitive(5) - primitive(-4);
  let before = Infinity;
  for (const steps of [10, 100, 1000]) {
    const gammas = Array.from({ length: steps + 1 }, (_, i) => RANGE.gamma(i / steps));
    const term = discreteDiffusion(gammas, gammas.slice(1).map((g) => 1 / (1 + Math.exp(-g))));
    assert.ok(term > exact && term < before, `${steps} steps: ${term}, exactly ${exact}`);
    before = term;
  }
  assert.ok(before - exact < 0.01);
});

Deno.test("the prior term is the divergence of two normal distributions", () => {
  const alphaSquared = 1 / (1 + Math.exp(2)), sigmaSquared = 1 - alphaSquared;
  const expected = 0.5 * (16 * (sigmaSquared - 1 - Math.log(sigmaSquared)) + alphaSquared * 1.5);
  assert.ok(Math.abs(priorNats(2, 16, 1.5) - expected) < 1e-12);
  assert.ok(priorNats(10, 16, 1) < 1e-3);
});

Deno.test("a trimmed schedule has the slope of what it trims", () => {
  const range = interiorRange((t) => 4 * t * t - 3, 0.1);
  assert.ok(Math.abs(range.gamma(0) - (4 * 0.01 - 3)) < 1e-12);
  assert.ok(Math.abs(range.slope(0.5) - 8 * 0.5 * 0.8) < 1e-6);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

Deno.test("logisticGamma() rises from end to end, and its slope is its derivative", () => {
  const range = logisticGamma(-4, 5);
  assert.deepEqual([range.gamma(0), range.gamma(1)], [-4, 5]);
  const step = 1e-5;
  for (let t = 0.05; t < 1; t += 0.05) {
    const rise = (range.gamma(t + step) - range.gamma(t - step)) / (2 * step);
    assert.ok(Math.abs(range.slope(t) / rise - 1) < 1e-6, `at ${t}: ${range.slope(t)} ≠ ${rise}`);
    assert.ok(rise > 0);
  }
});

Deno.test("time warped gives the same bound, to which windows contribute more alike", () => {
  // Characters known from their own noisy embedding at low levels and unknown at high ones, about as
  // a trained network leaves them: ‖e − x̂‖² = 1 / (1 + e^{−2γ−4}).
  const errors = (gamma: number) => 1 / (1 + Math.exp(-2 * gamma - 4));
  const steps = 100_000;
  const exact = Array.from({ length: steps }, (_, i) => -4 + 9 * (i + 0.5) / steps)
    .reduce((sum, gamma) => sum + 0.5 * Math.exp(-gamma) * errors(gamma) * 9 / steps, 0);
  const [even, warped] = [linearGamma(-4, 5), logisticGamma(-4, 5)].map((range) => {
    const contributions = Array.from({ length: 400 }, (_, step) => {
      const levels = boundLevels(range, 8, { seed: 0, stream: "warp", step });
      return Array.from(
        levels.gammas,
        (gamma, i) => levels.squaredErrorWeights[i]! * errors(gamma),
      );
    }).flat();
    const total = mean(contributions);
    assert.ok(Math.abs(total - exact) < 0.02, `${total} against ${exact}`);
    return deviation(contributions.filter((value) => value > 0));
  });
  assert.ok(warped! < 0.6 * even!, `spread: even ${even}, warped ${warped}`);
});
