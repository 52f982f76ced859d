/** A Markov chain as a perfect network: its exact posteriors, by the forward-backward recursion. */
import { normals } from "../../../../engine/host/mod.ts";
import type { TextModel } from "../../../../models/text/mod.ts";

/** Rows of the transition matrix; each sums to one. */
export const CHAIN: readonly (readonly number[])[] = [
  [0.7, 0.15, 0.1, 0.05],
  [0.05, 0.15, 0.7, 0.1],
  [0.1, 0.1, 0.1, 0.7],
  [0.55, 0.25, 0.1, 0.1],
];
export const V = CHAIN.length;
const D = 16;

/** The distribution that the chain comes to, by iteration. */
export const STATIONARY: readonly number[] = Array.from({ length: 300 }).reduce<number[]>(
  (share) => share.map((_, to) => share.reduce((sum, s, from) => sum + s * CHAIN[from]![to]!, 0)),
  new Array<number>(V).fill(1 / V),
);

/** Unit rows. */
function embeddings(): Float32Array {
  const e = normals({ seed: 5, stream: "chain-embeddings", step: 0 }, V * D);
  for (let v = 0; v < V; v++) {
    const row = e.subarray(v * D, (v + 1) * D);
    const norm = Math.hypot(...row);
    row.forEach((value, j) => row[j] = value / norm);
  }
  return e;
}

const normalised = (row: readonly number[]) => {
  const sum = row.reduce((a, b) => a + b, 0);
  return row.map((value) => value / sum);
};

/** p(token) before the first of a sequence, given the token before it. */
const startAfter = (before: number | undefined): readonly number[] =>
  before === undefined ? STATIONARY : CHAIN[before]!;

/** p(x_i | z) of every position, given likelihoods p(z_i | x_i) up to a factor. */
function posterior(
  emissions: readonly (readonly number[])[],
  before: number | undefined,
  chain: readonly (readonly number[])[],
): number[][] {
  const forward: number[][] = [];
  emissions.forEach((emission, i) => {
    const prior = i === 0
      ? startAfter(before)
      : chain[0]!.map((_, to) =>
        forward[i - 1]!.reduce((sum, f, from) => sum + f * chain[from]![to]!, 0)
      );
    forward.push(normalised(prior.map((p, v) => p * emission[v]!)));
  });
  let backward = new Array<number>(V).fill(1);
  const both: number[][] = [];
  for (let i = emissions.length - 1; i >= 0; i--) {
    both[i] = normalised(forward[i]!.map((f, v) => f * backward[v]!));
    backward = normalised(
      chain.map((row) =>
        row.reduce((sum, p, to) => sum + p * emissions[i]![to]! * backward[to]!, 0)
      ),
    );
  }
  return both;
}

/** The chain as a network; `chain` replaces what diffusion believes, to make it worse. */
export function chainModel(
  { context = 32, chain = CHAIN, masks = false }: {
    context?: number;
    /** Fills in what is masked, and so writes whole windows by that. */
    masks?: boolean;
    chain?: readonly (readonly number[])[];
  } = {},
): TextModel & { readonly embeddings: Float32Array } {
  const e = embeddings();
  return {
    vocabularySize: V,
    unit: "characters",
    dimension: D,
    context,
    embeddings: e,
    gamma: (t) => -5 + 10 * t,
    denoise: ({ z, gamma, count, length, before, prefix }) => {
      const alpha = Math.sqrt(1 / (1 + Math.exp(gamma)));
      const variance = 1 / (1 + Math.exp(-gamma));
      const logits = new Float32Array(count * length * V);
      for (let row = 0; row < count; row++) {
        const emissions = Array.from({ length }, (_, i) => {
          const dots = Array.from({ length: V }, (_, v) => {
            let dot = 0;
            for (let j = 0; j < D; j++) dot += z[(row * length + i) * D + j]! * e[v * D + j]!;
            return alpha / variance * dot;
          });
          const most = Math.max(...dots);
          return dots.map((dot) => Math.exp(dot - most) + 1e-30);
        });
        const last = prefix > 0 ? before[(row + 1) * prefix - 1] : undefined;
        posterior(emissions, last, chain).forEach((shares, i) =>
          shares.forEach((p, v) => logits[(row * length + i) * V + v] = Math.log(p + 1e-30))
        );
      }
      return Promise.resolve(logits);
    },
    ...(masks
      ? {
        fill: (tokens: Int32Array, count: number, length: number) => {
          const logits = new Float32Array(count * length * V);
          for (let row = 0; row < count; row++) {
            const emissions = Array.from({ length }, (_, i) => {
              const token = tokens[row * length + i]!;
              return Array.from({ length: V }, (_, v) => token < 0 || token === v ? 1 : 0);
            });
            posterior(emissions, undefined, chain).forEach((shares, i) =>
              shares.forEach((p, v) => logits[(row * length + i) * V + v] = Math.log(p))
            );
          }
          return Promise.resolve(logits);
        },
      }
      : {}),
    read: (tokens, count, length) => {
      const logits = new Float32Array(count * (length + 1) * V);
      for (let row = 0; row < count; row++) {
        for (let i = 0; i <= length; i++) {
          const shares = startAfter(i === 0 ? undefined : tokens[row * length + i - 1]);
          shares.forEach((p, v) => logits[(row * (length + 1) + i) * V + v] = Math.log(p));
        }
      }
      return Promise.resolve(logits);
    },
  };
}

/**
 * Largest deviation of transition frequencies from the chain's, in standard errors of a frequency
 * over as many independent draws; and the largest deviation itself.
 */
export function transitionError(tokens: Int32Array, length: number) {
  const counts = CHAIN.map((row) => row.map(() => 0));
  for (let i = 0; i < tokens.length; i++) {
    if (i % length > 0) counts[tokens[i - 1]!]![tokens[i]!]!++;
  }
  let errors = 0, largest = 0;
  counts.forEach((row, from) => {
    const total = row.reduce((a, b) => a + b, 0);
    row.forEach((n, to) => {
      const p = CHAIN[from]![to]!;
      const off = Math.abs(n / total - p);
      largest = Math.max(largest, off);
      errors = Math.max(errors, off / Math.sqrt(p * (1 - p) / total));
    });
  });
  return { errors, largest };
}

/** Nats per transition under the chain. */
export function natsPerTransition(tokens: Int32Array, length: number): number {
  let sum = 0, n = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (i % length === 0) continue;
    sum -= Math.log(CHAIN[tokens[i - 1]!]![tokens[i]!]!);
    n++;
  }
  return sum / n;
}
