/**
 * Time warping that adapts to the run: noise levels are sampled approximately in proportion to their
 * contribution to the bound, estimated from the network's own errors. The time warping of Dieleman et al.
 * 2022 ("CDCD") makes the cross-entropy linear in t; here it is the bound, whose integrand over γ is
 * ½ e^{−γ} ‖e − x̂‖² nats per character.
 *
 * The logarithm of the integrand is represented by its values at a few knots over γ, with linear
 * interpolation in between. The values are an additional parameter, fitted by regression during training,
 * so they are saved, resumed and averaged like all other parameters.
 */
import { tf } from "../../../engine/mod.ts";
import type { Init } from "../../layers/mod.ts";
import { logisticGamma, type NoiseRange } from "./bound.ts";
import { timeAt } from "../../diffusion/mod.ts";

/** Name of the parameter, [KNOTS]: ln(nats per character and unit of γ) at the knots. */
export const DENSITY = "gamma.density";
/** Number of knots, evenly spaced between the lowest and the highest noise level. */
export const KNOTS = 17;
/** Share of the noise levels that are sampled uniformly in γ, so that every level is sampled. */
const UNIFORM_SHARE = 0.1;

/** Nats per unit of γ below which the integrand is treated as constant. */
const MIN_NATS = 1e-3;
/** Largest ratio of a single window's integrand to the fitted one; larger ratios are clipped. */
const MAX_RATIO = 10;
/** Scale of the gradient: small compared with the network's, with which it is clipped. Adam is invariant to it. */
const GRADIENT_SCALE = 0.01;

/** The range of γ that the density covers. */
export interface GammaEnds {
  readonly start: number;
  readonly end: number;
}

/** Initial value of the parameter: two nats in total, distributed as the levels of {@link logisticGamma}. */
export function initialDensity({ start, end }: GammaEnds): Init {
  const { slope, gamma } = logisticGamma(start, end);
  const values = Array.from({ length: KNOTS }, (_, k) => {
    const level = start + (end - start) * k / (KNOTS - 1);
    return Math.log(2 / slope(timeAt(gamma, level)));
  });
  return { kind: "segments", values };
}

/**
 * Returns γ(t) such that equal intervals of t contribute equally to the bound, except for a tenth of the
 * levels, which are uniform in γ.
 *
 * @param logDensity The value of {@link DENSITY}.
 */
export function adaptiveGamma(
  { start, end }: GammaEnds,
  logDensity: ArrayLike<number>,
): NoiseRange {
  const highest = Math.max(...Array.from(logDensity));
  const fitted = Array.from(logDensity, (value) => Math.exp(value - highest));
  const width = (end - start) / (KNOTS - 1);
  const uniform = UNIFORM_SHARE / (1 - UNIFORM_SHARE) * sum(trapezoids(fitted)) / (KNOTS - 1);
  const density = fitted.map((value) => value + uniform);
  const areas = trapezoids(density);
  const total = sum(areas);

  /** Inverse of the cumulative distribution: the interval, and the position in it, at quantile t. */
  const place = (t: number) => {
    let [k, left] = [0, Math.min(1, Math.max(0, t)) * total];
    while (k < areas.length - 1 && left > areas[k]!) left -= areas[k++]!;
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

/** Areas of the trapezoids between neighbouring values, of width 1. */
function trapezoids(values: readonly number[]): number[] {
  return values.slice(1).map((value, k) => (value + values[k]!) / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Returns the weight of each knot at these levels, [N, KNOTS], for linear interpolation. */
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

/** Inputs of {@link densityFit}; all are [N] except the parameter and the knots' weights. */
export interface DensityInputs {
  /** {@link DENSITY}. */
  readonly logDensity: tf.Tensor;
  /** {@link knotWeights}. */
  readonly knots: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly squaredErrors: tf.Tensor;
  /** Positive for the windows that contribute to the diffusion term. */
  readonly squaredErrorWeight: tf.Tensor;
}

/**
 * Returns a scalar of value 0 whose gradient fits the parameter to the mean of the measured integrand.
 * With y the integrand of a window and ln f the interpolated parameter, the gradient with respect to ln f
 * is 1 − y/f: that of the negative log-likelihood of an exponential distribution with mean f. It vanishes
 * where f is the mean of y, at any scale. No gradient flows into the errors.
 */
export function densityFit(inputs: DensityInputs): tf.Tensor {
  const { logDensity, knots, gamma, squaredErrors, squaredErrorWeight } = inputs;
  const expected = tf.reshape(
    tf.matMul(knots as tf.Tensor2D, tf.reshape(logDensity, [KNOTS, 1]) as tf.Tensor2D),
    [-1],
  );
  const measured = tf.add(tf.mul(tf.exp(tf.neg(gamma)), tf.mul(squaredErrors, 0.5)), MIN_NATS);
  const ratio = tf.minimum(tf.mul(measured, tf.exp(tf.neg(expected))), MAX_RATIO);
  const slope = tf.mul(tf.sign(squaredErrorWeight), tf.sub(1, ratio));
  const fit = tf.mul(tf.mean(tf.mul(expected, constant(slope))), GRADIENT_SCALE);
  return tf.sub(fit, constant(fit));
}

/** Stops the gradient. */
const constant = tf.customGrad((values) => ({
  value: tf.add(values as tf.Tensor, 0),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));
