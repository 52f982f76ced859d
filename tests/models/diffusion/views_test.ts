import {
  edmSigma,
  flowTime,
  gammaOfEdmSigma,
  gammaOfFlowTime,
  viewScale,
} from "../../../models/diffusion/notation.ts";
import fc from "fast-check";
import { alphaSigma } from "../../../models/diffusion/mod.ts";
import { assertClose } from "../assert_close.ts";

const anyGamma = fc.double({ min: -30, max: 30, noNaN: true });

Deno.test("a view's amplitudes are the core's by one factor", () => {
  fc.assert(fc.property(anyGamma, (gamma) => {
    const { alpha, sigma } = alphaSigma(gamma), t = flowTime(gamma);
    const edm = viewScale.edm(gamma), flow = viewScale.flow(gamma);
    assertClose([edm * alpha, edm * sigma], [1, edmSigma(gamma)], { relative: 1e-12 });
    assertClose([flow * alpha, flow * sigma], [1 / (1 + Math.exp(gamma / 2)), t], {
      relative: 1e-12,
    });
    assertClose([flow * (alpha + sigma)], [1], { relative: 1e-12 });
  }));
});

Deno.test("noise levels come back from EDM's σ and from flow's t", () => {
  fc.assert(fc.property(anyGamma, (gamma) => {
    assertClose([gammaOfEdmSigma(edmSigma(gamma))], [gamma], { absolute: 1e-12 });
    // Near t = 1, float64 rounds t itself.
    const absolute = 1e-12 + 2 ** -50 * Math.exp(Math.abs(gamma) / 2);
    assertClose([gammaOfFlowTime(flowTime(gamma))], [gamma], { absolute });
  }));
});

Deno.test("flow's view holds at both ends: clean data and pure noise", () => {
  assertClose([viewScale.flow(-Infinity), viewScale.flow(Infinity)], [1, 1], {});
  assertClose([flowTime(-Infinity), flowTime(Infinity)], [0, 1], {});
});
