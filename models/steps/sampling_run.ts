/** The loop over a plan's evaluations, whose points stay where the denoiser runs. */
import type { Arrays } from "../../engine/mod.ts";
import { describeEvaluation, type Evaluation } from "../diffusion/mod.ts";
import { elementCount, type SamplingProgram } from "./sampling.ts";

/** The state of the denoiser's input and of its output in one step, read back. */
export interface SamplingFrame {
  /** 1 … steps. */
  readonly step: number;
  readonly gamma: number;
  readonly noisy: Float32Array;
  /** The (clipped) estimate x̂. */
  readonly denoised: Float32Array;
}

export interface SamplingRun {
  readonly plan: readonly Evaluation[];
  /** The points to start from (`sampleStart`). */
  readonly start: Float32Array;
  /** Everything that stays the same: the denoiser's other inputs, weights, `known` and `mask`. */
  readonly held: Arrays;
  readonly seed: number;
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
 * Samples points with a compiled program. Points are read back at the end and for frames alone.
 *
 * @returns The points at the last level, and the frames.
 * @throws {Error} If a value is not finite; the message names the step and γ.
 * @throws The reason of the signal, if it is aborted.
 */
export async function runSampling(
  first: SamplingProgram,
  { plan, start, held, seed, programAt = () => first, isFrame, onStep, signal }: SamplingRun,
): Promise<{ readonly points: Float32Array; readonly frames: readonly SamplingFrame[] }> {
  const frames: SamplingFrame[] = [];
  let current = programAt(plan[0]!.gamma);
  const begin = (sampling: SamplingProgram) => {
    const { state } = sampling.program;
    sampling.program.write(
      Object.fromEntries(Object.entries(held).filter(([name]) => name in state)),
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
  const read = async (name: string) => {
    const values = new Float32Array(start.length);
    await current.program.read({ [name]: values });
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
    const noisy = keeps && !raises ? await read("base") : undefined;
    current.program.enqueue(current.inputsOf(evaluation, index + 1, seed));
    if (keeps) {
      const denoised = await read("previous");
      frames.push({ step, gamma, noisy: noisy ?? await read("asked"), denoised });
    }
    if (evaluation.endsStep) onStep?.(step, steps);
    if (++queued < most) continue;
    await look();
    const seconds = (performance.now() - since) / 1000 / queued;
    most = Math.max(1, Math.min(MOST_QUEUED, Math.floor(MOST_SECONDS / seconds)));
    [queued, since] = [0, performance.now()];
  }
  await look();
  return { points: await read("base"), frames };
}

/** Copies the state that changes from one program into another. */
async function carry(from: SamplingProgram, to: SamplingProgram): Promise<void> {
  const values = Object.fromEntries(
    from.changing.map((name) => [
      name,
      new Float32Array(elementCount(from.program.state[name]!.shape)),
    ]),
  );
  await from.program.read(values);
  to.program.write(values);
}
