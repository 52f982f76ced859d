import { uniforms } from "../../../engine/host/mod.ts";
import { isFrame } from "../../diffusion/mod.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";

/** Sampling characters from logits, and the reverse process of masked diffusion. */
/** Returns softmax(logits / temperature) of one position, in float64. */
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
 * Samples a character: the likeliest one at temperature 0, otherwise from softmax(logits / temperature)
 * restricted to the smallest set of likeliest characters whose probability is at least `topP` (nucleus
 * sampling, Holtzman et al. 2020).
 *
 * @param uniform A uniform random number in [0, 1).
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

/** Returns log softmax(logits) of one position. */
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
 * Returns columns `from` to `to` − 1 of every row: [count, width] → [count, to − from], row-major.
 * Returns `values` itself where these are all columns.
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

export interface Unmasked {
  /** [count, length] */
  readonly tokens: Int32Array;
  readonly frames: readonly TextFrame[];
  readonly evaluations: number;
}

/**
 * Samples the reverse process of masked diffusion in equal steps from t = 1, where every character that
 * is not fixed is masked, to t = 0. From t to s each masked character is revealed independently with
 * probability (t − s)/t and sampled from the network's softmax (Sahoo et al. 2024, "MDLM", section 3,
 * with α = 1 − t). This equals assigning each position a uniform random time at which it is revealed.
 * Characters revealed in the same step are sampled independently of each other; with one step for each
 * character the sample has exactly the network's own distribution.
 *
 * Fixed characters are never masked, so no in-painting is needed. The network is evaluated only where
 * a character was revealed since the last evaluation.
 *
 * @param known [count, length], −1 for every character to sample.
 */
export async function unmask(
  model: TextModel,
  request: GenerationRequest,
  known: Int32Array,
): Promise<Unmasked> {
  const { count, steps, seed, frames: film } = request;
  const { vocabularySize: size } = model;
  const length = known.length / count;
  const tokens = known.slice();
  const times = uniforms({ seed, stream: "text/unmask/times", step: 0 }, known.length);
  const draws = uniforms({ seed, stream: "text/unmask/draw", step: 0 }, known.length);
  const frames: TextFrame[] = [];
  let logits: Float32Array | undefined;
  let evaluations = 0;
  const fill = async () => {
    if (!logits) {
      logits = await model.fill!(tokens, count, length);
      evaluations++;
    }
    return logits;
  };

  for (let step = 0; step <= steps; step++) {
    const next = 1 - (step + 1) / steps;
    const due = [...tokens.keys()].filter((i) => tokens[i]! < 0 && times[i]! >= next);
    if (isFrame(step + 1, steps + 1, film)) {
      const current = tokens.every((token) => token >= 0) ? null : await fill();
      frames.push(frameOf(tokens, current, size, length, 1 - step / steps));
    }
    if (due.length === 0) continue;
    const filled = await fill();
    for (const i of due) tokens[i] = choose(filled, i * size, size, request, draws[i]!);
    logits = undefined;
  }
  return { tokens, frames, evaluations };
}

/** Revealed characters have confidence 1; masked positions that of their likeliest character. */
function frameOf(
  tokens: Int32Array,
  logits: Float32Array | null,
  size: number,
  length: number,
  masked: number,
): TextFrame {
  const confidence = Float32Array.from(
    tokens,
    (token, i) =>
      token >= 0 ? 1 : probabilities(logits!, i * size, size)[likeliest(logits!, i * size, size)]!,
  );
  return { gamma: null, masked, start: 0, length, tokens: tokens.slice(), confidence };
}
