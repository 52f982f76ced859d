/**
 * Validation on text: the likelihood, or its bound, of the same windows with the same noise for every
 * run whatever its seed, so that nats per character rank runs; and what shows whether a run learns.
 */
import { gatherWindows, type TextDataset } from "../../data/mod.ts";
import { permutation } from "../../engine/mod.ts";
import type {
  Arrays,
  Engine,
  Parameters,
  Program,
  RandomKey,
  TensorFunction,
} from "../../engine/mod.ts";
import {
  autoregressiveStep,
  blockMask,
  boundStep,
  EMBEDDING_DIMENSION,
  finiteWalk,
  type LikelihoodBound,
  likelihoodBound,
  type NoiseRange,
  priorNats,
  type TextNetwork,
  type WindowErrors,
} from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config.ts";
import { inputArrays } from "../training/arrays.ts";
import type { Validation, ValidationMetrics } from "../training/subject.ts";
import { noisyInputs } from "./batch.ts";
import { type EmbeddingFacts, embeddingFacts } from "./embeddings.ts";
import { diffusionBlocks, noiseRange, stepOptions } from "./network.ts";
import { only, replicasOf, windowSignature } from "./signature.ts";

/** Windows of a batch. */
export const BATCH = 32;
/** Batches, each a draw of the bound. */
const DRAWS = 12;
const VALIDATION_NOISE = { seed: 0, stream: "validation" };

/** The validation of a configuration's network; it is compiled when it first runs. */
export function textValidation(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  dataset: TextDataset,
): Validation {
  const held = windowsOf(dataset.validation, config.context, DRAWS);
  const seen = windowsOf(dataset.train, config.context, 2);
  let measure: Measure | undefined;
  return {
    async run(ema) {
      measure ??= await compileMeasure(engine, network, config);
      return await metricsOf(measure, ema, network, config, held, seen);
    },
  };
}

/** `draws` batches of {@link BATCH} windows spread evenly over a text. */
export function windowsOf(text: Uint16Array, context: number, draws: number): Int32Array[] {
  const last = text.length - context;
  return Array.from({ length: draws }, (_, draw) => {
    const starts = Array.from(
      { length: BATCH },
      // Every draw has windows from all over the text.
      (_, i) => Math.floor((i * draws + draw) / (BATCH * draws - 1) * last),
    );
    return gatherWindows(text, starts, context);
  });
}

/** The likelihood of windows: exact left to right, or the bound with blocks of a size. */
export interface Measure {
  exact?(weights: Arrays, windows: readonly Int32Array[]): Promise<LikelihoodBound>;
  bound?(
    weights: Arrays,
    windows: readonly Int32Array[],
    blockSize: number,
    squaredNorm: number,
    options?: BoundOptions,
  ): Promise<{ bound: LikelihoodBound; windows: readonly LevelErrors[] }>;
}

/** How a bound is measured; by default as in every validation. */
export interface BoundOptions {
  /** Shuffles the places of every window, characters and noise alike. */
  readonly shuffled?: boolean;
  /** Steps of the walk whose bound it is, by default infinitely many. */
  readonly steps?: number;
  /** Names the noise. */
  readonly noise?: Omit<RandomKey, "step">;
}

/** What was measured of one window, with the cross-entropy of the output prior alone. */
export interface LevelErrors extends WindowErrors {
  readonly priorCrossEntropy: number;
  /** The cross-entropy that training takes. */
  readonly rounding: number;
}

export async function compileMeasure(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
): Promise<Measure> {
  const { clean, noisy } = network.options;
  const count = engine.replicasFor(BATCH);
  const signature = windowSignature(network, BATCH);
  const compile = (fn: TensorFunction, wanted: (name: string) => boolean) => {
    const taken = only(signature, wanted);
    return engine.compile(fn, taken, replicasOf(taken, count, "concat"));
  };
  const isParameter = new Set(network.parameters.map(({ name }) => name));
  const exact = clean
    ? await compile(
      autoregressiveStep(network),
      (name) => name === "tokens" || isParameter.has(name),
    )
    : undefined;
  const bound = noisy
    ? await compile(boundStep(network, stepOptions(config)), (name) => !name.endsWith("_weight"))
    : undefined;
  return {
    ...(exact ? { exact: (weights, windows) => exactly(exact, weights, windows) } : {}),
    ...(bound
      ? {
        bound: (weights, windows, blockSize, squaredNorm, options = {}) =>
          boundOf(bound, network, config, weights, windows, blockSize, squaredNorm, options),
      }
      : {}),
  };
}

async function exactly(
  program: Program,
  weights: Arrays,
  windows: readonly Int32Array[],
): Promise<LikelihoodBound> {
  const draws: number[] = [];
  for (const tokens of windows) {
    const { nats } = await program.run({ ...takenBy(program, weights), tokens });
    draws.push(mean(Array.from(nats!)));
  }
  const errors = draws.map((crossEntropy) => [{
    gamma: NaN,
    crossEntropy,
    squaredError: 0,
    crossEntropyWeight: 1,
    squaredErrorWeight: 0,
  }]);
  return likelihoodBound(errors, 0);
}

async function boundOf(
  program: Program,
  network: TextNetwork,
  config: TextConfig,
  weights: Arrays,
  windows: readonly Int32Array[],
  blockSize: number,
  squaredNorm: number,
  { shuffled = false, steps, noise = VALIDATION_NOISE }: BoundOptions,
) {
  const range = steps === undefined ? noiseRange(config) : finiteWalk(noiseRange(config), steps);
  const mask = network.options.clean ? { mask: blockMask(config.context, blockSize) } : {};
  const draws: LevelErrors[][] = [];
  for (const [draw, tokens] of windows.entries()) {
    const ordered = noisyInputs(tokens, range, BATCH, { ...noise, step: draw });
    const inputs = shuffled ? withShuffledPlaces(ordered, config.context) : ordered;
    const { cross_entropy_weight, squared_error_weight, ...asked } = inputs as Arrays;
    const outputs = await program.run({ ...takenBy(program, weights), ...asked, ...mask });
    draws.push(Array.from({ length: BATCH }, (_, i) => ({
      gamma: inputs.gamma[i]!,
      crossEntropy: outputs.cross_entropy![i]!,
      squaredError: outputs.squared_error![i]!,
      priorCrossEntropy: outputs.prior_cross_entropy![i]!,
      rounding: outputs.rounding![i]!,
      crossEntropyWeight: cross_entropy_weight![i]!,
      squaredErrorWeight: squared_error_weight![i]!,
    })));
  }
  const prior = priorNats(range.gamma(1), EMBEDDING_DIMENSION, squaredNorm);
  return { bound: likelihoodBound(draws, prior), windows: draws.flat() };
}

function takenBy(program: Program, weights: Arrays): Arrays {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => name in program.inputs));
}

async function metricsOf(
  measure: Measure,
  ema: Parameters,
  network: TextNetwork,
  config: TextConfig,
  held: readonly Int32Array[],
  seen: readonly Int32Array[],
): Promise<ValidationMetrics> {
  const weights = inputArrays(ema);
  const facts = network.options.noisy ? embeddingFacts(ema, network, noiseRange(config)) : null;
  const squaredNorm = facts?.squaredNorm ?? 1;
  const totals: LikelihoodBound[] = [];
  let metrics: ValidationMetrics = facts ? factMetrics(facts) : {};
  if (measure.exact) {
    const left = await measure.exact(weights, held);
    totals.push(left);
    const train = await measure.exact(weights, seen);
    metrics = {
      ...metrics,
      ...blockMetric(1, config.context, left),
      train_nats: train.total,
    };
  }
  if (measure.bound) {
    for (const size of config.method === "blocks" ? diffusionBlocks(config) : [config.context]) {
      const { bound, windows } = await measure.bound(weights, held, size, squaredNorm);
      totals.push(bound);
      metrics = { ...metrics, ...blockMetric(size, config.context, bound) };
      if (size === config.context || config.block_size === size) {
        const train = await measure.bound(weights, seen, size, squaredNorm);
        metrics = {
          ...metrics,
          train_nats: train.bound.total,
          reconstruction_nats: bound.reconstruction,
          diffusion_nats: bound.diffusion,
          prior_nats: bound.prior,
          rounding_nats: mean(
            windows.filter((w) => w.crossEntropyWeight > 0).map(({ rounding }) => rounding),
          ),
          shuffled_gap: await shuffledGap(measure.bound, weights, held, size, squaredNorm),
          informative_share: informativeShare(noiseRange(config)),
          ...quarters(windows),
        };
      }
    }
  }
  const ranked = config.block_size > 1 ? totals.slice(-1) : totals;
  return {
    ...metrics,
    nats_per_character: mean(ranked.map(({ total }) => total)),
    nats_standard_error: Math.sqrt(
      ranked.reduce((sum, { standardError }) => sum + standardError ** 2, 0),
    ) / ranked.length,
  };
}

/** Nats per character that shuffled windows need more, on the same characters and noise. */
async function shuffledGap(
  bound: NonNullable<Measure["bound"]>,
  weights: Arrays,
  held: readonly Int32Array[],
  size: number,
  squaredNorm: number,
): Promise<number> {
  const some = held.slice(0, 2);
  const ordered = await bound(weights, some, size, squaredNorm);
  const shuffled = await bound(weights, some, size, squaredNorm, { shuffled: true });
  return shuffled.bound.total - ordered.bound.total;
}

/** Every window's places in one new order: characters and their noise go together. */
function withShuffledPlaces<T extends Arrays>(inputs: T, context: number): T {
  const order = permutation({ seed: 0, stream: "shuffled-places", step: 0 }, context);
  const shuffle = <A extends Int32Array | Float32Array>(values: A, width: number): A => {
    const result = values.slice() as A;
    for (let row = 0; row < values.length / width / context; row++) {
      order.forEach((from, to) => {
        const start = (row * context + from) * width;
        result.set(values.subarray(start, start + width), (row * context + to) * width);
      });
    }
    return result;
  };
  return {
    ...inputs,
    tokens: shuffle(inputs.tokens as Int32Array, 1),
    eps: shuffle(inputs.eps as Float32Array, EMBEDDING_DIMENSION),
  };
}

/** −log SNR between which noisy embeddings of unit length say something, but not all. */
const INFORMATIVE = 3.5;

/** Share of training's times at such levels. */
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

/** The bound at one size of blocks with its standard error, where that size has metrics. */
function blockMetric(
  size: number,
  context: number,
  { total, standardError }: LikelihoodBound,
): ValidationMetrics {
  const name = size === context ? "full" : [1, 4, 16, 64].find((known) => known === size);
  if (name === undefined) return {};
  return {
    [`nats_block_${name}`]: total,
    [`nats_block_${name}_error`]: standardError,
  };
}

/** Cross-entropy of the estimate and of the output prior alone, by quarters of the noise levels. */
function quarters(windows: readonly LevelErrors[]): ValidationMetrics {
  const sorted = windows.filter(({ squaredErrorWeight }) => squaredErrorWeight > 0)
    .toSorted((a, b) => a.gamma - b.gamma);
  const quarter = (q: number) =>
    sorted.slice(
      Math.floor(q * sorted.length / 4),
      Math.floor((q + 1) * sorted.length / 4),
    );
  const of = (q: number, value: (w: LevelErrors) => number) => mean(quarter(q).map(value));
  const estimate = (w: LevelErrors) => w.crossEntropy;
  const alone = (w: LevelErrors) => w.priorCrossEntropy;
  return {
    cross_entropy_q0: of(0, estimate),
    cross_entropy_q1: of(1, estimate),
    cross_entropy_q2: of(2, estimate),
    cross_entropy_q3: of(3, estimate),
    prior_cross_entropy_q0: of(0, alone),
    prior_cross_entropy_q1: of(1, alone),
    prior_cross_entropy_q2: of(2, alone),
    prior_cross_entropy_q3: of(3, alone),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
