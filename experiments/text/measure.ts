/** Measuring the likelihood of windows, or its bound, with a compiled network. */
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
  finiteSteps,
  type LikelihoodBound,
  likelihoodBound,
  maskedBoundStep,
  maskedPlaces,
  type TextNetwork,
  type WindowErrors,
} from "../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION, priorNats } from "../../models/text/mod.ts";
import { mean } from "../common/statistics.ts";
import { charactersPerToken, noiseRange, noisyInputs, stepOptions } from "./network.ts";
import type { TextConfig } from "./config.ts";
import { WINDOWS_PER_DRAW } from "./requests.ts";

/** Number of windows that are computed at once, to limit memory during training. */
const AT_ONCE = 8;
const VALIDATION_NOISE = { seed: 0, stream: "validation" };

/** Batches of windows, and the weights to measure them with. */
export interface MeasureInput {
  readonly weights: Arrays;
  readonly windows: readonly Int32Array[];
}

/** The measurements of a network: the exact likelihood, or the bound for a block size. */
export interface Measure {
  readonly exact?: ((measured: MeasureInput) => Promise<LikelihoodBound>) | undefined;
  readonly bound?:
    | ((
      measured: MeasureInput,
      options: BoundOptions,
    ) => Promise<{ bound: LikelihoodBound; windows: readonly LevelErrors[] }>)
    | undefined;
  /** Releases the compiled programs. */
  dispose(): Promise<void>;
}

/** Options of measuring a bound. The defaults are those of validation. */
export interface BoundOptions {
  /** Number of tokens in a block. */
  readonly blockSize: number;
  /** Mean of ‖e‖² over the vocabulary, for the prior term. */
  readonly squaredNorm: number;
  /** Permutes the positions of every window, together with the noise. */
  readonly shuffled?: boolean | undefined;
  /** Number of sampling steps of the bound. By default infinite: continuous time. */
  readonly steps?: number | undefined;
  /** Random stream of the noise. */
  readonly noise?: Omit<RandomKey, "step"> | undefined;
}

/**
 * The measurements of one window per character, including the cross-entropy of the output prior alone. For
 * masked diffusion `gamma` is the log odds of being masked, and the prior is uniform.
 */
export interface LevelErrors extends WindowErrors {
  readonly priorCrossEntropy: number;
  /** The reconstruction term as it is trained. */
  readonly rounding: number;
}

/** What all measurements of a run share. */
interface Subject {
  readonly network: TextNetwork;
  readonly config: TextConfig;
  /** Number of characters of each token. */
  readonly lengths: ArrayLike<number>;
}

/** Compiles the measurements. @param lengths Number of characters of each token. */
export async function compileMeasure(
  engine: Engine,
  network: TextNetwork,
  config: TextConfig,
  lengths: ArrayLike<number>,
): Promise<Measure> {
  const { reader, denoiser, filler } = network;
  const subject = { network, config, lengths };
  const compile = (step: Step) =>
    compileStep(engine, step, { batch: WINDOWS_PER_DRAW, outputs: "concat", atOnce: AT_ONCE });
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
  { weights, windows }: MeasureInput,
): Promise<LikelihoodBound> {
  const draws: number[] = [];
  for (const tokens of windows) {
    const { nats } = await program.run({ ...weightsOf(program, weights), tokens });
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
  { weights, windows }: MeasureInput,
  { blockSize, squaredNorm, shuffled = false, steps, noise = VALIDATION_NOISE }: BoundOptions,
) {
  const range = steps === undefined ? noiseRange(config) : finiteSteps(noiseRange(config), steps);
  const mask = network.reader ? { mask: blockMask(config.context, blockSize) } : {};
  const draws: LevelErrors[][] = [];
  for (const [draw, tokens] of windows.entries()) {
    const ordered = noisyInputs(tokens, range, WINDOWS_PER_DRAW, { ...noise, step: draw });
    const inputs = shuffled ? withShuffledPlaces(ordered, config.context) : ordered;
    const { cross_entropy_weight, squared_error_weight, ...programInputs } = inputs as Arrays;
    const outputs = await program.run({
      ...weightsOf(program, weights),
      ...programInputs,
      ...mask,
    });
    draws.push(Array.from({ length: WINDOWS_PER_DRAW }, (_, i) => ({
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
 * Measures the bound of masked diffusion, which consists of the diffusion term only: the prior and the
 * reconstruction term are zero.
 */
async function maskedBoundOf(
  program: Program,
  { network, lengths }: Subject,
  { weights, windows }: MeasureInput,
  { shuffled = false, steps, noise = VALIDATION_NOISE }: BoundOptions,
) {
  const { context, vocabulary } = network.options;
  const draws: LevelErrors[][] = [];
  for (const [draw, tokens] of windows.entries()) {
    const key = { ...noise, step: draw };
    const masked = maskedPlaces(WINDOWS_PER_DRAW, context, key, steps);
    const inputs = shuffled ? withShuffledPlaces({ tokens, masked }, context) : { tokens, masked };
    const { nats } = await program.run({ ...weightsOf(program, weights), ...inputs });
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

/** Returns the mean number of characters per token of each batch of windows. */
function perDraw(windows: readonly Int32Array[], lengths: ArrayLike<number>): number[] {
  return windows.map((tokens) => charactersPerToken(tokens, lengths));
}

/** Converts measurements per token to measurements per character. */
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

/** Returns those of the weights that are inputs of a program. */
function weightsOf(program: Program, weights: Arrays): Arrays {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => name in program.inputs));
}

/** Permutes the positions of all windows in the same way, together with the noise. */
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
