import type { ImageDataset } from "../../data/mod.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import { trainingCount, validationCount } from "./batch.ts";
import { VALIDATION_GAMMAS } from "./validation.ts";

/**
 * The denoising error to beat: that of the best linear estimate of every pixel from its own noisy
 * value. With a pixel's mean m and variance s² over the training images, the estimate at z = αx + σε
 * is m + k (z − αm) with k = αs²/(α²s² + σ²) (Wiener's filter, one pixel at a time). Its expected
 * squared error on a validation pixel x is (1 − kα)² (x − m)² + k² σ², averaged here over pixels,
 * validation images and {@link VALIDATION_GAMMAS}.
 */
export function pixelwiseDenoisingError(dataset: ImageDataset): number {
  const { means, variances } = pixelMoments(dataset);
  const deviations = validationDeviations(dataset, means);
  const errors = VALIDATION_GAMMAS.map((gamma) => {
    const { alpha, sigma } = alphaSigma(gamma);
    return meanOver(means.length, (j) => {
      const k = alpha * variances[j]! / (alpha ** 2 * variances[j]! + sigma ** 2);
      return (1 - k * alpha) ** 2 * deviations[j]! + k ** 2 * sigma ** 2;
    });
  });
  return meanOver(errors.length, (i) => errors[i]!);
}

/** Mean and variance of every pixel over the training images, in [−1, 1]. */
export function pixelMoments(
  dataset: ImageDataset,
): { means: Float64Array; variances: Float64Array } {
  const size = dataset.height * dataset.width * dataset.channels;
  const count = trainingCount(dataset);
  const { pixels } = dataset.train;
  const sums = new Float64Array(size), squares = new Float64Array(size);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < size; j++) {
      const value = pixels[i * size + j]!;
      sums[j] = sums[j]! + value;
      squares[j] = squares[j]! + value * value;
    }
  }
  return {
    means: sums.map((sum) => sum / count / 127.5 - 1),
    variances: squares.map((square, j) => (square / count - (sums[j]! / count) ** 2) / 127.5 ** 2),
  };
}

/** Mean of (x − m)² over the validation images, for every pixel. */
function validationDeviations(dataset: ImageDataset, means: Float64Array): Float64Array {
  const first = trainingCount(dataset);
  const kept = validationCount(dataset);
  return means.map((mean, j) =>
    meanOver(kept, (i) => {
      const value = dataset.train.pixels[(first + i) * means.length + j]! / 127.5 - 1;
      return (value - mean) ** 2;
    })
  );
}

function meanOver(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
}
