/**
 * Returns the diffusion term for a finite number of steps T (VDM, equation 13):
 * ½ Σ (SNR(t_{i−1}) − SNR(t_i)) ‖e − x̂(t_i)‖². It is larger than the continuous term and converges to it
 * as T increases.
 *
 * @param gammas The T + 1 noise levels, from low to high.
 * @param squaredErrors Mean ‖e − x̂‖² at gammas[1], …, gammas[T].
 */
export function discreteDiffusion(
  gammas: readonly number[],
  squaredErrors: readonly number[],
): number {
  return 0.5 * squaredErrors.reduce(
    (sum, error, i) => sum + (Math.exp(-gammas[i]!) - Math.exp(-gammas[i + 1]!)) * error,
    0,
  );
}
