/** The loop over a plan's evaluations, whose points stay where the denoiser runs. */
import type { Arrays } from "../../engine/mod.ts";
import { describeEvaluation, type Evaluation, type Inpainting } from "../diffusion/mod.ts";
import { elementCount, type NoiseKey, type SamplingProgram } from "./sampling.ts";

/** The state of the denoiser's input and of its output in one step, read back. */
export interface SamplingFrame {
  /** 1 … steps. */
  readonly step: number;
  readonly gamma: number;
  readonly noisy: Float32Array;
  /** The (clipped) estimate x̂. */
  readonly denoised: Float32Array;
  /** The denoiser's other outputs that the program keeps. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** What a sampling loop came to. */
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
  /** Everything that stays the same: the denoiser's other inputs, and weights. */
  readonly held: Arrays;
  readonly inpaint?: Pick<Inpainting, "known" | "mask"> | undefined;
  readonly noise: NoiseKey;
  /** The program for a noise level, where there are several; by default always the first. */
  programAt?(gamma: number): SamplingProgram;
  /** Called as each step is asked for, with the number of steps. */
  onStep?: ((step: number, steps: number) => void) | undefined;
  /** Whether the frame of a step is to be read. */
  isFrame?: ((step: number, steps: number) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Evaluations that are asked for before they are waited for take about this long together. */
const MOST_SECONDS = 0.25;
const MOST_QUEUED = 64;

/**
 * Samples points with a compiled program. Points and outputs are read back at the end and for frames
 * alone.
 *
 * @throws {Error} If a value is not finite; the message names the step and γ.
 * @throws The reason of the signal, if it is aborted.
 */
export async function runSampling(
  first: SamplingProgram,
  { plan, start, held, inpaint, noise, programAt = () => first, isFrame, onStep, signal }:
    SamplingRun,
): Promise<Sampled> {
  const frames: SamplingFrame[] = [];
  const constant: Arrays = {
    ...held,
    ...(inpaint && { known: inpaint.known, is_known: inpaint.mask }),
  };
  let current = programAt(plan[0]!.gamma);
  const begin = (sampling: SamplingProgram) => {
    const { state } = sampling.program;
    sampling.program.write(
      Object.fromEntries(Object.entries(constant).filter(([name]) => name in state)),
    );
  };
  const failed = new Float32Array(current.program.state.failed!.shape[0]!);
  /** Waits, and looks whether all has gone well. */
  const look = async () => {
    await current.program.read({ failed });
    const number = failed.find((value) => value > 0);
    if (number === undefined) return;
    const place = describeEvaluation(plan[number - 1]!);
    throw new Error(
      `Sampling stopped at ${place}: the denoiser returned a value that is not finite`,
    );
  };
  const read = async (names: readonly string[]) => {
    const values = stateArrays(current, names);
    await current.program.read(values);
    return values;
  };
  begin(current);
  current.program.write({
    base: start,
    failed: new Float32Array(failed.length),
    // Left from another sample; multiplied by 0, but it may not have been finite.
    previous: new Float32Array(start.length),
  });
  let queued = 0, most = 1, since = performance.now();
  for (const [index, evaluation] of plan.entries()) {
    signal?.throwIfAborted();
    const { step, steps, gamma } = evaluation;
    const next = programAt(gamma);
    if (next !== current) {
      begin(next);
      await carry(current, next);
      current = next;
    }
    const keeps = !evaluation.corrects && (isFrame?.(step, steps) ?? false);
    const raises = current.needs.raises > 0;
    const before = keeps && !raises ? await read(["base"]) : {};
    current.program.enqueue(current.inputsOf(evaluation, index + 1, noise));
    if (keeps) {
      const { base, asked = base, previous, ...outputs } = {
        ...before,
        ...await read(["previous", ...(raises ? ["asked"] : []), ...current.outputs]),
      };
      frames.push({ step, gamma, noisy: asked!, denoised: previous!, outputs });
    }
    if (evaluation.endsStep) onStep?.(step, steps);
    if (++queued < most) continue;
    await look();
    const seconds = (performance.now() - since) / 1000 / queued;
    most = Math.max(1, Math.min(MOST_QUEUED, Math.floor(MOST_SECONDS / seconds)));
    [queued, since] = [0, performance.now()];
  }
  await look();
  const { base, ...outputs } = await read(["base", ...current.outputs]);
  return { points: base!, outputs, frames };
}

/** Copies the state that changes from one program into another. */
async function carry(from: SamplingProgram, to: SamplingProgram): Promise<void> {
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
    names.map((name) => [name, new Float32Array(elementCount(state[name]!.shape))]),
  );
}
