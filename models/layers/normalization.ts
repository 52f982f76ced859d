/** Group and layer normalisation, with gradients that need few passes over memory. */
import { tf } from "../../engine/mod.ts";
import type { Layer } from "./linear.ts";
import { ones, type Scope, zeros } from "./parameters.ts";

const epsilon = 1e-5;

/**
 * Group normalisation (Wu & He 2018) of [N, H, W, channels]: each group of channels of an image is
 * normalised to mean 0 and variance 1, then scaled and shifted by learned values for each channel.
 *
 * @param groups Number of groups; must divide `channels`. By default 8, or fewer so that a group has at
 * least 4 channels: a group of one channel would remove any constant added to that channel, such as a
 * condition.
 */
export function groupNorm(
  scope: Scope,
  channels: number,
  groups: number = Math.min(8, channels / 4),
): Layer<tf.Tensor4D> {
  const weight = scope.declare("weight", [channels], ones);
  const bias = scope.declare("bias", [channels], zeros);
  return (p, x) => normalizeGroups(x, weight(p), bias(p), groups);
}

/**
 * Only two sums over space and one multiply-add run over the whole image; all else is computed on
 * [N, groups, channels per group]. The gradient needs one more multiply-add over the image.
 */
function normalizeGroups(
  x: tf.Tensor4D,
  weight: tf.Tensor,
  bias: tf.Tensor,
  groups: number,
): tf.Tensor4D {
  const [n, height, width, channels] = x.shape;
  const perGroup = channels / groups;
  const count = height * width * perGroup;
  const grouped = (perChannel: tf.Tensor) => tf.reshape(perChannel, [-1, groups, perGroup]);
  const groupSum = (values: tf.Tensor) => tf.sum(values, 2, true);
  const overImage = (values: tf.Tensor) => tf.reshape(values, [n, 1, 1, channels]);

  const withGradient = tf.customGrad((...args) => {
    const [x, weight, bias, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const sums = grouped(tf.sum(x, [1, 2])); // [n, groups, perGroup], as all below
    const squares = grouped(tf.sum(tf.mul(x, x), [1, 2]));
    const mean = tf.div(groupSum(sums), count); // [n, groups, 1]
    const meanSquare = tf.div(groupSum(squares), count);
    // Rounding can make the difference of two large numbers negative.
    const variance = tf.relu(tf.sub(meanSquare, tf.mul(mean, mean)));
    const rstd = tf.rsqrt(tf.add(variance, epsilon));
    const scale = tf.mul(rstd, grouped(weight));
    const shift = tf.sub(grouped(bias), tf.mul(mean, scale));
    save([x, weight, mean, rstd]);

    // With x̂ = (x − mean)·rstd: dx = rstd·(w dy − ⟨w dy⟩ − x̂ ⟨w dy x̂⟩), ⟨⟩ the mean of a group.
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, weight, mean, rstd] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const w = grouped(weight);
      const dBias = grouped(tf.sum(dy, [1, 2]));
      const dWeight = tf.mul(
        rstd,
        tf.sub(grouped(tf.sum(tf.mul(dy, x), [1, 2])), tf.mul(mean, dBias)),
      );
      const meanDy = tf.div(groupSum(tf.mul(w, dBias)), count);
      const meanDyX = tf.div(groupSum(tf.mul(w, dWeight)), count);
      const perX = tf.neg(tf.mul(tf.mul(rstd, rstd), meanDyX)); // [n, groups, 1]
      const constant = tf.neg(tf.add(tf.mul(rstd, meanDy), tf.mul(mean, perX)));
      const toChannels = (ofGroup: tf.Tensor) => tf.tile(ofGroup, [1, 1, perGroup]);
      const dx = tf.add(
        tf.add(
          tf.mul(dy, overImage(tf.mul(rstd, w))),
          tf.mul(x, overImage(toChannels(perX))),
        ),
        overImage(toChannels(constant)),
      );
      return [
        dx,
        tf.reshape(tf.sum(dWeight, 0), [channels]),
        tf.reshape(tf.sum(dBias, 0), [channels]),
      ];
    };
    return { value: tf.add(tf.mul(x, overImage(scale)), overImage(shift)), gradFunc };
  });
  return withGradient(x, weight, bias) as tf.Tensor4D;
}

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016) of [..., width]: the last axis is normalised to mean 0 and
 * variance 1, then scaled and shifted by learned values.
 */
export function layerNorm(scope: Scope, width: number): Layer {
  const weight = scope.declare("weight", [width], ones);
  const bias = scope.declare("bias", [width], zeros);
  return (p, x) => tf.add(tf.mul(standardize(x), weight(p)), bias(p));
}

/** Layer normalisation without learned parameters: (x − mean)/√(variance + ε) over the last axis. */
export const standardize: (x: tf.Tensor) => tf.Tensor = tf.customGrad((input, saveArgument) => {
  const x = input as tf.Tensor, save = saveArgument as tf.GradSaveFunc;
  const rowMean = (values: tf.Tensor) => tf.mean(values, -1, true);
  const centered = tf.sub(x, rowMean(x));
  const rstd = tf.rsqrt(tf.add(rowMean(tf.mul(centered, centered)), epsilon));
  const y = tf.mul(centered, rstd);
  save([y, rstd]);
  return {
    value: y,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [y, rstd] = saved as [tf.Tensor, tf.Tensor];
      const parallel = tf.mul(y, rowMean(tf.mul(dy, y)));
      return tf.mul(rstd, tf.sub(tf.sub(dy, rowMean(dy)), parallel));
    },
  };
});
