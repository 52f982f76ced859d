/** Sampling a character from the logits of one position. */

/** Logits, one for each character of the vocabulary. */
export type Logits = Float32Array | Float64Array;

/** Returns row `i` of a row-major array of rows with `width` values each, as a view. */
export function rowOf(values: Float32Array, i: number, width: number): Float32Array {
  return values.subarray(i * width, (i + 1) * width);
}

/** Returns softmax(logits / temperature), in float64. */
export function probabilities(logits: Logits, temperature = 1): Float64Array {
  const shares = new Float64Array(logits.length);
  let most = -Infinity, sum = 0;
  for (const logit of logits) most = Math.max(most, logit);
  for (let v = 0; v < logits.length; v++) {
    sum += shares[v] = Math.exp((logits[v]! - most) / temperature);
  }
  return shares.map((share) => share / sum);
}

/** Returns log softmax(logits), in float64. */
export function logProbabilities(logits: Logits): Float64Array {
  let most = -Infinity, sum = 0;
  for (const logit of logits) most = Math.max(most, logit);
  for (const logit of logits) sum += Math.exp(logit - most);
  const norm = most + Math.log(sum);
  return Float64Array.from(logits, (logit) => logit - norm);
}

/** Returns the character with the highest logit, the first of several. */
export function likeliest(logits: Logits): number {
  let best = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v]! > logits[best]!) best = v;
  return best;
}

/** How characters are sampled from logits. */
export interface ChoiceOptions {
  /** Divisor of the logits; 0 selects the likeliest character. */
  readonly temperature: number;
  /** Nucleus sampling: the cumulative probability of the likeliest characters that are sampled from. */
  readonly topP: number;
}

/**
 * Samples a character: the likeliest one at temperature 0, otherwise from softmax(logits / temperature)
 * restricted to the smallest set of likeliest characters whose probability is at least `topP` (nucleus
 * sampling, Holtzman et al. 2020).
 *
 * @param uniform A uniform random number in [0, 1).
 */
export function choose(
  logits: Logits,
  { temperature, topP }: ChoiceOptions,
  uniform: number,
): number {
  if (temperature === 0) return likeliest(logits);
  const shares = probabilities(logits, temperature);
  const order = Array.from(shares.keys()).sort((a, b) => shares[b]! - shares[a]! || a - b);
  let kept = 0, mass = 0;
  while (kept < order.length && (kept === 0 || mass < topP)) mass += shares[order[kept++]!]!;
  let left = uniform * mass;
  for (const v of order.slice(0, kept)) {
    left -= shares[v]!;
    if (left < 0) return v;
  }
  return order[kept - 1]!;
}
