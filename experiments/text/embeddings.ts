/** What the embeddings by themselves can tell apart. */
import { normals, type Parameters } from "../../engine/mod.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import {
  EMBEDDINGS,
  embeddingsOf,
  type NoiseRange,
  type TextNetwork,
} from "../../models/text/network/mod.ts";

export interface EmbeddingFacts {
  /** Mean of ‖e‖² over the vocabulary. */
  readonly squaredNorm: number;
  /** Participation ratio (Σλ)²/Σλ² of the second moments: near the dimension where all axes are used,
   * 1 where all embeddings lie on a line. */
  readonly effectiveRank: number;
  /** Share of characters whose nearest embedding, at the cleanest noise level, is their own. */
  readonly nearestAccuracy: number;
}

/** Noisy copies of each character that are looked up, and comparisons that may take in all. */
const COPIES = 20;
const MOST_COMPARISONS = 2e6;

export function embeddingFacts(
  parameters: Parameters,
  network: TextNetwork,
  range: NoiseRange,
): EmbeddingFacts {
  const [count, d] = parameters[EMBEDDINGS]!.shape as [number, number];
  const e = embeddingsOf(parameters, network);
  const squares = e.reduce((sum, value) => sum + value * value, 0);
  return {
    squaredNorm: squares / count,
    effectiveRank: effectiveRank(e, count, d),
    nearestAccuracy: nearestAccuracy(e, count, d, range.gamma(0)),
  };
}

/** Of the matrix of second moments, whose trace is Σλ and whose squared norm is Σλ². */
function effectiveRank(e: Float32Array, count: number, d: number): number {
  let trace = 0, squares = 0;
  for (let a = 0; a < d; a++) {
    for (let b = 0; b < d; b++) {
      let moment = 0;
      for (let i = 0; i < count; i++) moment += e[i * d + a]! * e[i * d + b]!;
      if (a === b) trace += moment;
      squares += moment * moment;
    }
  }
  return trace * trace / squares;
}

function nearestAccuracy(e: Float32Array, count: number, d: number, gamma: number): number {
  const { alpha, sigma } = alphaSigma(gamma);
  const copies = Math.max(1, Math.min(COPIES, Math.floor(MOST_COMPARISONS / count ** 2)));
  const noise = normals({ seed: 0, stream: "nearest", step: 0 }, copies * count * d);
  let right = 0;
  for (let copy = 0; copy < copies * count; copy++) {
    const own = copy % count;
    let best = -1, least = Infinity;
    for (let other = 0; other < count; other++) {
      let distance = 0;
      for (let j = 0; j < d; j++) {
        const z = alpha * e[own * d + j]! + sigma * noise[copy * d + j]!;
        distance += (z - alpha * e[other * d + j]!) ** 2;
      }
      if (distance < least) [best, least] = [other, distance];
    }
    if (best === own) right++;
  }
  return right / (copies * count);
}
