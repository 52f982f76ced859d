/**
 * Classifier-free guidance. The mixture itself runs in the compiled denoiser; when it applies is
 * decided on the host ({@link guidanceAt}), level by level, because outside the interval a sampler may
 * then call a denoiser without guidance and save half of the work.
 */
import { tf } from "../../engine/mod.ts";

/**
 * Classifier-free guidance (Ho & Salimans 2022, equation 6, with their w = g − 1):
 * unconditional + g · (conditional − unconditional).
 *
 * At a fixed z the targets are affine maps of each other, so it makes no difference whether this is
 * applied to ε̂, to v̂ or to x̂.
 *
 * @param guidanceScale g: 0 is unconditional, 1 plainly conditional, above 1 exaggerated.
 */
export function guide(
  conditional: tf.Tensor,
  unconditional: tf.Tensor,
  guidanceScale: number | tf.Tensor,
): tf.Tensor {
  return tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), guidanceScale));
}

/**
 * Takes back the contrast that guidance adds (Lin et al. 2024, section 3.4, equations 14-16): the
 * guided estimate is scaled to the standard deviation of the conditional one, example by example, and
 * mixed with itself unscaled.
 *
 * The paper does this to the network's output; here it is done to x̂, the quantity whose contrast is
 * meant, so that it does the same for every target.
 *
 * @param guided,conditional Estimates x̂, [N, …].
 * @param rescale φ: 0 leaves the guided estimate alone, 1 gives it the conditional's deviation.
 */
export function rescaleGuidance(
  guided: tf.Tensor,
  conditional: tf.Tensor,
  rescale: number | tf.Tensor,
): tf.Tensor {
  const ratio = tf.sqrt(tf.div(variancePerExample(conditional), variancePerExample(guided)));
  return tf.add(guided, tf.mul(tf.sub(tf.mul(guided, ratio), guided), rescale));
}

/** [N, …] → [N, 1, …]; the tiny constant keeps a constant example from dividing by zero. */
function variancePerExample(values: tf.Tensor): tf.Tensor {
  const axes = values.shape.slice(1).map((_, axis) => axis + 1);
  const deviation = tf.sub(values, tf.mean(values, axes, true));
  return tf.add(tf.mean(tf.mul(deviation, deviation), axes, true), 1e-12);
}

/** When and how much to guide. */
export interface Guidance {
  /** g of {@link guide}. */
  readonly scale: number;
  /** γ from which and up to which it applies, low < γ ≤ high; everywhere by default. */
  readonly interval?: readonly [low: number, high: number];
}

/**
 * The guidance scale at a noise level: `scale` inside the interval, 1 (plainly conditional) outside
 * (Kynkäänniemi et al. 2024, "Applying Guidance in a Limited Interval"). At high noise
 * guidance costs variety, at low noise it does nothing.
 */
export function guidanceAt(gamma: number, { scale, interval }: Guidance): number {
  if (!interval) return scale;
  const [low, high] = interval;
  return gamma > low && gamma <= high ? scale : 1;
}
