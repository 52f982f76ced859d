/** From logits to characters. */
/** Probabilities softmax(logits / temperature) of one position, in float64. */
export function probabilities(
  logits: ArrayLike<number>,
  from: number,
  size: number,
  temperature = 1,
): Float64Array {
  const shares = new Float64Array(size);
  let most = -Infinity, sum = 0;
  for (let v = 0; v < size; v++) most = Math.max(most, logits[from + v]!);
  for (let v = 0; v < size; v++) {
    sum += shares[v] = Math.exp((logits[from + v]! - most) / temperature);
  }
  return shares.map((share) => share / sum);
}

export function likeliest(values: ArrayLike<number>, from: number, size: number): number {
  let best = 0;
  for (let v = 1; v < size; v++) if (values[from + v]! > values[from + best]!) best = v;
  return best;
}

export interface Choice {
  readonly temperature: number;
  readonly topP: number;
}

/**
 * Draws a character: the likeliest at temperature 0, else from softmax(logits / temperature) among
 * the fewest likeliest characters whose probabilities reach `topP` (nucleus sampling, Holtzman et al.
 * 2020).
 *
 * @param uniform In [0, 1).
 */
export function choose(
  logits: ArrayLike<number>,
  from: number,
  size: number,
  { temperature, topP }: Choice,
  uniform: number,
): number {
  if (temperature === 0) return likeliest(logits, from, size);
  const shares = probabilities(logits, from, size, temperature);
  const order = Array.from(shares, (_, v) => v).sort((a, b) => shares[b]! - shares[a]! || a - b);
  let kept = 0, mass = 0;
  while (kept < size && (kept === 0 || mass < topP)) mass += shares[order[kept++]!]!;
  let left = uniform * mass;
  for (const v of order.slice(0, kept)) {
    left -= shares[v]!;
    if (left < 0) return v;
  }
  return order[kept - 1]!;
}

/** log softmax(logits) of one position. */
export function logProbabilities(
  logits: ArrayLike<number>,
  from: number,
  size: number,
): Float64Array {
  let most = -Infinity, sum = 0;
  for (let v = 0; v < size; v++) most = Math.max(most, logits[from + v]!);
  for (let v = 0; v < size; v++) sum += Math.exp(logits[from + v]! - most);
  const norm = most + Math.log(sum);
  return Float64Array.from({ length: size }, (_, v) => logits[from + v]! - norm);
}

/**
 * The same columns of every row: [count, width] → [count, to − from], row-major; `values` itself
 * where all are kept.
 *
 * @param from First column that is kept.
 * @param to First column behind them that is not.
 */
export function columns(
  values: Float32Array,
  count: number,
  width: number,
  from: number,
  to: number,
): Float32Array {
  if (from === 0 && to === width) return values;
  const kept = new Float32Array(count * (to - from));
  for (let row = 0; row < count; row++) {
    kept.set(values.subarray(row * width + from, row * width + to), row * (to - from));
  }
  return kept;
}
