/** The posterior of a character given its own noisy embedding, and the prior term of the bound. */
import { normals } from "../../engine/host/mod.ts";
import type { Amplitudes } from "../diffusion/mod.ts";

/** Characters with unit-norm embeddings. */
export interface Alphabet {
  readonly characters: readonly string[];
  /** [characters, dimension] */
  readonly embeddings: Float32Array;
  readonly dimension: number;
}

/** Returns characters with random unit-norm embeddings, as at the start of training. */
export function randomAlphabet(characters: readonly string[], dimension: number): Alphabet {
  const embeddings = normals(
    { seed: 0, stream: "alphabet", step: 0 },
    characters.length * dimension,
  );
  for (let i = 0; i < characters.length; i++) {
    const row = embeddings.subarray(i * dimension, (i + 1) * dimension);
    const norm = Math.hypot(...row);
    row.forEach((value, j) => row[j] = value / norm);
  }
  return { characters, embeddings, dimension };
}

/**
 * Returns p(character | z) under a uniform prior: the softmax of (α/σ²) z·e, the output prior of Gulrajani &
 * Hashimoto 2023 ("Plaid", section 3.3).
 *
 * @param z One noisy embedding.
 */
export function characterPosterior(
  z: ArrayLike<number>,
  { alpha, sigma }: Amplitudes,
  { characters, embeddings, dimension }: Alphabet,
): Float64Array {
  // Without noise the nearest embedding has probability 1.
  const ratio = Math.min(alpha / sigma ** 2, 1e12);
  const logits = Float64Array.from(characters, (_, v) => {
    let product = 0;
    for (let j = 0; j < dimension; j++) product += z[j]! * embeddings[v * dimension + j]!;
    return ratio * product;
  });
  const highest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Returns the noisy embedding z = α e + σ ε of character `v`. */
function diffused(
  v: number,
  eps: Float32Array,
  { alpha, sigma }: Amplitudes,
  { embeddings, dimension: d }: Alphabet,
): Float64Array {
  return Float64Array.from(eps, (noise, j) => alpha * embeddings[v * d + j]! + sigma * noise);
}

/** The most likely characters of a noisy line under {@link characterPosterior}. */
export interface NoisyLine {
  /** The likeliest character of each position. */
  readonly text: string;
  /** The probability of each of them. */
  readonly confidence: readonly number[];
}

/**
 * Applies the forward process to a line, with the same noise for every amplitudes.
 *
 * @throws {Error} If the alphabet lacks one of its characters.
 */
export function noisyLine(line: string, amplitudes: Amplitudes, alphabet: Alphabet): NoisyLine {
  const { characters, dimension: d } = alphabet;
  const places = [...line];
  const noise = normals({ seed: 0, stream: "noisy-line", step: 0 }, places.length * d);
  const read = places.map((character, i) => {
    const v = characters.indexOf(character);
    if (v < 0) throw new Error(`Internal: the alphabet lacks ${JSON.stringify(character)}`);
    const eps = noise.subarray(i * d, (i + 1) * d);
    const shares = characterPosterior(diffused(v, eps, amplitudes, alphabet), amplitudes, alphabet);
    const best = shares.indexOf(Math.max(...shares));
    return { character: characters[best]!, confidence: shares[best]! };
  });
  return {
    text: read.map(({ character }) => character).join(""),
    confidence: read.map(({ confidence }) => confidence),
  };
}

/** Number of noisy samples of every character. */
const COPIES = 4;

/**
 * Returns the mutual information of a character and its noisy embedding as a fraction of the entropy of the
 * uniform distribution over characters: 1 without noise, 0 without signal. It is estimated with the same
 * noise for every amplitudes.
 */
export function informationOfCharacters(amplitudes: Amplitudes, alphabet: Alphabet): number {
  const { characters, dimension: d } = alphabet;
  const count = COPIES * characters.length;
  const noise = normals({ seed: 0, stream: "lone-information", step: 0 }, count * d);
  let nats = 0;
  for (let copy = 0; copy < count; copy++) {
    const v = copy % characters.length;
    const z = diffused(v, noise.subarray(copy * d, (copy + 1) * d), amplitudes, alphabet);
    nats -= Math.log(Math.max(characterPosterior(z, amplitudes, alphabet)[v]!, 1e-12));
  }
  return 1 - nats / count / Math.log(characters.length);
}

/** Dimension of the embeddings of the text networks. */
export const EMBEDDING_DIMENSION = 16;

/**
 * Returns KL(q(z₁|x) ‖ N(0, I)) per character: ½ (d (σ² − 1 − log σ²) + α² ‖e‖²).
 *
 * @param squaredNorm Mean of ‖e‖² over the characters; 1 for unit-norm embeddings.
 */
export function priorNats(gammaEnd: number, dimension: number, squaredNorm: number): number {
  const alphaSquared = 1 / (1 + Math.exp(gammaEnd));
  const logSigmaSquared = -Math.log1p(Math.exp(-gammaEnd));
  const sigmaSquared = Math.exp(logSigmaSquared);
  return 0.5 * (dimension * (sigmaSquared - 1 - logSigmaSquared) + alphaSquared * squaredNorm);
}
