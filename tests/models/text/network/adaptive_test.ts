/** The time warp that follows the run. */
import { KNOTS } from "../../../../models/text/network/adaptive.ts";
import assert from "node:assert/strict";
import { normals, openEngine } from "../../../../engine/mod.ts";
import { initialParameters } from "../../../../models/layers/mod.ts";
import {
  adaptiveGamma,
  boundStep,
  DENSITY,
  knotWeights,
  linearGamma,
  logisticGamma,
  textNetwork,
  textTrainingStep,
} from "../../../../models/text/network/mod.ts";
import { assertClose } from "../../assert_close.ts";
import { compiled, inputsOf, learn, noisy, SYMBOLS, windows } from "./toy.ts";

const ENDS = { start: -6, end: 5 };
const L = 8, COUNT = 64;
const knotLevels = Array.from(
  { length: KNOTS },
  (_, k) => ENDS.start + (ENDS.end - ENDS.start) * k / (KNOTS - 1),
);
const networkWith = (adaptive?: typeof ENDS) =>
  textNetwork({
    size: "tiny",
    method: "diffusion",
    vocabulary: SYMBOLS,
    context: L,
    positions: true,
    unitNorm: true,
    ...(adaptive ? { adaptive } : {}),
  });

Deno.test("a constant density makes γ rise evenly", () => {
  const even = adaptiveGamma(ENDS, new Array(KNOTS).fill(-3)), line = linearGamma(-6, 5);
  for (const t of [0, 0.01, 0.3, 0.77, 1]) {
    assertClose([even.gamma(t), even.slope(t)], [line.gamma(t), line.slope(t)], { absolute: 1e-9 });
  }
});

Deno.test("equal stretches of t hold equal parts of the density, a tenth of it spread evenly", () => {
  const log = Array.from({ length: KNOTS }, (_, k) => 3 * Math.sin(k));
  const range = adaptiveGamma(ENDS, log);
  const density = (gamma: number) => {
    const weights = knotWeights([gamma], ENDS);
    return weights.reduce((sum, weight, k) => sum + weight * Math.exp(log[k]!), 0);
  };
  const width = ENDS.end - ENDS.start, cells = 200_000;
  let whole = 0;
  const upTo = Array.from({ length: cells }, (_, i) => {
    whole += density(ENDS.start + (i + 0.5) / cells * width) * width / cells;
    return whole;
  });
  for (const t of [0, 0.03, 0.2, 0.5, 0.9, 0.999, 1]) {
    const gamma = range.gamma(t);
    const i = Math.round((gamma - ENDS.start) / width * cells);
    const share = 0.9 * (upTo[i - 1] ?? 0) / whole + 0.1 * (gamma - ENDS.start) / width;
    assertClose([share], [t], { absolute: 1e-4 });
    const expected = 0.9 * density(gamma) / whole + 0.1 / width; // dt/dγ
    assertClose([1 / range.slope(t)], [expected], { relative: 1e-4 });
  }
});

Deno.test("knots weigh so that straight lines are met, and no level outside counts beyond the ends", () => {
  const weights = knotWeights([-6, -1.234, 4.9, 5, 99], ENDS);
  const met = Array.from(
    { length: 5 },
    (_, i) => knotLevels.reduce((sum, level, k) => sum + level * weights[i * KNOTS + k]!, 0),
  );
  assertClose(met, [-6, -1.234, 4.9, 5, 5], { absolute: 1e-5 });
});

Deno.test("the density's gradient is that of a gamma distribution's mean, and the other gradients do not know of it", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const [plain, adaptive] = [networkWith(), networkWith(ENDS)];
    const parameters = initialParameters(adaptive.parameters, 0);
    for (const [name, { data }] of Object.entries(parameters)) {
      data.set(normals({ seed: 3, stream: name, step: 0 }, data.length).map((v) => 0.3 * v));
    }
    const batch = noisy(windows(1, 0, COUNT, L), logisticGamma(-6, 5), COUNT, 1, 0);
    const knots = knotWeights(batch.gamma, ENDS);
    const options = { selfCondition: 0 } as const;
    const without = await compiled(engine, textTrainingStep(plain, options), COUNT);
    const weights = inputsOf(parameters);
    const { [DENSITY]: _, ...common } = weights;
    const expected = structuredClone(await without.run({ ...common, ...batch }));
    const program = await compiled(engine, textTrainingStep(adaptive, options), COUNT);
    const outputs = await program.run({ ...weights, ...batch, knot_weight: knots });
    for (const [name, values] of Object.entries(expected)) {
      assertClose(outputs[name]!, values, { absolute: 1e-5, relative: 1e-4 }, name);
    }
    const bound = await compiled(engine, boundStep(plain, plain.denoiser!, options), COUNT);
    const { tokens, eps, gamma, alpha, sigma } = batch;
    const { squared_error: errors } = await bound.run({
      ...common,
      ...{ tokens, eps, gamma, alpha, sigma },
    });
    const gradient = new Array<number>(KNOTS).fill(0);
    for (let i = 0; i < COUNT; i++) {
      if (batch.squared_error_weight[i] === 0) continue;
      const row = knots.subarray(i * KNOTS, (i + 1) * KNOTS);
      const value = row.reduce((sum, w, k) => sum + w * parameters[DENSITY]!.data[k]!, 0);
      const measured = 0.5 * Math.exp(-gamma[i]!) * errors![i]! + 1e-3;
      const slope = 1 - Math.min(10, measured / Math.exp(value));
      row.forEach((w, k) => gradient[k] = gradient[k]! + 0.01 * w * slope / COUNT);
    }
    assertClose(outputs[`grad/${DENSITY}`]!, gradient, { absolute: 1e-5, relative: 1e-3 });
  } finally {
    await engine.dispose();
  }
});

Deno.test("in training the density comes to what each level costs", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const network = networkWith(ENDS);
    const parameters = await learn(
      engine,
      network,
      (known) => adaptiveGamma(ENDS, known[DENSITY]!.data),
      { steps: 300, count: COUNT },
    );
    const bound = await compiled(
      engine,
      boundStep(network, network.denoiser!, { selfCondition: 0 }),
      COUNT,
    );
    const fitted = parameters[DENSITY]!.data;
    for (const k of [6, 8, 10, 12]) {
      const level = linearGamma(knotLevels[k]!, knotLevels[k]! + 1e-6);
      const { tokens, eps, gamma, alpha, sigma } = noisy(
        windows(9, k, COUNT, L),
        level,
        COUNT,
        9,
        k,
      );
      const { squared_error: errors } = await bound.run({
        ...inputsOf(parameters),
        ...{ tokens, eps, gamma, alpha, sigma },
      });
      const costs = Array.from(errors!, (error) => 0.5 * error * Math.exp(-knotLevels[k]!));
      const measured = Math.log(costs.reduce((sum, value) => sum + value, 0) / COUNT + 1e-3);
      assert.ok(Math.abs(fitted[k]! - measured) < 0.5, `${k}: ${fitted[k]} for ${measured}`);
    }
  } finally {
    await engine.dispose();
  }
});
