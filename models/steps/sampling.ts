/**
 * Sampling loops whose points stay where the denoiser runs: one program carries out one evaluation of a
 * plan (`diffusion/plan.ts`) and what is done with its estimate, and takes nothing but a few numbers.
 *
 * Its state, for N examples, is
 *
 * | tensor | shape | meaning |
 * |---|---|---|
 * | `base` | [N, …] | z_t, the point that the step starts from |
 * | `point` | [N, …] | the point that the last evaluation reached, for samplers that correct it |
 * | `asked` | [N, …] | the point that x̂ was asked for last, for samplers that add noise before |
 * | `previous` | [N, …] | the last (clipped) estimate x̂ |
 * | `failed` | [N] | number of the first evaluation of which a value was not finite, or 0 |
 *
 * beside the denoiser's other outputs, and what never changes: the denoiser's other inputs, and for
 * in-painting `known` and `is_known`, [N, …], the known values and 1 where they hold.
 */
import {
  type Arrays,
  compileStateful,
  type Constant,
  type Engine,
  normals,
  type RandomKey,
  randomNormal,
  type ResidentProgram,
  type Signature,
  tf,
} from "../../engine/mod.ts";
import { streamHash } from "../../engine/host/mod.ts";
import { type Draw, type Evaluation, noiseInputs } from "../diffusion/mod.ts";
import type { Tensors } from "../layers/mod.ts";
import { batchSignature, input, parameterSignature, type Step } from "./step.ts";

/** The features that a sampling program needs. */
export interface SamplingNeeds {
  /** Draws of noise in one evaluation: for moves to more noise, for the move, and for what is known. */
  readonly raises: number;
  readonly noise: boolean;
  readonly known: boolean;
  /** Whether evaluations correct others. */
  readonly corrects: boolean;
}

export function needsOf(plan: readonly Evaluation[]): SamplingNeeds {
  return {
    raises: Math.max(...plan.map(({ raises }) => raises.length)),
    noise: plan.some(({ move }) => move.draw !== undefined),
    known: plan.some(({ known }) => known !== undefined),
    corrects: plan.some(({ corrects }) => corrects),
  };
}

/** The numbers that an evaluation takes, in the order of the input `control`. */
const CONTROL = [
  "number",
  "alpha",
  "sigma",
  "angle",
  "gamma",
  "hasPrevious",
  "corrects",
  "endsStep",
  "byBase",
  "byDenoised",
  "byPrevious",
  "byNoise",
  "knownAlpha",
  "knownSigma",
  "raise0",
  "raiseNoise0",
  "raise1",
  "raiseNoise1",
] as const;
type Control = Record<typeof CONTROL[number], number>;
/** Inputs of a denoiser that are the noise level of each example. */
const LEVELS = ["alpha", "sigma", "angle", "gamma"] as const;

export interface SamplingOptions {
  readonly batch: number;
  readonly needs: SamplingNeeds;
  /** The range of the data, to which x̂ is clipped. By default it is not clipped. */
  readonly clip?: readonly [low: number, high: number] | undefined;
  /** Outputs of the denoiser beside `denoised` that are kept to be read: their shapes for one example. */
  readonly outputs?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Values of the parameters, compiled into the program. By default they are held as state. */
  readonly weights?: Readonly<Record<string, Constant>> | undefined;
}

/** The key of the noise that steps add; each draw is a step of it. */
export type NoiseKey = Omit<RandomKey, "step">;

/** A compiled evaluation of sampling loops. */
export interface SamplingProgram {
  readonly program: ResidentProgram;
  readonly needs: SamplingNeeds;
  /** Names of the state that changes. */
  readonly changing: readonly string[];
  /** Names of the denoiser's outputs beside `denoised` that are kept. */
  readonly outputs: readonly string[];
  /** Returns the inputs of an evaluation, by its number from 1 up. */
  inputsOf(evaluation: Evaluation, number: number, noise: NoiseKey): Arrays;
  dispose(): Promise<void>;
}

/**
 * Compiles a denoiser, a step with the inputs `z`, noise levels and others that stay the same for the
 * whole loop, and with the output `denoised` and perhaps others, as an evaluation of sampling loops.
 *
 * Where the engine keeps state, noise is drawn where the program runs; elsewhere it is an input.
 */
export async function compileSampling(
  engine: Engine,
  denoiser: Step,
  { batch, needs, clip, outputs = {}, weights }: SamplingOptions,
): Promise<SamplingProgram> {
  const { z, previous: _, ...others } = denoiser.inputs;
  const sample = { shape: [batch, ...z!.shape], dtype: "float32" } as const;
  const held = Object.fromEntries(
    Object.entries(others).filter(([name]) => !LEVELS.includes(name as typeof LEVELS[number])),
  );
  const points = [
    "base",
    "previous",
    ...(needs.corrects ? ["point"] : []),
    ...(needs.raises > 0 ? ["asked"] : []),
  ];
  const knowns = needs.known ? ["known", "is_known"] : [];
  const noises = noiseNames(needs);
  const drawn = engine.compileResident !== undefined;
  const samples = (names: readonly string[]): Signature =>
    Object.fromEntries(names.map((name) => [name, sample]));
  const kept = Object.keys(outputs);
  const state: Signature = {
    ...samples([...points, ...knowns]),
    ...Object.fromEntries(
      kept.map((name) => [name, { shape: [batch, ...outputs[name]!], dtype: "float32" as const }]),
    ),
    failed: { shape: [batch], dtype: "float32" },
    ...batchSignature({ inputs: held }, batch),
    ...(weights ? {} : parameterSignature(denoiser.parameters)),
  };
  const inputs: Signature = {
    control: { shape: [CONTROL.length], dtype: "float32" },
    // The seed, the hash of the stream, and the number of the draw of each noise.
    ...(drawn && noises.length > 0
      ? { draws: { shape: [2 + noises.length], dtype: "int32" as const } }
      : {}),
    ...(drawn ? {} : samples(noises)),
  };
  const perExample = [
    ...points,
    ...knowns,
    ...kept,
    ...(drawn ? [] : noises),
    "failed",
    ...Object.keys(held).filter((name) => held[name]!.perExample),
  ];
  const evaluate = (given: Tensors) => evaluation(denoiser, given, { needs, clip, kept });
  const program = await compileStateful(engine, evaluate, inputs, state, {
    constants: weights,
    perExample,
    batch,
  });
  return {
    program,
    needs,
    changing: [...points, ...kept, "failed"],
    outputs: kept,
    inputsOf(evaluation, number, key) {
      const draws = drawsOf(evaluation, noises);
      const noise = (draw: Draw | undefined) =>
        draw === undefined
          ? new Float32Array(elementCount(sample.shape))
          : normals({ ...key, step: draw }, elementCount(sample.shape));
      const control = controlOf(evaluation, number);
      return {
        control: Float32Array.from(CONTROL, (name) => control[name]),
        ...(inputs.draws
          ? { draws: Int32Array.of(key.seed, streamHash(key.stream), ...draws.map((n) => n ?? 0)) }
          : {}),
        ...(drawn ? {} : Object.fromEntries(noises.map((name, i) => [name, noise(draws[i])]))),
      };
    },
    dispose: () => program.dispose(),
  };
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The noises of an evaluation, by name. */
function noiseNames({ raises, noise, known }: SamplingNeeds): string[] {
  return [
    ...Array.from({ length: raises }, (_, i) => `raise_noise_${i}`),
    ...(noise ? ["move_noise"] : []),
    ...(known ? ["known_noise"] : []),
  ];
}

/** The draw of each noise, undefined where the evaluation adds none. */
function drawsOf(
  { raises, move, known }: Evaluation,
  noises: readonly string[],
): (Draw | undefined)[] {
  return noises.map((name) => {
    if (name === "move_noise") return move.draw;
    if (name === "known_noise") return known?.draw;
    return raises[Number(name.at(-1))]?.draw;
  });
}

function controlOf(evaluation: Evaluation, number: number): Control {
  const { raises: [first, second], gamma, move, known } = evaluation;
  const { alpha, sigma, angle } = noiseInputs([gamma]);
  return {
    number,
    alpha: alpha[0]!,
    sigma: sigma[0]!,
    angle: angle[0]!,
    gamma,
    hasPrevious: Number(evaluation.hasPrevious),
    corrects: Number(evaluation.corrects),
    endsStep: Number(evaluation.endsStep),
    byBase: move.z,
    byDenoised: move.denoised,
    byPrevious: move.previous ?? 0,
    byNoise: move.draw === undefined ? 0 : move.noise,
    knownAlpha: known?.alpha ?? 0,
    knownSigma: known?.draw === undefined ? 0 : known.sigma,
    raise0: first?.z ?? 1,
    raiseNoise0: first?.noise ?? 0,
    raise1: second?.z ?? 1,
    raiseNoise1: second?.noise ?? 0,
  };
}

/** One evaluation over tensors. */
function evaluation(
  denoiser: Step,
  inputs: Tensors,
  { needs, clip, kept }: Pick<SamplingOptions, "needs" | "clip"> & {
    readonly kept: readonly string[];
  },
): Record<string, tf.Tensor> {
  const control = Object.fromEntries(
    tf.split(input(inputs, "control"), CONTROL.length).map((value, i) => [CONTROL[i]!, value]),
  ) as Record<keyof Control, tf.Tensor>;
  const { shape } = input(inputs, "base");
  const count = shape[0]!;
  const noises = noiseNames(needs);
  const noise = (name: string): tf.Tensor => {
    const { draws } = inputs;
    if (!draws) return input(inputs, name);
    const at = (i: number) => tf.slice(draws, i, 1);
    const step = at(2 + noises.indexOf(name));
    return randomNormal({ seed: at(0), stream: at(1), step }, shape);
  };
  const where = (flag: tf.Tensor, x: tf.Tensor, y: tf.Tensor) =>
    tf.where(tf.broadcastTo(tf.greater(flag, 0.5), shape), x, y);

  let base = input(inputs, "base");
  for (let i = 0; i < needs.raises; i++) {
    base = tf.add(
      tf.mul(base, control[`raise${i as 0 | 1}`]),
      tf.mul(noise(`raise_noise_${i}`), control[`raiseNoise${i as 0 | 1}`]),
    );
  }
  const z = needs.corrects ? where(control.corrects, input(inputs, "point"), base) : base;
  const previous = tf.mul(input(inputs, "previous"), control.hasPrevious);
  const levels = Object.fromEntries(
    LEVELS.map((name) => [name, tf.broadcastTo(control[name], [count])]),
  );
  const answers = denoiser.apply({ ...inputs, ...levels, z, previous });
  const answer = input(answers, "denoised");
  const denoised = clip ? tf.clipByValue(answer, ...clip) : answer;
  let reached = tf.add(
    tf.add(tf.mul(base, control.byBase), tf.mul(denoised, control.byDenoised)),
    tf.mul(previous, control.byPrevious),
  );
  if (needs.noise) reached = tf.add(reached, tf.mul(noise("move_noise"), control.byNoise));
  if (needs.known) {
    const known = tf.add(
      tf.mul(input(inputs, "known"), control.knownAlpha),
      tf.mul(noise("known_noise"), control.knownSigma),
    );
    const isKnown = tf.mul(input(inputs, "is_known"), control.endsStep);
    reached = tf.where(tf.greater(isKnown, 0.5), known, reached);
  }
  return {
    base: needs.corrects ? where(control.endsStep, reached, base) : reached,
    previous: denoised,
    ...(needs.corrects ? { point: reached } : {}),
    ...(needs.raises > 0 ? { asked: z } : {}),
    ...Object.fromEntries(kept.map((name) => [name, input(answers, name)])),
    failed: firstFailure(input(inputs, "failed"), answer, control.number),
  };
}

/** The largest number that is finite; comparisons with what is no number fail. */
const LARGEST = 3.4e38;

/** The number of the first evaluation of which a value was not finite, for each example. */
function firstFailure(failed: tf.Tensor, answer: tf.Tensor, number: tf.Tensor): tf.Tensor {
  const count = answer.shape[0]!;
  const finite = tf.cast(tf.lessEqual(tf.abs(answer), LARGEST), "float32");
  const all = tf.min(tf.reshape(finite, [count, -1]), 1);
  const fails = tf.logicalAnd(tf.less(all, 0.5), tf.less(failed, 0.5));
  return tf.where(fails, tf.broadcastTo(number, [count]), failed);
}
