/**
 * Sampling loops on a device. One program carries out one evaluation of a plan (`diffusion/plan.ts`): it
 * adds noise where the plan does, evaluates the denoiser, and moves the points. The points are state of
 * the program and stay on the device between evaluations; only a few numbers are sent for each.
 *
 * The state, for N examples:
 *
 * | tensor | shape | meaning |
 * |---|---|---|
 * | `base` | [N, …] | z_t, the point that the step starts from |
 * | `point` | [N, …] | the point that the last evaluation reached, for samplers that correct it |
 * | `noisy` | [N, …] | the last input z of the denoiser, for samplers that add noise before it |
 * | `previous` | [N, …] | the last (clipped) estimate x̂ |
 * | `failed` | [N] | number of the first evaluation of which a value was not finite, or 0 |
 * | other outputs of the denoiser | | |
 * | other inputs of the denoiser, and its parameters | | the same in all evaluations |
 * | `known`, `is_known` | [N, …] | for in-painting: the known values, and 1 where they are known |
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

/** What a sampling program must be able to do. */
export interface SamplingNeeds {
  /** Largest number of increases of noise before an evaluation. */
  readonly raises: number;
  /** Whether moves add noise. */
  readonly noise: boolean;
  /** Whether part of the points is known (in-painting). */
  readonly known: boolean;
  /** Whether evaluations correct others. */
  readonly corrects: boolean;
}

/** Returns what a program must be able to do for the evaluations of a plan. */
export function needsOf(plan: readonly Evaluation[]): SamplingNeeds {
  return {
    raises: Math.max(...plan.map(({ raises }) => raises.length)),
    noise: plan.some(({ move }) => move.draw !== undefined),
    known: plan.some(({ known }) => known !== undefined),
    corrects: plan.some(({ corrects }) => corrects),
  };
}

/** The numbers that are sent for an evaluation, in the order of the input `control`. */
const CONTROL = [
  "number",
  "alpha",
  "sigma",
  "angle",
  "gamma",
  "hasPrevious",
  "corrects",
  "endsStep",
  "moveBase",
  "moveDenoised",
  "movePrevious",
  "moveNoise",
  "knownAlpha",
  "knownSigma",
  "raiseBase0",
  "raiseNoise0",
  "raiseBase1",
  "raiseNoise1",
] as const;
type Control = Record<typeof CONTROL[number], number>;
/** The inputs of a denoiser that describe the noise level of each example. */
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

/** The key of the noise that a loop adds. The number of a draw is its `step`. */
export type NoiseKey = Omit<RandomKey, "step">;

/** A compiled evaluation of sampling loops. */
export interface SamplingProgram {
  readonly program: ResidentProgram;
  readonly needs: SamplingNeeds;
  /** Names of the state that an evaluation changes. */
  readonly changing: readonly string[];
  /** Names of the denoiser's outputs beside `denoised` that are state. */
  readonly outputs: readonly string[];
  /** Returns the inputs of an evaluation, by its number from 1 up. */
  inputsOf(evaluation: Evaluation, number: number, noise: NoiseKey): Arrays;
  dispose(): Promise<void>;
}

/**
 * Compiles one evaluation of sampling loops.
 *
 * If the engine keeps state on its device, noise is drawn there; otherwise it is an input.
 *
 * @param denoiser A step with the inputs `z`, perhaps `previous`, noise levels, and others that stay the
 * same for the whole loop; with the output `denoised`, and perhaps others.
 */
export async function compileSampling(
  engine: Engine,
  denoiser: Step,
  { batch, needs, clip, outputs = {}, weights }: SamplingOptions,
): Promise<SamplingProgram> {
  const { z, previous: _, ...others } = denoiser.inputs;
  const sample = { shape: [batch, ...z!.shape], dtype: "float32" } as const;
  const constantInputs = Object.fromEntries(
    Object.entries(others).filter(([name]) => !LEVELS.includes(name as typeof LEVELS[number])),
  );
  const points = [
    "base",
    "previous",
    ...(needs.corrects ? ["point"] : []),
    ...(needs.raises > 0 ? ["noisy"] : []),
  ];
  const inpainting = needs.known ? ["known", "is_known"] : [];
  const noises = noiseNames(needs);
  const drawn = engine.compileResident !== undefined;
  const samples = (names: readonly string[]): Signature =>
    Object.fromEntries(names.map((name) => [name, sample]));
  const kept = Object.keys(outputs);
  const state: Signature = {
    ...samples([...points, ...inpainting]),
    ...Object.fromEntries(
      kept.map((name) => [name, { shape: [batch, ...outputs[name]!], dtype: "float32" as const }]),
    ),
    failed: { shape: [batch], dtype: "float32" },
    ...batchSignature({ inputs: constantInputs }, batch),
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
    ...inpainting,
    ...kept,
    ...(drawn ? [] : noises),
    "failed",
    ...Object.keys(constantInputs).filter((name) => constantInputs[name]!.perExample),
  ];
  const evaluate = (tensors: Tensors) => evaluated(denoiser, tensors, { needs, clip, kept });
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
      const size = tf.util.sizeFromShape([...sample.shape]);
      const noise = (draw: Draw | undefined) =>
        draw === undefined ? new Float32Array(size) : normals({ ...key, step: draw }, size);
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

/** Returns the names of the noises that an evaluation may add. */
function noiseNames({ raises, noise, known }: SamplingNeeds): string[] {
  return [
    ...Array.from({ length: raises }, (_, i) => `raise_noise_${i}`),
    ...(noise ? ["move_noise"] : []),
    ...(known ? ["known_noise"] : []),
  ];
}

/** Returns the draw of each noise, undefined where the evaluation adds none. */
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
    moveBase: move.z,
    moveDenoised: move.denoised,
    movePrevious: move.previous ?? 0,
    moveNoise: move.draw === undefined ? 0 : move.noise,
    knownAlpha: known?.alpha ?? 0,
    knownSigma: known?.draw === undefined ? 0 : known.sigma,
    raiseBase0: first?.z ?? 1,
    raiseNoise0: first?.noise ?? 0,
    raiseBase1: second?.z ?? 1,
    raiseNoise1: second?.noise ?? 0,
  };
}

/** Carries out an evaluation. Returns the state that it changes. */
function evaluated(
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
      tf.mul(base, control[`raiseBase${i as 0 | 1}`]),
      tf.mul(noise(`raise_noise_${i}`), control[`raiseNoise${i as 0 | 1}`]),
    );
  }
  const z = needs.corrects ? where(control.corrects, input(inputs, "point"), base) : base;
  const previous = tf.mul(input(inputs, "previous"), control.hasPrevious);
  const levels = Object.fromEntries(
    LEVELS.map((name) => [name, tf.broadcastTo(control[name], [count])]),
  );
  const outputs = denoiser.apply({ ...inputs, ...levels, z, previous });
  const estimate = input(outputs, "denoised");
  const denoised = clip ? tf.clipByValue(estimate, ...clip) : estimate;
  let reached = tf.add(
    tf.add(tf.mul(base, control.moveBase), tf.mul(denoised, control.moveDenoised)),
    tf.mul(previous, control.movePrevious),
  );
  if (needs.noise) reached = tf.add(reached, tf.mul(noise("move_noise"), control.moveNoise));
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
    ...(needs.raises > 0 ? { noisy: z } : {}),
    ...Object.fromEntries(kept.map((name) => [name, input(outputs, name)])),
    failed: firstFailure(input(inputs, "failed"), estimate, control.number),
  };
}

/** About the largest finite number in float32. */
const LARGEST = 3.4e38;

/** Returns the number of the first evaluation of which a value was not finite, for each example. */
function firstFailure(failed: tf.Tensor, estimate: tf.Tensor, number: tf.Tensor): tf.Tensor {
  const count = estimate.shape[0]!;
  // The comparison is false for NaN, too.
  const finite = tf.cast(tf.lessEqual(tf.abs(estimate), LARGEST), "float32");
  const all = tf.min(tf.reshape(finite, [count, -1]), 1);
  const fails = tf.logicalAnd(tf.less(all, 0.5), tf.less(failed, 0.5));
  return tf.where(fails, tf.broadcastTo(number, [count]), failed);
}
