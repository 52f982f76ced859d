import type { Weighting } from "../../../models/diffusion/objective.ts";
import { snr } from "../../../models/diffusion/notation.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { tf } from "../../../engine/mod.ts";
import {
  alphaSigma,
  lossWeights,
  type Objective,
  parameterizationOf,
  requireTrainable,
  schedule,
  targetNames,
  trainingLevel,
  weightingNames,
} from "../../../models/diffusion/mod.ts";
import { diffuse } from "../../../models/steps/mod.ts";
import { tensorArithmetic as m } from "../../../models/steps/tensors.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

const gamma = fc.double({ min: -6, max: 6, noNaN: true });
const sigmaData = fc.double({ min: 0.2, max: 2, noNaN: true });
const objectives: readonly Objective[] = [
  ...targetNames,
  { target: "edm", sigmaData: 0.6162 },
];

/** The weight at one level. */
function weightAt(
  weighting: Weighting,
  objective: Objective,
  gamma: number,
  snrLimit?: number,
): number {
  const options = snrLimit === undefined ? {} : { snrLimit };
  return lossWeights(weighting, objective, () => gamma, [0.5], options)[0]!;
}

Deno.test("a target's squared error times c_out² is that of x̂", () => {
  const value = fc.float({ min: -2, max: 2, noNaN: true });
  fc.assert(fc.property(value, value, value, gamma, sigmaData, (x, eps, output, gamma, d) => {
    for (const target of targetNames) {
      const objective = { target, sigmaData: d };
      tf.tidy(() => {
        const level = alphaSigma(gamma);
        const alpha = tf.tensor1d([level.alpha]), sigma = tf.tensor1d([level.sigma]);
        const [X, E, out] = [tf.tensor1d([x]), tf.tensor1d([eps]), tf.tensor1d([output])];
        const z = diffuse(X, E, alpha, sigma);
        const denoised = tf.sub(
          parameterizationOf(objective).denoised(m, out, z, { alpha, sigma }),
          X,
        )
          .dataSync()[0]!;
        const error = tf.sub(out, parameterizationOf(objective).target(m, X, E, { alpha, sigma }))
          .dataSync()[0]!;
        const scaled = Math.abs(error) *
          Math.sqrt(parameterizationOf(objective).squaredOutputScale(gamma));
        assertClose([scaled], [Math.abs(denoised)], { absolute: 2e-4, relative: 1e-4 }, target);
      });
    }
  }));
});

Deno.test("a weighting means the same x̂ error for every target", () => {
  fc.assert(fc.property(gamma, (gamma) => {
    for (const weighting of ["snr", "min-snr", "soft-min-snr"] as const) {
      const ofDenoised = weightAt(weighting, "x0", gamma);
      for (const objective of objectives) {
        assertClose(
          [
            weightAt(weighting, objective, gamma) /
            parameterizationOf(objective).squaredOutputScale(gamma),
          ],
          [ofDenoised],
          { relative: 1e-6 },
          `${weighting}, ${JSON.stringify(objective)}`,
        );
      }
    }
  }));
});

Deno.test("the plain losses weigh x̂ by SNR (ε), SNR + 1 (v), 1/t² (flow) and EDM's λ", () => {
  fc.assert(fc.property(gamma, sigmaData, (gamma, d) => {
    const s = Math.exp(gamma / 2), t = s / (1 + s);
    const plain = (objective: Objective) =>
      1 / parameterizationOf(objective).squaredOutputScale(gamma);
    assertClose(
      [plain("epsilon"), plain("x0"), plain("v"), plain("flow")],
      [snr(gamma), 1, snr(gamma) + 1, 1 / t ** 2],
      { relative: 1e-9 },
    );
    const lambda = (s ** 2 + d ** 2) / (s * d) ** 2;
    assertClose([plain({ target: "edm", sigmaData: d })], [lambda], { relative: 1e-9 });
    for (const objective of objectives) assert.equal(weightAt("uniform", objective, gamma), 1);
  }));
});

Deno.test("min-SNR has its own form for each target", () => {
  fc.assert(fc.property(gamma, (gamma) => {
    const ratio = snr(gamma), least = Math.min(ratio, 5);
    assertClose(
      (["x0", "epsilon", "v"] as const).map((target) => weightAt("min-snr", target, gamma)),
      [least, least / ratio, least / (ratio + 1)],
      { relative: 1e-6 },
    );
  }));
  // Not min(SNR + 1, k)/(SNR + 1), which is 1 here: a bug that several libraries had.
  assertClose([weightAt("min-snr", "v", Math.log(4))], [0.25 / 1.25], { relative: 1e-6 });
});

Deno.test("soft-min-SNR at k = 1/σ_data² weighs x̂ by 1/(σ² + σ_data²)", () => {
  fc.assert(fc.property(gamma, sigmaData, (gamma, d) => {
    const s = Math.exp(gamma / 2);
    assertClose([weightAt("soft-min-snr", "x0", gamma, d ** -2)], [1 / (s ** 2 + d ** 2)], {
      relative: 1e-6,
    });
    // And EDM's loss by the factor of k-diffusion, (σ σ_data)²/(σ² + σ_data²)².
    const edm = weightAt("soft-min-snr", { target: "edm", sigmaData: d }, gamma, d ** -2);
    assertClose([edm], [(s * d / (s ** 2 + d ** 2)) ** 2], { relative: 1e-6 });
  }));
});

Deno.test("VLB weights integrate to the same bound on every schedule and for every target", () => {
  // With E‖x − x̂‖² = 1/(1 + SNR) (unit normal data), ½ ∫ dSNR/(1 + SNR) over the SNRs in between.
  const bound = (from: number, to: number) => (Math.log1p(snr(from)) - Math.log1p(snr(to))) / 2;
  const n = 20_000;
  const u = Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);
  for (const name of ["cosine", "linear", "flow", "edm"] as const) {
    const { gamma } = schedule(name, { zeroTerminalSnr: name === "linear" });
    for (const target of ["x0", "v"] as const) {
      const weights = lossWeights("vlb", target, gamma, u);
      const loss = weights.reduce((sum, weight, i) => {
        const level = gamma(u[i]!);
        return sum +
          weight / (1 + snr(level)) / parameterizationOf(target).squaredOutputScale(level);
      }, 0) / n;
      assertClose([loss], [bound(gamma(0), gamma(1))], { relative: 2e-3 }, `${name} ${target}`);
    }
  }
});

Deno.test("no weight is NaN where no signal is left, and ε's that would be are refused", () => {
  const level = trainingLevel(schedule("linear", { zeroTerminalSnr: true }));
  for (const weighting of weightingNames) {
    for (const objective of objectives.filter((objective) => objective !== "epsilon")) {
      const [weight] = lossWeights(weighting, objective, level, [1]);
      assert.ok(Number.isFinite(weight) && weight! >= 0, `${weighting} ${weight}`);
      if (weighting.endsWith("snr")) assert.equal(weight, 0);
    }
    if (weighting === "uniform") continue;
    assert.throws(() => lossWeights(weighting, "epsilon", level, [1]), {
      name: "UserError",
      message: /^weighting is ".*" with target "epsilon" at SNR 0: the weight is /,
    });
  }
});

Deno.test("requireTrainable() refuses what makes no sense and says what would", () => {
  const flow = schedule("flow"), cosine = schedule("cosine");
  const cases: [Parameters<typeof requireTrainable>[0], RegExp][] = [
    [
      { schedule: flow, objective: "epsilon" },
      /^target is "epsilon" with schedule "flow", which ends/,
    ],
    [
      { schedule: schedule("cosine", { zeroTerminalSnr: true }), objective: "epsilon" },
      /divide by an SNR of zero; use target "v", "x0", "flow" or "edm"/,
    ],
    [{ schedule: cosine, objective: "v", snrLimit: 5 }, /^snr_limit is 5 with weighting "uniform"/],
    [
      { schedule: cosine, objective: "v", weighting: "vlb", times: "logit-normal" },
      /^weighting is "vlb" with times "logit-normal": .* use times "uniform"/,
    ],
  ];
  for (const [choices, message] of cases) {
    assert.throws(() => requireTrainable(choices), { name: "UserError", message });
  }
});

Deno.test("requireTrainable() accepts the combinations of the papers", () => {
  requireTrainable({ schedule: schedule("linear"), objective: "epsilon" });
  requireTrainable({ schedule: schedule("cosine"), objective: "v", weighting: "min-snr" });
  requireTrainable({ schedule: schedule("flow"), objective: "flow", times: "logit-normal" });
  requireTrainable({
    schedule: schedule("edm"),
    objective: { target: "edm", sigmaData: 0.6162 },
    times: "log-normal",
    weighting: "soft-min-snr",
    snrLimit: 0.6162 ** -2,
  });
  const rescaled = schedule("scaled-linear", { zeroTerminalSnr: true });
  requireTrainable({ schedule: rescaled, objective: "v", weighting: "vlb" });
});
