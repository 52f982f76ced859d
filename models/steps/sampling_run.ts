/** The loop over the evaluations of a plan, with a compiled program. */
import { type Arrays, tf } from "../../engine/mod.ts";
import { describeEvaluation, type Evaluation, type Inpainting } from "../diffusion/mod.ts";
import type { NoiseKey, SamplingProgram } from "./sampling.ts";

/** Input and outputs of the denoiser in one step. */
export interface SamplingFrame {
  /** 1 … steps. */
  readonly step: number;
  readonly gamma: number;
  /** The input z, after any noise that the step added first. */
  readonly noisy: Float32Array;
  /** The (clipped) estimate x̂. */
  readonly denoised: Float32Array;
  /** The denoiser's other outputs that the program keeps. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** The result of a sampling loop. */
export interface Sampled {
  /** The points at the last level. */
  readonly points: Float32Array;
  /** The outputs of the last evaluation that the program keeps. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly frames: readonly SamplingFrame[];
}

export interface SamplingRun {
  readonly plan: readonly Evaluation[];
  /** The points to start from (`sampleStart`). */
  readonly start: Float32Array;
  /**
   * The inputs of the denoiser that stay the same, and the parameters unless they are constants of the
   * program. Those that the program does not have are ignored.
   */
  readonly constantInputs: Arrays;
  readonly inpaint?: Pick<Inpainting, "known" | "mask"> | undefined;
  readonly noise: NoiseKey;
  /** Returns the program for a noise level, if there are several. By default always the first. */
  programAt?(gamma: number): SamplingProgram;
  /** Called when a step is enqueued, with its number and the number of steps. */
  onStep?: ((step: number, steps: number) => void) | undefined;
  /** Whether the frame of a step is to be returned. */
  isFrame?: ((step: number, steps: number) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Evaluations are enqueued until they take about this long, or are this many, and then waited for. */
const QUEUE_SECONDS = 0.25;
const MAX_QUEUED = 64;

/**
 * Samples points with a compiled program. Points and outputs are read back at the end and for frames
 * alone.
 *
 * @throws {Error} If a value is not finite; the message names the step and γ.
 * @throws The reason of the signal, if it is aborted.
 */
export async function runSampling(
  first: SamplingProgram,
  { plan, start, constantInputs, inpaint, noise, programAt = () => first, isFrame, onStep, signal }:
    SamplingRun,
): Promise<Sampled> {
  const frames: SamplingFrame[] = [];
  const constants: Arrays = {
    ...constantInputs,
    ...(inpaint && { known: inpaint.known, is_known: inpaint.mask }),
  };
  let current = programAt(plan[0]!.gamma);
  const writeConstants = ({ program }: SamplingProgram) => {
    const own = Object.entries(constants).filter(([name]) => name in program.state);
    program.write(Object.fromEntries(own));
  };
  const failed = new Float32Array(current.program.state.failed!.shape[0]!);
  /** Waits for the evaluations that are enqueued, and checks their values. */
  const requireFinite = async () => {
    await current.program.read({ failed });
    const number = failed.find((value) => value > 0);
    if (number === undefined) return;
    const evaluation = describeEvaluation(plan[number - 1]!);
    throw new Error(
      `Sampling stopped at ${evaluation}: the denoiser returned a value that is not finite`,
    );
  };
  const read = async (names: readonly string[]) => {
    const values = stateArrays(current, names);
    await current.program.read(values);
    return values;
  };
  writeConstants(current);
  current.program.write({
    base: start,
    failed: new Float32Array(failed.length),
    // The first evaluation multiplies it by 0, but what is left of another sample may not be finite.
    previous: new Float32Array(start.length),
  });
  let queued = 0, limit = 1, since = performance.now();
  for (const [index, evaluation] of plan.entries()) {
    signal?.throwIfAborted();
    const { step, steps, gamma } = evaluation;
    const next = programAt(gamma);
    if (next !== current) {
      writeConstants(next);
      await copyState(current, next);
      current = next;
    }
    const isShown = !evaluation.corrects && (isFrame?.(step, steps) ?? false);
    const raises = current.needs.raises > 0;
    const before = isShown && !raises ? await read(["base"]) : {};
    current.program.enqueue(current.inputsOf(evaluation, index + 1, noise));
    if (isShown) {
      const { base, noisy = base, previous, ...outputs } = {
        ...before,
        ...await read(["previous", ...(raises ? ["noisy"] : []), ...current.outputs]),
      };
      frames.push({ step, gamma, noisy: noisy!, denoised: previous!, outputs });
    }
    if (evaluation.endsStep) onStep?.(step, steps);
    if (++queued < limit) continue;
    await requireFinite();
    const seconds = (performance.now() - since) / 1000 / queued;
    limit = Math.max(1, Math.min(MAX_QUEUED, Math.floor(QUEUE_SECONDS / seconds)));
    [queued, since] = [0, performance.now()];
  }
  await requireFinite();
  const { base, ...outputs } = await read(["base", ...current.outputs]);
  return { points: base!, outputs, frames };
}

/** Copies the state that changes from one program into another. */
async function copyState(from: SamplingProgram, to: SamplingProgram): Promise<void> {
  const values = stateArrays(from, from.changing);
  await from.program.read(values);
  to.program.write(values);
}

/** Arrays for state of a program, by name. */
function stateArrays(
  { program: { state } }: SamplingProgram,
  names: readonly string[],
): Record<string, Float32Array> {
  return Object.fromEntries(
    names.map((name) => [name, new Float32Array(tf.util.sizeFromShape([...state[name]!.shape]))]),
  );
}
