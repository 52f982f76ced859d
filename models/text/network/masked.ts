/**
 * Masked discrete diffusion: characters are not noised but masked, one after the other, for good (the
 * absorbing process of Austin et al. 2021, "D3PM"), and the network says what is behind the masks.
 */
import { tf } from "../../../engine/mod.ts";
import type { TensorFunction } from "../../../engine/mod.ts";
import { permutation, type RandomKey, uniforms } from "../../../engine/host/mod.ts";
import { input, perCharacter, type Tensors } from "./inputs.ts";
import type { TextNetwork } from "./network.ts";

/**
 * Draws which places of each window are masked: how many is uniform over 1 … L, one window in each of
 * `count` strata of equal probability, and which ones is uniform over the sets of that size.
 *
 * With such places, the mean cross-entropy of a window's masked characters is an unbiased estimate of
 * the bound in nats per character. In continuous time and for windows of L characters, each masked by
 * time t with probability t, the bound is (Sahoo et al. 2024, "MDLM", section 3; Shi et al. 2024,
 * "MD4", section 2; the schedule drops out)
 *
 *     −log p(x) ≤ ∫₀¹ 1/t E_M[Σ_{i∈M} −log p(x_i | x_{\M})] dt
 *
 * A set M of k places is masked at t with probability tᵏ(1 − t)ᴸ⁻ᵏ, and
 * ∫ tᵏ⁻¹(1 − t)ᴸ⁻ᵏ dt = (k−1)! (L−k)! / L! = 1 / (k·C(L, k)), so the integral is
 *
 *     Σ_k 1/k E_{|M| = k}[Σ_{i∈M} …] = L · E_{k ~ U{1, …, L}} E_{|M| = k}[mean over M of …]
 *
 * which is the bound of any-order autoregression (Hoogeboom et al. 2022, "ARDM"; Ou et al. 2025, theorem 2). No
 * weight has a singularity, and the prior and reconstruction terms are zero, as everything is masked
 * at t = 1 and nothing at t = 0. The mean over all masked characters of a batch, which is often
 * reported, is *not* the bound: it counts a window by the number of its masks, the hardest ones most.
 *
 * @returns Row-major [count, length]: 1 where masked, 0 elsewhere, at least one 1 in each row.
 */
export function maskedPlaces(count: number, length: number, key: RandomKey): Float32Array {
  const [offset] = uniforms({ ...key, stream: `${key.stream}/offset` }, 1);
  const order = permutation({ ...key, stream: `${key.stream}/order` }, count);
  const draws = uniforms({ ...key, stream: `${key.stream}/places` }, count * length);
  const masked = new Float32Array(count * length);
  order.forEach((row, stratum) => {
    const size = 1 + Math.floor(length * (stratum + offset!) / count);
    const own = draws.subarray(row * length, (row + 1) * length);
    Array.from(own, (_, place) => place)
      .sort((a, b) => own[a]! - own[b]! || a - b)
      .slice(0, size)
      .forEach((place) => masked[row * length + place] = 1);
  });
  return masked;
}

/**
 * The same for a walk of T = `steps` steps, from t = 1 to 0 by 1/T each, whose characters are drawn
 * without knowing of each other within a step. Its bound (D3PM, equation 1, with the posterior of
 * MDLM) is
 *
 *     Σ_{k=1}^T 1/k E_{t = k/T}[Σ_{i∈M} −log p(x_i | x_{\M})]
 *
 * in nats per window, which comes down to that of {@link maskedPlaces} as T grows. A window's step k
 * is uniform, one window in each stratum, and each of its places is masked with probability t.
 *
 * @returns Row-major [count, length], where a row may have no mask, and what each window's mean
 * cross-entropy of masked characters counts in the bound per character: |M| / (t L).
 */
export function maskedWalk(
  count: number,
  length: number,
  steps: number,
  key: RandomKey,
): { masked: Float32Array; weights: number[] } {
  const [offset] = uniforms({ ...key, stream: `${key.stream}/offset` }, 1);
  const order = permutation({ ...key, stream: `${key.stream}/order` }, count);
  const draws = uniforms({ ...key, stream: `${key.stream}/places` }, count * length);
  const masked = new Float32Array(count * length), weights = new Array<number>(count).fill(0);
  order.forEach((row, stratum) => {
    const t = (1 + Math.floor(steps * (stratum + offset!) / count)) / steps;
    for (let place = row * length; place < (row + 1) * length; place++) {
      if (draws[place]! >= t) continue;
      masked[place] = 1;
      weights[row] = weights[row]! + 1 / (t * length);
    }
  });
  return { masked, weights };
}

/**
 * The mean cross-entropy of each window's masked characters, [N], from `tokens` and `masked` [N, L]:
 * what `maskedPlaces` makes the bound of. Characters that are seen cost nothing, and a mask is never
 * what is behind a mask ("SUBS" of MDLM, section 3). 0 where nothing is masked.
 */
export function maskedBound(network: TextNetwork, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens"), masked = input(inputs, "masked");
  const nats = perCharacter(network.fill(inputs, tokens, masked), tokens);
  return tf.div(tf.sum(tf.mul(nats, masked), -1), tf.maximum(tf.sum(masked, -1), 1));
}

/** `nats` [N]: {@link maskedBound}. */
export function maskedBoundStep(network: TextNetwork): TensorFunction {
  return (inputs) => ({ nats: maskedBound(network, inputs) });
}

/** `logits` [N, length, V] of what is behind the masks, from `tokens` and `masked` [N, length]. */
export function textFiller(network: TextNetwork): TensorFunction {
  return (inputs) => ({
    logits: network.fill(inputs, input(inputs, "tokens"), input(inputs, "masked")),
  });
}
