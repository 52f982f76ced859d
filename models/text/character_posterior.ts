/** What a noisy character tells by itself, without its neighbours. */
import { normals } from "../../engine/host/mod.ts";

/** Characters as points of unit length. */
export interface Alphabet {
  readonly characters: readonly string[];
  /** [characters, dimension] */
  readonly embeddings: Float32Array;
  readonly dimension: number;
}

/** Signal and noise of x_t = α x + σ ε. */
export interface Mixture {
  readonly alpha: number;
  readonly sigma: number;
}

/** Characters in random directions, as training starts from. */
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
 * p(character | z) for characters of equal prior probability: softmax of (α/σ²) z·e, the output prior
 * of Gulrajani & Hashimoto 2023 ("Plaid", section 3.3).
 *
 * @param z One noisy embedding.
 */
export function characterPosterior(
  z: ArrayLike<number>,
  { alpha, sigma }: Mixture,
  { characters, embeddings, dimension }: Alphabet,
): Float64Array {
  // At no noise at all the nearest embedding is certain.
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

/** A line as {@link characterPosterior} reads it off its noisy embeddings. */
export interface NoisyLine {
  /** The likeliest character at every place. */
  readonly text: string;
  /** Its probability. */
  readonly confidence: readonly number[];
}

/**
 * The line after the forward process, the same noise for every mixture.
 *
 * @throws {Error} If the alphabet lacks one of its characters.
 */
export function noisyLine(line: string, mixture: Mixture, alphabet: Alphabet): NoisyLine {
  const { characters, embeddings, dimension: d } = alphabet;
  const places = [...line];
  const noise = normals({ seed: 0, stream: "noisy-line", step: 0 }, places.length * d);
  const read = places.map((character, i) => {
    const v = characters.indexOf(character);
    if (v < 0) throw new Error(`Internal: the alphabet lacks ${JSON.stringify(character)}`);
    const z = Float64Array.from(
      { length: d },
      (_, j) => mixture.alpha * embeddings[v * d + j]! + mixture.sigma * noise[i * d + j]!,
    );
    const shares = characterPosterior(z, mixture, alphabet);
    const best = shares.indexOf(Math.max(...shares));
    return { character: characters[best]!, confidence: shares[best]! };
  });
  return {
    text: read.map(({ character }) => character).join(""),
    confidence: read.map(({ confidence }) => confidence),
  };
}

/** Noisy copies of every character. */
const COPIES = 4;

/**
 * The part of a character's information (log of the alphabet's size) that its own noisy embedding
 * tells: 1 without noise, 0 without signal. Estimated with the same noise for every mixture.
 */
export function informationOfCharacters(mixture: Mixture, alphabet: Alphabet): number {
  const { characters, embeddings, dimension: d } = alphabet;
  const count = COPIES * characters.length;
  const noise = normals({ seed: 0, stream: "lone-information", step: 0 }, count * d);
  let nats = 0;
  for (let copy = 0; copy < count; copy++) {
    const v = copy % characters.length;
    const z = Float64Array.from(
      { length: d },
      (_, j) => mixture.alpha * embeddings[v * d + j]! + mixture.sigma * noise[copy * d + j]!,
    );
    nats -= Math.log(Math.max(characterPosterior(z, mixture, alphabet)[v]!, 1e-12));
  }
  return 1 - nats / count / Math.log(characters.length);
}
