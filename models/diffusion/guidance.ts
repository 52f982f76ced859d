/**
 * Classifier-free guidance. The estimates are combined in the compiled denoiser. Whether guidance applies is
 * decided on the host for every level ({@link guidanceAt}), because outside of the guidance interval a
 * sampler can call a denoiser without guidance at half the cost.
 */
import type { Arithmetic } from "./notation.ts";

/**
 * Classifier-free guidance (Ho & Salimans 2022, equation 6, with their w = g − 1):
 * unconditional + g · (conditional − unconditional).
 *
 * At a fixed z the targets are affine functions of each other, so guidance of ε̂, v̂ or x̂ is equivalent.
 *
 * @param m Arithmetic on tensors.
 * @param guidanceScale g: 0 is unconditional, 1 conditional without guidance, above 1 guided.
 */
export function guide<T>(
  m: Arithmetic<T>,
  conditional: T,
  unconditional: T,
  guidanceScale: T | number,
): T {
  return m.add(unconditional, m.mul(m.sub(conditional, unconditional), guidanceScale));
}

/**
 * Guidance rescale (Lin et al. 2024, section 3.4, equations 14-16), which counteracts over-exposure: the
 * guided estimate of each example is scaled to the standard deviation of the conditional one, and
 * interpolated with the unscaled estimate.
 *
 * The paper rescales the output of the network; here x̂ is rescaled, so that the effect is the same for
 * every target.
 *
 * @param m Arithmetic on tensors.
 * @param guided,conditional Estimates x̂, [N, …].
 * @param rescale φ: 0 does not rescale, 1 rescales fully.
 */
export function rescaleGuidance<T>(
  m: Arithmetic<T>,
  guided: T,
  conditional: T,
  rescale: T | number,
): T {
  const variance = (values: T) => {
    const deviation = m.sub(values, m.meanPerExample(values));
    // The small constant avoids a division by zero for constant examples.
    return m.add(m.meanPerExample(m.mul(deviation, deviation)), 1e-12);
  };
  const ratio = m.sqrt(m.div(variance(conditional), variance(guided)));
  return m.add(guided, m.mul(m.sub(m.mul(guided, ratio), guided), rescale));
}

/** Options of guidance. */
export interface Guidance {
  /** g of {@link guide}. */
  readonly scale: number;
  /** Interval of γ in which guidance applies, low < γ ≤ high. By default everywhere. */
  readonly interval?: readonly [low: number, high: number] | undefined;
}

/**
 * Returns the guidance scale at a noise level: `scale` inside the interval, 1 outside (Kynkäänniemi et al.
 * 2024, "Applying Guidance in a Limited Interval"). At high noise levels guidance reduces diversity, at low
 * ones it has no effect.
 */
export function guidanceAt(gamma: number, { scale, interval }: Guidance): number {
  if (!interval) return scale;
  const [low, high] = interval;
  return gamma > low && gamma <= high ? scale : 1;
}

/** Whether this scale requires the unconditional estimate in addition to the conditional one. */
export function isGuided(scale: number): boolean {
  return scale !== 0 && scale !== 1;
}
