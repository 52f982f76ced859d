/** The rows of the GPU benchmark: what is measured, on one device, one row after the other. */
import {
  CONTROL_SIGNATURE,
  controlArrays,
  type Engine,
  flatLayout,
  flatten,
  stateSignature,
  tf,
  updateFunction,
} from "../engine/mod.ts";
import { initialParameters } from "../models/layers/mod.ts";
import { batchSignature } from "../models/steps/mod.ts";
import { digitsSampler } from "./digits.ts";
import { ourStep } from "./our_step.ts";
import type { Workload } from "./workload.ts";
import { textWorkload, transformerWorkload, unetWorkload } from "./workloads.ts";

/** A row is a kind of work and how many examples, or digits, it takes at once. */
export type Work = "unet" | "transformer" | "text-blocks" | "shakespeare-base" | "digits";

export interface Row {
  readonly work: Work;
  readonly count: number;
}

/** The rows in the order in which they are measured. */
export const ROWS: readonly Row[] = [
  { work: "unet", count: 64 },
  { work: "unet", count: 256 },
  { work: "transformer", count: 32 },
  { work: "transformer", count: 128 },
  { work: "text-blocks", count: 32 },
  { work: "shakespeare-base", count: 64 },
  { work: "digits", count: 64 },
  { work: "digits", count: 1024 },
];

/** Every kind of work once, as small as it can be. */
export const SMALLEST_ROWS: readonly Row[] = [...new Set(ROWS.map(({ work }) => work))]
  .map((work) => ({ work, count: 1 }));

/** Whether a row is a training step; otherwise it draws. */
export function isTraining({ work }: Row): boolean {
  return work !== "digits";
}

export function rowName({ work, count }: Row): string {
  return `${work} ${count}`;
}

/** Limits of one measurement. */
export interface Effort {
  /** Steps, or a third as many drawings. */
  readonly rounds: number;
  /** Denoising steps of a drawing. */
  readonly steps: number;
  /** What one row may take; fewer rounds are taken where so many would take longer. */
  readonly seconds: number;
}

export interface Measured {
  /** Of a training step, or of drawing all digits once. */
  readonly milliseconds: number;
  /** Until the first step, or drawing, was done: compilation included. */
  readonly ready: number;
}

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, gradientClip: 1 };

/** Measures a row on an engine. */
export async function measureRow(engine: Engine, row: Row, effort: Effort): Promise<Measured> {
  if (row.work === "digits") {
    return await timed(async () => {
      const { draw, dispose } = await digitsSampler(engine, row.count, effort.steps);
      return { once: draw, many: undefined, dispose };
    }, { ...effort, rounds: Math.max(1, Math.ceil(effort.rounds / 10)) });
  }
  const workload = await workloadOf(row);
  return engine.compileResident
    ? await timed(() => residentStep(engine, workload), effort)
    : await timed(async () => {
      const once = await ourStep(engine, workload);
      return { once, many: undefined, dispose: () => Promise.resolve() };
    }, { ...effort, rounds: Math.min(7, effort.rounds) });
}

async function workloadOf({ work, count }: Row): Promise<Workload> {
  switch (work) {
    case "unet":
      return await unetWorkload(count);
    case "transformer":
      return transformerWorkload(count);
    case "text-blocks":
      return textWorkload("blocks", count);
    case "shakespeare-base":
      return textWorkload("autoregressive", count, { size: "base", length: 256 });
    case "digits":
      throw new Error("Internal: drawing digits is no training step");
  }
}

/** Work that is ready to be done. */
interface Prepared {
  /** Does it once, and waits for it. */
  once(): Promise<unknown>;
  /** Does it so many times, and waits once; without it, `once` is repeated and the median taken. */
  readonly many: ((times: number) => Promise<void>) | undefined;
  dispose(): Promise<void>;
}

async function timed(
  prepare: () => Promise<Prepared>,
  { rounds, seconds }: Effort,
): Promise<Measured> {
  const began = performance.now();
  const { once, many, dispose } = await prepare();
  await once();
  const ready = (performance.now() - began) / 1000;
  const first = await millisecondsOf(once);
  // Half of what is left, because the work may take longer than it did once.
  const fitting = Math.floor(500 * (seconds - ready) / first);
  const times = Math.max(1, Math.min(rounds, fitting));
  let milliseconds: number;
  if (many) milliseconds = await millisecondsOf(() => many(times)) / times;
  else {
    const all: number[] = [];
    for (let i = 0; i < times; i++) all.push(await millisecondsOf(once));
    milliseconds = all.sort((x, y) => x - y)[all.length >> 1]!;
  }
  await dispose();
  return { milliseconds, ready };
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** A training step whose state stays on the device: forward, backward, clipping and AdamW. */
async function residentStep(
  engine: Engine,
  { specs, step, batch, data }: Workload,
): Promise<Prepared> {
  const layout = flatLayout(specs);
  const program = await engine.compileResident!(
    updateFunction(step.apply, layout, { ...ADAM, muon: [] }),
    { ...batchSignature(step, batch), ...CONTROL_SIGNATURE },
    stateSignature(layout),
  );
  const parameters = initialParameters(specs, 0);
  const flat = flatten(layout, (name) => parameters[name]!.data);
  program.write({ parameters: flat, ema: flat });
  const window = new Float32Array(3);
  const rates = { learningRate: 1e-3, muonLearningRate: 0, emaDecay: 0.99 };
  let done = 0;
  const many = async (times: number) => {
    for (let i = 0; i < times; i++) {
      program.enqueue({ ...data, ...controlArrays(ADAM, { ...rates, step: done++ }) });
    }
    await program.read({ window });
    if (!window.every(Number.isFinite)) throw new Error(`The sums of its losses are ${window}`);
  };
  return { once: () => many(1), many, dispose: () => program.dispose() };
}

/** What the device does at best, by kernels that do nothing else. */
export interface Ceilings {
  /** Bytes a second, read and written. */
  readonly copy: number;
  /** Operations a second of a product of matrices. */
  readonly product: number;
}

/**
 * Measures both ceilings.
 *
 * @param size Rows and columns of the matrices; the copied tensor has 16 times as many elements.
 */
export async function measureCeilings(
  engine: Engine,
  size: number,
  effort: Effort,
): Promise<Ceilings> {
  const repeated = (fn: (x: tf.Tensor) => tf.Tensor, shape: number[]) =>
    timed(async () => {
      const spec = { shape, dtype: "float32" } as const;
      const program = await engine.compileResident!(({ x }) => ({ x: fn(x!) }), {}, { x: spec });
      const one = new Float32Array(1);
      const many = async (times: number) => {
        for (let i = 0; i < times; i++) program.enqueue({});
        await program.read({ x: one });
      };
      return { once: () => many(1), many, dispose: () => program.dispose() };
    }, effort);
  const copied = await repeated((x) => tf.neg(x), [16 * size * size]);
  const product = await repeated((x) => tf.matMul(x, x), [size, size]);
  return {
    // The new value is written beside the old one, and copied over it: two passes of two.
    copy: 4 * 4 * 16 * size ** 2 / (copied.milliseconds / 1000),
    product: 2 * size ** 3 / (product.milliseconds / 1000),
  };
}
