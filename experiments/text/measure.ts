/** The likelihood of windows, or its bound: a compiled network asked with given weights. */
import {
  type Arrays,
  type Engine,
  permutation,
  type Program,
  type RandomKey,
} from "../../engine/mod.ts";
import { compileStep, type Step } from "../../models/steps/mod.ts";
import {
  autoregressiveStep,
  blockMask,
  boundStep,
  EMBEDDING_DIMENSION,
  finiteWalk,
  type LikelihoodBound,
  likelihoodBound,
  maskedBoundStep,
  maskedPlaces,
  priorNats,
  type TextNetwork,
  type WindowErrors,
} from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config/mod.ts";
import { charactersPerToken, noisyInputs } from "./batch.ts";
import { noiseRange, stepOptions } from "./network.ts";

/** Windows that are measured together: one draw of the bound. */
export const BATCH = 32;
/** They are computed in parts: a training is validated while all that it holds stays in memory. */
const AT_ONCE = 8;
const VALIDATION_NOISE = { seed: 0, stream: "validation" };

/** Windows of held-out text, in batches, and the weights that they are measured with. */
export interface Measured {
  readonly weights: Arrays;
  readonly windows: readonly Int32Array[];
}

/** The likelihood of windows: exact left to right, or the bound with blocks of a size. */
export interface Measure {
  readonly exact?: ((measured: Measured) => Promise<LikelihoodBound>) | undefined;
  readonly bound?:
    | ((
      measured: Measured,
      options: BoundOptions,
    ) => Promise<{ bound: LikelihoodBound; windows: readonly LevelErrors[] }>)
    | undefined;
  /** Lets go of what was compiled. */
  dispose(): Promise<void>;
}

/** How a bound is measured; by default as in every validation. */
export interface BoundOptions {
  /** Tokens written at once. */
  readonly blockSize: number;
  /** Mean of ‖e‖² over the vocabulary, which the prior term takes. */
  readonly squaredNorm: number;
  /** Shuffles the places of every window, characters and noise alike. */
  readonly shuffled?: boolean | undefined;
  /** Steps of the walk whose bound it is, by default infinitely many. */
  readonly steps?: number | undefined;
  /** Names the noise. */
  readonly noise?: Omit<RandomKey, "step"> | undefined;
}

/**
 * What was measured of one window, per character, with the cross-entropy of the output prior alone.
 * Where characters are masked, `gamma` is the log odds of that, and the prior knows nothing.
 */
export interface LevelErrors extends WindowErrors {
  readonly priorCrossEntropy: number;
  /** The cross-entropy that training takes. */
  readonly rounding: number;
}

/** What all measurements of a run have in common. */
interface Subject {
  readonly network: TextNetwork;
  readonly config: TextConfig;
  /** Characters of each token of the vocabulary. */
  readonly lengths: ArrayLike<number>;
}

/** @param lengths Characters of each token of the vocabulary. */
export async function compileMeasure(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  lengths: ArrayLike<number>,
): Promise<Measure> {
  const { reader, denoiser, filler } = network;
  const subject = { network, config, lengths };
  const compile = (step: Step) =>
    compileStep(engine, step, { batch: BATCH, outputs: "concat", atOnce: AT_ONCE });
  const exact = reader && await compile(autoregressiveStep(network, reader));
  const bound = denoiser && await compile(boundStep(network, denoiser, stepOptions(config)));
  const filled = filler && await compile(maskedBoundStep(network, filler));
  return {
    exact: exact ? (measured) => exactly(exact, subject, measured) : undefined,
    bound: bound
      ? (measured, options) => boundOf(bound, subject, measured, options)
      : filled
      ? (measured, options) => maskedBoundOf(filled, subject, measured, options)
      : undefined,
    async dispose() {
      for (const program of [exact, bound, filled]) await program?.dispose();
    },
  };
}

async function exactly(
  program: Program,
  { lengths }: Subject,
  { weights, windows }: Measured,
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
  return likelihoodBound(errors, 0, perDraw(windows, lengths));
}

async function boundOf(
  program: Program,
  { network, config, lengths }: Subject,
  { weights, windows }: Measured,
  { blockSize, squaredNorm, shuffled = false, steps, noise = VALIDATION_NOISE }: BoundOptions,
) {
  const range = steps === undefined ? noiseRange(config) : finiteWalk(noiseRange(config), steps);
  const mask = network.reader ? { mask: blockMask(config.context, blockSize) } : {};
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
  return measuredIn(draws, prior, perDraw(windows, lengths));
}

/**
 * The bound of masked diffusion. Its diffusion term is all there is of it: nothing is left of the
 * characters where all are masked, and nothing to reconstruct where none is.
 */
async function maskedBoundOf(
  program: Program,
  { network, lengths }: Subject,
  { weights, windows }: Measured,
  { shuffled = false, steps, noise = VALIDATION_NOISE }: BoundOptions,
) {
  const { context, vocabulary } = network.options;
  const draws: LevelErrors[][] = [];
  for (const [draw, tokens] of windows.entries()) {
    const key = { ...noise, step: draw };
    const masked = maskedPlaces(BATCH, context, key, steps);
    const inputs = shuffled ? withShuffledPlaces({ tokens, masked }, context) : { tokens, masked };
    const { nats } = await program.run({ ...takenBy(program, weights), ...inputs });
    draws.push(Array.from(nats!, (crossEntropy, row) => {
      const places = masked.subarray(row * context, (row + 1) * context);
      const share = mean(Array.from(places));
      return {
        gamma: Math.log(share / (1 - share)),
        crossEntropy,
        squaredError: 0,
        crossEntropyWeight: 1,
        squaredErrorWeight: 0,
        priorCrossEntropy: Math.log(vocabulary),
        rounding: crossEntropy,
      };
    }));
  }
  const { bound, ...measured } = measuredIn(draws, 0, perDraw(windows, lengths));
  return { ...measured, bound: { ...bound, reconstruction: 0, diffusion: bound.total } };
}

/** Of each batch of windows, the characters that a token of it has on average. */
function perDraw(windows: readonly Int32Array[], lengths: ArrayLike<number>): number[] {
  return windows.map((tokens) => charactersPerToken(tokens, lengths));
}

/** What was measured per token, per character. */
function measuredIn(
  draws: readonly (readonly LevelErrors[])[],
  prior: number,
  lengths: readonly number[],
) {
  const length = mean(lengths);
  const windows = draws.flat().map((window) => ({
    ...window,
    crossEntropy: window.crossEntropy / length,
    squaredError: window.squaredError / length,
    priorCrossEntropy: window.priorCrossEntropy / length,
    rounding: window.rounding / length,
  }));
  return { bound: likelihoodBound(draws, prior, lengths), windows };
}

function takenBy(program: Program, weights: Arrays): Arrays {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => name in program.inputs));
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
  const { tokens, eps, masked } = inputs as Arrays;
  return {
    ...inputs,
    tokens: shuffle(tokens!, 1),
    ...(eps ? { eps: shuffle(eps, EMBEDDING_DIMENSION) } : {}),
    ...(masked ? { masked: shuffle(masked, 1) } : {}),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
