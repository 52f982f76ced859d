/** A language whose entropy is known, and a network that learns it in this process. */
import {
  adamWStep,
  type Arrays,
  createAdamW,
  type Engine,
  type Parameters,
  type Program,
} from "../../../../engine/mod.ts";
import { normals, uniforms } from "../../../../engine/mod.ts";
import { compileStep, type Step } from "../../../../models/steps/mod.ts";
import { initialParameters } from "../../../../models/layers/mod.ts";
import { noiseInputs } from "../../../../models/diffusion/mod.ts";
import {
  blockMask,
  boundLevels,
  DENSITY,
  knotWeights,
  maskedPlaces,
  type NoiseRange,
  type TextNetwork,
  textTrainingStep,
} from "../../../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION } from "../../../../models/text/mod.ts";

/** Rows of a Markov chain's transition matrix; each sums to one. */
const CHAIN = [
  [0.8, 0.1, 0.05, 0.05],
  [0.05, 0.15, 0.7, 0.1],
  [0.1, 0.1, 0.1, 0.7],
  [0.6, 0.2, 0.1, 0.1],
];
export const SYMBOLS = CHAIN.length;

/** The distribution that the chain comes to, by iteration. */
function stationary(): number[] {
  let share = new Array<number>(SYMBOLS).fill(1 / SYMBOLS);
  for (let i = 0; i < 200; i++) {
    share = share.map((_, to) => share.reduce((sum, s, from) => sum + s * CHAIN[from]![to]!, 0));
  }
  return share;
}

/** Entropy in nats of a window of the stationary chain, for each symbol of it. */
export function entropyPerSymbol(length: number): number {
  const share = stationary();
  const plogp = (p: number) => -p * Math.log(p);
  const first = share.reduce((sum, p) => sum + plogp(p), 0);
  const rate = share.reduce(
    (sum, p, from) => sum + p * CHAIN[from]!.reduce((row, q) => row + plogp(q), 0),
    0,
  );
  return (first + (length - 1) * rate) / length;
}

/** Windows of the stationary chain, [count, length]. */
export function windows(seed: number, step: number, count: number, length: number): Int32Array {
  const draws = uniforms({ seed, stream: "toy", step }, count * length);
  const share = stationary();
  const tokens = new Int32Array(count * length);
  for (let i = 0; i < tokens.length; i++) {
    const row = i % length === 0 ? share : CHAIN[tokens[i - 1]!]!;
    let left = draws[i]!, token = 0;
    while (token < SYMBOLS - 1 && (left -= row[token]!) >= 0) token++;
    tokens[i] = token;
  }
  return tokens;
}

/** Noise and levels for windows, as training and validation give them. */
export function noisy(
  tokens: Int32Array,
  range: NoiseRange,
  count: number,
  seed: number,
  step: number,
) {
  const levels = boundLevels(range, count, { seed, stream: "toy-levels", step });
  const { alpha, sigma } = noiseInputs(levels.gammas);
  return {
    tokens,
    eps: normals({ seed, stream: "toy-noise", step }, tokens.length * EMBEDDING_DIMENSION),
    gamma: Float32Array.from(levels.gammas),
    alpha,
    sigma,
    cross_entropy_weight: levels.crossEntropyWeights,
    squared_error_weight: levels.squaredErrorWeights,
  };
}

/** The same for a training step of this network. */
function noisyFor(
  { options: { adaptive, context } }: TextNetwork,
  tokens: Int32Array,
  range: NoiseRange,
  step: number,
): Arrays {
  const inputs = noisy(tokens, range, tokens.length / context, 1, step);
  return adaptive ? { ...inputs, knot_weight: knotWeights(inputs.gamma, adaptive) } : inputs;
}

export function inputsOf(parameters: Parameters): Arrays {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data]));
}

/** Compiles a step for a batch of this size, without replicas. */
export async function compiled(engine: Engine, step: Step, batch: number): Promise<Program> {
  return await compileStep(engine, step, { batch, outputs: "mean", replicas: 1 });
}

/** Trains on the chain; returns the parameters. */
export async function learn(
  engine: Engine,
  network: TextNetwork,
  /** Null for the methods without noise. */
  range: NoiseRange | ((parameters: Parameters) => NoiseRange) | null,
  { steps, count, blocks = [] }: { steps: number; count: number; blocks?: readonly number[] },
): Promise<Parameters> {
  const { context, method } = network.options;
  const program = await compiled(engine, textTrainingStep(network, { selfCondition: 0.25 }), count);
  const parameters = initialParameters(network.parameters, 0);
  const state = createAdamW(parameters);
  for (let step = 0; step < steps; step++) {
    const tokens = windows(1, step, count, context);
    const batch: Arrays = range
      ? noisyFor(network, tokens, typeof range === "function" ? range(parameters) : range, step)
      : method === "masked"
      ? { tokens, masked: maskedPlaces(count, context, { seed: 1, stream: "toy-masks", step }) }
      : { tokens };
    const mask = method === "blocks"
      ? { mask: blockMask(context, blocks[step % blocks.length]!) }
      : {};
    const outputs = await program.run({ ...inputsOf(parameters), ...batch, ...mask });
    const gradients = Object.fromEntries(
      Object.keys(parameters).map((name) => [name, outputs[`grad/${name}`] as Float32Array]),
    );
    adamWStep(parameters, gradients, state, {
      learningRate: 5e-3 * Math.min(1, (step + 1) / 20, (steps - step) / (0.5 * steps)),
      beta1: 0.9,
      beta2: 0.98,
      epsilon: 1e-8,
      weightDecay: 0,
      gradientClip: 1,
      treatments: { [DENSITY]: { learningRateFactor: 5, weightDecay: 0 } },
    });
  }
  return parameters;
}
