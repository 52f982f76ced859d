/**
 * Validation of text runs: the likelihood, or its bound, of the same windows with the same noise for every run,
 * whatever its seed, so that nats per character are comparable; and metrics that diagnose training.
 */
import { gatherWindows, type TextDataset } from "../../data/mod.ts";
import { type Engine, normals, type Parameters } from "../../engine/mod.ts";
import {
  adaptiveGamma,
  DENSITY,
  EMBEDDINGS,
  embeddingsOf,
  type LikelihoodBound,
  type NoiseRange,
  type TextNetwork,
} from "../../models/text/network/mod.ts";
import { inputArrays } from "../../models/steps/mod.ts";
import { mean } from "../common/statistics.ts";
import type { Validation, ValidationMetrics } from "../run/modality.ts";
import {
  type BoundOptions,
  compileMeasure,
  type LevelErrors,
  type Measure,
  type MeasureInput,
} from "./measure.ts";
import { diffusionBlocks, gammaEnds, isAdaptive, noiseRange } from "./network.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import { BLOCK_SIZES } from "./metrics.ts";
import type { TextConfig } from "./config.ts";
import { WINDOWS_PER_DRAW } from "./requests.ts";

/** Number of batches, each of which is a draw of the bound. */
const DRAWS = 12;

/** Returns the validation of a configuration; it is compiled when it first runs. */
export function textValidation(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  dataset: TextDataset,
): Validation {
  const { vocabulary, train, validation } = dataset.tokenized;
  const held = windowsOf(validation, config.context, DRAWS);
  const seen = windowsOf(train, config.context, 2);
  let measure: Measure | undefined;
  return {
    async run(ema) {
      measure ??= await compileMeasure(engine, network, config, vocabulary.lengths);
      return await metricsOf(measure, ema, network, config, { held, seen });
    },
  };
}

/** Returns `draws` batches of evenly spaced windows of a text. */
export function windowsOf(text: Uint16Array, context: number, draws: number): Int32Array[] {
  const last = text.length - context;
  return Array.from({ length: draws }, (_, draw) => {
    const starts = Array.from(
      { length: WINDOWS_PER_DRAW },
      // The draws are interleaved, so that each has windows of the whole text.
      (_, i) => Math.floor((i * draws + draw) / (WINDOWS_PER_DRAW * draws - 1) * last),
    );
    return gatherWindows(text, starts, context);
  });
}

/** Batches of windows of the held-out text and of the training text. */
interface ValidationWindows {
  readonly held: readonly Int32Array[];
  readonly seen: readonly Int32Array[];
}

async function metricsOf(
  measure: Measure,
  ema: Parameters,
  network: TextNetwork,
  config: TextConfig,
  windows: ValidationWindows,
): Promise<ValidationMetrics> {
  const weights = inputArrays(ema);
  const held = { weights, windows: windows.held }, seen = { weights, windows: windows.seen };
  const facts = network.denoiser ? embeddingFacts(ema, network, noiseRange(config)) : null;
  const squaredNorm = facts?.squaredNorm ?? 1;
  const totals: LikelihoodBound[] = [];
  const metrics: ValidationMetrics[] = facts ? [factMetrics(facts)] : [];
  if (measure.exact) {
    const bound = await measure.exact(held);
    totals.push(bound);
    const train = await measure.exact(seen);
    metrics.push({ ...blockMetric(1, config.context, bound), train_nats: train.total });
  }
  if (measure.bound) {
    for (const size of config.method === "blocks" ? diffusionBlocks(config) : [config.context]) {
      const options = { blockSize: size, squaredNorm };
      const { bound, windows } = await measure.bound(held, options);
      totals.push(bound);
      metrics.push(blockMetric(size, config.context, bound));
      if (size === config.context || config.block_size === size) {
        const train = await measure.bound(seen, options);
        metrics.push({
          train_nats: train.bound.total,
          reconstruction_nats: bound.reconstruction,
          diffusion_nats: bound.diffusion,
          prior_nats: bound.prior,
          shuffled_gap: await shuffledGap(measure.bound, held, options),
          ...(facts
            ? noiseMetrics(windows, noiseRange(config), levelQuartiles(config, ema))
            : quarters(windows)),
        });
      }
    }
  }
  const ranked = config.block_size > 1 ? totals.slice(-1) : totals;
  return {
    ...Object.assign({}, ...metrics) as ValidationMetrics,
    nats_per_character: mean(ranked.map(({ total }) => total)),
    // The block sizes are measured on the same windows, so that their errors may be fully correlated.
    nats_standard_error: mean(ranked.map(({ standardError }) => standardError)),
  };
}

/** Returns the increase of nats per character for shuffled windows, with the same characters and noise. */
async function shuffledGap(
  bound: NonNullable<Measure["bound"]>,
  { weights, windows }: MeasureInput,
  options: BoundOptions,
): Promise<number> {
  const some = { weights, windows: windows.slice(0, 2) };
  const ordered = await bound(some, options);
  const shuffled = await bound(some, { ...options, shuffled: true });
  return shuffled.bound.total - ordered.bound.total;
}

/** Returns the metrics of embedding diffusion; an eighth of the windows estimate the reconstruction term. */
function noiseMetrics(
  windows: readonly LevelErrors[],
  range: NoiseRange,
  quartiles: ValidationMetrics,
): ValidationMetrics {
  return {
    rounding_nats: mean(
      windows.filter((w) => w.crossEntropyWeight > 0).map(({ rounding }) => rounding),
    ),
    informative_share: informativeShare(range),
    ...quartiles,
    ...quarters(windows.filter(({ squaredErrorWeight }) => squaredErrorWeight > 0)),
  };
}

/** Returns the quartiles of −log SNR in training, if the noise levels are adaptive. */
function levelQuartiles(config: TextConfig, ema: Parameters): ValidationMetrics {
  if (!isAdaptive(config)) return {};
  const { gamma } = adaptiveGamma(gammaEnds(config), ema[DENSITY]!.data);
  return { gamma_quarter: gamma(0.25), gamma_half: gamma(0.5), gamma_three_quarters: gamma(0.75) };
}

/** Range of −log SNR (±) in which noisy unit-norm embeddings are neither uninformative nor certain. */
const INFORMATIVE = 3.5;

/** Returns the share of training times at such levels. */
function informativeShare(range: NoiseRange): number {
  const times = Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000);
  return mean(times.map((t) => Math.abs(range.gamma(t)) < INFORMATIVE ? 1 : 0));
}

function factMetrics(facts: EmbeddingFacts): ValidationMetrics {
  return {
    embedding_norm: Math.sqrt(facts.squaredNorm),
    embedding_rank: facts.effectiveRank,
    embedding_accuracy: facts.nearestAccuracy,
  };
}

/** Returns the bound of a block size with its standard error, if there are metrics for that size. */
function blockMetric(
  size: number,
  context: number,
  { total, standardError }: LikelihoodBound,
): ValidationMetrics {
  const name = size === context ? "full" : BLOCK_SIZES.find((known) => known === size);
  if (name === undefined) return {};
  return {
    [`nats_block_${name}`]: total,
    [`nats_block_${name}_error`]: standardError,
  };
}

/** Returns the cross-entropy of the network and of the output prior alone, by quartile of the noise levels. */
function quarters(windows: readonly LevelErrors[]): ValidationMetrics {
  const sorted = windows.toSorted((a, b) => a.gamma - b.gamma);
  return Object.fromEntries([0, 1, 2, 3].flatMap((q) => {
    const quarter = sorted.slice(
      Math.floor(q * sorted.length / 4),
      Math.floor((q + 1) * sorted.length / 4),
    );
    return [
      [`cross_entropy_q${q}`, mean(quarter.map(({ crossEntropy }) => crossEntropy))],
      [`prior_cross_entropy_q${q}`, mean(quarter.map((window) => window.priorCrossEntropy))],
    ];
  }));
}

export interface EmbeddingFacts {
  /** Mean of ‖e‖² over the vocabulary. */
  readonly squaredNorm: number;
  /** Participation ratio (Σλ)²/Σλ² of the matrix of second moments: close to the dimension if all axes are
   * used, 1 if all embeddings are collinear. */
  readonly effectiveRank: number;
  /** Share of noisy embeddings at the lowest noise level whose nearest embedding is their own. */
  readonly nearestAccuracy: number;
}

/** Number of noisy copies of each character, and largest number of comparisons. */
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

/** Computes the participation ratio from the trace Σλ and the squared norm Σλ² of the second moments. */
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
