import { alphaSigma } from "./notation.ts";

/**
 * Views of the process: other amplitudes (α', σ') with the same SNR. As α'/σ' = α/σ, there is a
 * κ(γ) with α' = κ α, σ' = κ σ, and the point z' = α' x + σ' ε is κ z.
 *
 * | view | α' | σ' | κ |
 * |---|---|---|---|
 * | `edm`, variance exploding (Karras et al. 2022, σ) | 1 | e^(γ/2) | 1/α |
 * | `flow`, rectified flow (Liu et al. 2023, t) | 1 − t | t | 1/(α + σ) |
 */
export type ViewName = "edm" | "flow";

/** κ of a view at a noise level. In pure noise (γ = +∞) the view `edm` has none: it is ∞ there. */
export const viewScale: { readonly [Name in ViewName]: (gamma: number) => number } = {
  edm: (gamma) => 1 / alphaSigma(gamma).alpha,
  flow: (gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    return 1 / (alpha + sigma);
  },
};

/** EDM's noise level σ' = σ/α = e^(γ/2). */
export function edmSigma(gamma: number): number {
  return Math.exp(gamma / 2);
}

/** γ of EDM's noise level: 2 ln σ'. */
export function gammaOfEdmSigma(sigma: number): number {
  return 2 * Math.log(sigma);
}

/** Rectified flow's time t = σ/(α + σ): 0 is clean, 1 is pure noise. */
export function flowTime(gamma: number): number {
  return 1 / (1 + Math.exp(-gamma / 2));
}

/** γ of rectified flow's time: 2 ln(t/(1 − t)). */
export function gammaOfFlowTime(t: number): number {
  return 2 * (Math.log(t) - Math.log1p(-t));
}
