/**
 * Masked discrete diffusion: characters are not noised but masked, one after the other, for good (the
 * absorbing process of Austin et al. 2021, "D3PM"), and the network says what is behind the masks.
 */
import { tf } from "../../../engine/mod.ts";
import { permutation, type RandomKey, uniforms } from "../../../engine/host/mod.ts";
import type { Tensors } from "../../layers/mod.ts";
import { input, perExampleInput, type Step } from "../../steps/mod.ts";
import { type Filler, perCharacter } from "./heads.ts";
import type { TextNetwork } from "./network.ts";

/**
 * Draws which places of each window are masked, such that the mean cross-entropy of a window's masked
 * characters is an unbiased estimate of the bound in nats per character.
 *
 * In continuous time and for windows of L characters, each masked by time t with probability t, the
 * bound is (Sahoo et al. 2024, "MDLM", section 3; Shi et al. 2024, "MD4", section 2; the schedule
 * drops out)
 *
 *     −log p(x) ≤ ∫₀¹ 1/t E_M[Σ_{i∈M} −log p(x_i | x_{\M})] dt
 *
 * The weight 1/t and the probability t that place i is masked cancel: what is left is, for every place,
 * the mean cost of its character where it is masked and each other place is with probability t. So
 * a masked place drawn uniformly has 1 + Binomial(L − 1, t) masked ones, itself among them, and over
 * uniform t that number is uniform over 1 … L; which ones they are is uniform too, and all of them may
 * be averaged. This is the bound of any-order autoregression (Hoogeboom et al. 2022, "ARDM"; Ou et al.
 * 2025, theorem 2): no weight has a singularity, and the prior and reconstruction terms are zero, as
 * everything is masked at t = 1 and nothing at t = 0. The mean over all masked characters of a batch,
 * which is often reported, is *not* the bound: it counts a window by the number of its masks, the
 * hardest ones most.
 *
 * A walk of T = `steps` steps of 1/T, whose characters do not know of each other within a step, has the
 * same bound with t uniform over 1/T, 2/T, …, 1 (a step from t to s reveals (t − s)/t of what is
 * masked), and so another distribution of the number of masks.
 *
 * The windows are spread over strata of equal probability of that number.
 *
 * @param steps Infinitely many unless given.
 * @returns Row-major [count, length]: 1 where masked, 0 elsewhere, at least one 1 in each row.
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

/** Probabilities of n = 0, …, L − 1 further masks: Binomial(L − 1, k/T), k uniform over 1 … T. */
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

/** The first index up to which the shares, which sum to one, have more than `u`. */
function quantile(shares: Float64Array, u: number): number {
  let sum = 0;
  const found = shares.findIndex((share) => (sum += share) > u);
  return found < 0 ? shares.length - 1 : found;
}

/** Windows and which of their places are masked. */
export function maskedInputs({ options: { context } }: TextNetwork): Step["inputs"] {
  return { tokens: perExampleInput([context], "int32"), masked: perExampleInput([context]) };
}

/**
 * The mean cross-entropy of each window's masked characters, [N], from `tokens` and `masked` [N, L]:
 * what `maskedPlaces` makes the bound of. Characters that are seen cost nothing, and a mask is never
 * what is behind a mask ("SUBS" of MDLM, section 3).
 */
export function maskedBound(filler: Filler, inputs: Tensors): tf.Tensor {
  const tokens = input(inputs, "tokens"), masked = input(inputs, "masked");
  const nats = perCharacter(filler.fill(inputs, tokens, masked), tokens);
  return tf.div(tf.sum(tf.mul(nats, masked), -1), tf.sum(masked, -1));
}

/** `nats` [N]: {@link maskedBound}. */
export function maskedBoundStep(network: TextNetwork, filler: Filler): Step {
  return {
    parameters: network.parameters,
    inputs: maskedInputs(network),
    apply: (inputs) => ({ nats: maskedBound(filler, inputs) }),
  };
}

/** `logits` [N, length, V] of what is behind the masks, from `tokens` and `masked` [N, length]. */
export function textFiller(network: TextNetwork, filler: Filler, length: number): Step {
  return {
    parameters: network.parameters,
    inputs: { tokens: perExampleInput([length], "int32"), masked: perExampleInput([length]) },
    apply: (inputs) => ({
      logits: filler.fill(inputs, input(inputs, "tokens"), input(inputs, "masked")),
    }),
  };
}
