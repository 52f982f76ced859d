/**
 * Masked discrete diffusion: the forward process replaces characters by a mask (the absorbing process of
 * Austin et al. 2021, "D3PM"), and the network predicts the masked characters.
 */
import { permutation, type RandomKey, uniforms } from "../../../engine/host/mod.ts";

/**
 * Samples the masked positions of each window such that the mean cross-entropy of a window's masked
 * characters is an unbiased estimate of the bound in nats per character.
 *
 * In continuous time, for windows of L characters that are each masked at time t with probability t, the
 * bound does not depend on the schedule (Sahoo et al. 2024, "MDLM", section 3; Shi et al. 2024, "MD4",
 * section 2):
 *
 *     −log p(x) ≤ ∫₀¹ 1/t E_M[Σ_{i∈M} −log p(x_i | x_{\M})] dt
 *
 * The weight 1/t cancels with the probability t that position i is masked. What remains is, for every
 * position, the expected cost of its character given that it is masked and every other position is masked
 * with probability t. The number of masked positions is then 1 + Binomial(L − 1, t); for uniform t it is
 * uniform over 1 … L, the set of that size is uniform, and the costs of all its positions may be
 * averaged. This is the bound of any-order autoregressive models (Hoogeboom et al. 2022, "ARDM"; Ou et al.
 * 2025, theorem 2). No weight has a singularity, and the prior and reconstruction terms are zero, because
 * all characters are masked at t = 1 and none at t = 0. The mean over all masked characters of a batch,
 * which is often reported, is *not* the bound: it weights every window by its number of masks.
 *
 * For T = `steps` sampling steps, within which characters are sampled independently of each other, the
 * bound is the same with t uniform over 1/T, 2/T, …, 1, because a step from t to s reveals a share
 * (t − s)/t of the masked characters. Only the distribution of the number of masks changes.
 *
 * The numbers of masks of a batch are stratified.
 *
 * @param steps Number of sampling steps. By default infinite: continuous time.
 * @returns Row-major [count, length]: 1 where masked, 0 elsewhere, with at least one 1 in each row.
 */
export function maskedPlaces(
  count: number,
  length: number,
  key: RandomKey,
  steps?: number,
): Float32Array {
  const [offset] = uniforms({ ...key, stream: `${key.stream}/offset` }, 1);
  const order = permutation({ ...key, stream: `${key.stream}/order` }, count);
  const draws = uniforms({ ...key, stream: `${key.stream}/places` }, count * length);
  const shares = steps === undefined ? null : maskShares(length, steps);
  const masked = new Float32Array(count * length);
  order.forEach((row, stratum) => {
    const u = (stratum + offset!) / count;
    const size = 1 + (shares ? quantile(shares, u) : Math.floor(length * u));
    const own = draws.subarray(row * length, (row + 1) * length);
    Array.from(own, (_, place) => place)
      .sort((a, b) => own[a]! - own[b]! || a - b)
      .slice(0, size)
      .forEach((place) => masked[row * length + place] = 1);
  });
  return masked;
}

/** Returns the probabilities of n = 0, …, L − 1 other masks: Binomial(L − 1, k/T), with k uniform over 1 … T. */
function maskShares(length: number, steps: number): Float64Array {
  const others = length - 1;
  const logFactorials = new Float64Array(length);
  for (let n = 1; n < length; n++) logFactorials[n] = logFactorials[n - 1]! + Math.log(n);
  const shares = new Float64Array(length);
  shares[others] = 1 / steps; // k = T masks all.
  for (let k = 1; k < steps; k++) {
    const [masked, seen] = [Math.log(k / steps), Math.log1p(-k / steps)];
    for (let n = 0; n < length; n++) {
      const log = logFactorials[others]! - logFactorials[n]! - logFactorials[others - n]! +
        n * masked + (others - n) * seen;
      shares[n] = shares[n]! + Math.exp(log) / steps;
    }
  }
  return shares;
}

/** Returns the smallest index whose cumulative probability exceeds `u`. */
function quantile(shares: Float64Array, u: number): number {
  let sum = 0;
  const found = shares.findIndex((share) => (sum += share) > u);
  return found < 0 ? shares.length - 1 : found;
}
