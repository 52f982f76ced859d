/**
 * A time warp that follows the run: levels are drawn about as often as they weigh in the bound, by what
 * the network's own errors say of it (the aim of Dieleman et al. 2022, "CDCD", section 4.3: the
 * cross-entropy becomes linear in t; here it is the bound, whose integrand over γ is
 * ½ e^{−γ} ‖e − x̂‖² nats per character).
 *
 * The integrand's logarithm is kept at a few knots over γ, straight in between, as one more parameter,
 * which a regression fits while the network trains. So it is saved, resumed and averaged like any other.
 */
import { tf } from "../../../engine/mod.ts";
import type { Init } from "../../layers/mod.ts";
import { logisticGamma, type NoiseRange } from "./bound.ts";
import { timeAt } from "../../diffusion/mod.ts";

/** Name of the parameter: ln(nats per character and unit of γ) at the knots, [KNOTS]. */
export const DENSITY = "gamma.density";
/** Levels, evenly from the cleanest to the noisiest. */
export const KNOTS = 17;
/** Share of the draws that are even in γ: no level is left without any. */
const EVEN = 0.1;

/** Nats per unit of γ below which a level's cost does not matter. */
const LEAST = 1e-3;
/** A single window counts as at most this many times what was expected. */
const MOST_TIMES = 10;
/** Of the gradient: small beside the network's, with which it is clipped; Adam does not mind. */
const SHARE = 0.01;

/** The ends of γ between which the density is known. */
export interface GammaEnds {
  readonly start: number;
  readonly end: number;
}

/** Where it starts: two nats in all, spread as {@link logisticGamma} spreads its levels. */
export function initialDensity({ start, end }: GammaEnds): Init {
  const { slope, gamma } = logisticGamma(start, end);
  const values = Array.from({ length: KNOTS }, (_, k) => {
    const level = start + (end - start) * k / (KNOTS - 1);
    return Math.log(2 / slope(timeAt(gamma, level)));
  });
  return { kind: "stretches", values };
}

/**
 * γ over time such that equal stretches of t hold equal parts of the bound, but for a tenth of them,
 * which lie evenly in γ.
 *
 * @param logDensity {@link DENSITY}.
 */
export function adaptiveGamma(
  { start, end }: GammaEnds,
  logDensity: ArrayLike<number>,
): NoiseRange {
  const most = Math.max(...Array.from(logDensity));
  const known = Array.from(logDensity, (value) => Math.exp(value - most));
  const width = (end - start) / (KNOTS - 1);
  const even = EVEN / (1 - EVEN) * sum(stretches(known)) / (KNOTS - 1);
  const density = known.map((value) => value + even);
  const parts = stretches(density);
  const total = sum(parts);

  /** Where in which stretch the first share t of the area ends. */
  const place = (t: number) => {
    let [k, left] = [0, Math.min(1, Math.max(0, t)) * total];
    while (k < parts.length - 1 && left > parts[k]!) left -= parts[k++]!;
    const rise = density[k + 1]! - density[k]!;
    // The root of p x + rise x²/2 = left, in the form that also holds for a rise of zero.
    const root = Math.sqrt(Math.max(0, density[k]! ** 2 + 2 * rise * left));
    return { k, x: Math.min(1, 2 * left / (density[k]! + root)), rise };
  };
  return {
    gamma(t) {
      const { k, x } = place(t);
      return Math.min(end, start + width * (k + x));
    },
    slope(t) {
      const { k, x, rise } = place(t);
      return width * total / (density[k]! + rise * x);
    },
  };
}

/** Areas under straight lines between the values, of width 1. */
function stretches(values: readonly number[]): number[] {
  return values.slice(1).map((value, k) => (value + values[k]!) / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What each knot counts at these levels, [N, KNOTS]: interpolation along straight lines. */
export function knotWeights(gammas: ArrayLike<number>, { start, end }: GammaEnds): Float32Array {
  const weights = new Float32Array(gammas.length * KNOTS);
  for (let i = 0; i < gammas.length; i++) {
    const at = Math.min(1, Math.max(0, (gammas[i]! - start) / (end - start))) * (KNOTS - 1);
    const k = Math.min(KNOTS - 2, Math.floor(at));
    weights[i * KNOTS + k] = k + 1 - at;
    weights[i * KNOTS + k + 1] = at - k;
  }
  return weights;
}

/** What {@link densityFit} takes, all [N] but for the parameter and the knots' weights. */
export interface DensityInputs {
  /** {@link DENSITY}. */
  readonly logDensity: tf.Tensor;
  /** {@link knotWeights}. */
  readonly knots: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly squaredErrors: tf.Tensor;
  /** Above 0 for the windows that count in the diffusion term. */
  readonly squaredErrorWeight: tf.Tensor;
}

/**
 * A scalar of value 0 whose gradient fits the parameter to the mean of what is measured: with y the
 * integrand of a window and f = exp(what the parameter says of its level), the gradient of ln f is 1 − y/f,
 * that of the gamma distribution's likelihood, which is zero where f is the mean of y, whatever y's
 * scale. It goes into the parameter alone, not into the errors.
 */
export function densityFit(inputs: DensityInputs): tf.Tensor {
  const { logDensity, knots, gamma, squaredErrors, squaredErrorWeight } = inputs;
  const expected = tf.reshape(
    tf.matMul(knots as tf.Tensor2D, tf.reshape(logDensity, [KNOTS, 1]) as tf.Tensor2D),
    [-1],
  );
  const measured = tf.add(tf.mul(tf.exp(tf.neg(gamma)), tf.mul(squaredErrors, 0.5)), LEAST);
  const ratio = tf.minimum(tf.mul(measured, tf.exp(tf.neg(expected))), MOST_TIMES);
  const slope = tf.mul(tf.sign(squaredErrorWeight), tf.sub(1, ratio));
  const fit = tf.mul(tf.mean(tf.mul(expected, constant(slope))), SHARE);
  return tf.sub(fit, constant(fit));
}

/** The same values, through which no gradient flows. */
const constant = tf.customGrad((values) => ({
  value: tf.add(values as tf.Tensor, 0),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));
