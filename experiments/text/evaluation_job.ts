import type { DeviceName, Engine } from "../../engine/mod.ts";
import { codeVersion } from "../common/code_version.ts";
import { engineFor } from "../common/device.ts";
import type { Work } from "../run/jobs.ts";
import { baselinesFor } from "./baselines.ts";
import { type OpenRun, openTextRun, writingWorkload } from "./generation.ts";
import { batchesOf, expectedEvaluations, measureWriting } from "./written.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import type { TextConfig } from "../config/mod.ts";
import { inputArrays } from "../../models/steps/mod.ts";
import { embeddingFacts, windowsOf } from "./validation.ts";
import { compileMeasure } from "./measure.ts";
import { diffusionBlocks, noiseRange } from "./network.ts";
import type { TextEvaluationSettings } from "../requests/text.ts";
import type { MeasuredBound } from "../store/records.ts";

/** What the process that evaluates runs on text is asked for. */
export interface TextEvaluationJob {
  readonly workspace: string;
  readonly runId: string;
  readonly settings: TextEvaluationSettings;
  readonly dataDirectory?: string | undefined;
  readonly device?: DeviceName | undefined;
}

export const run: Work<TextEvaluationJob> = async ({ settings, device, ...job }, report) => {
  const opened = await openTextRun(job);
  const { store, run, config, dataset, step } = opened;
  const { writing, draws } = settings;
  const asked = expectedEvaluations(writing);
  const bounds = boundsOf(config, settings);
  const total = asked + bounds.length * draws + 1;
  report(0, total, `Compiling the network of step ${step}`);
  const { engine } = await engineFor(
    device,
    writingWorkload(opened.network, opened.ema, writing, batchesOf(writing)),
  );
  let done = 0;
  // First, because it is what may be refused.
  const { results: texts, networkEvaluations, seconds } = await measureWriting(
    engine,
    opened,
    writing,
    () => report(Math.min(asked, ++done), total, `Writing ${writing.count} texts`),
  );
  const began = performance.now();
  done = asked;
  report(done, total, "Measuring the likelihood of held-out text");
  const measured = await measureBounds(
    engine,
    opened,
    settings,
    ({ blockSize, steps }) =>
      report(
        done += draws,
        total,
        `Measured blocks of ${blockSize}${steps === null ? "" : ` in ${steps} steps`}`,
      ),
  );
  report(done, total, "Fitting n-gram models");
  const baselines = baselinesFor(job.workspace, dataset);
  return store.evaluations.insert({
    modality: "text",
    runId: run.id,
    step,
    settings,
    results: { bounds: measured, baselines, texts },
    networkEvaluations,
    samplingSeconds: seconds,
    measuringSeconds: (performance.now() - began) / 1000,
    datasetHash: dataset.hash,
    configHash: run.configHash,
    codeVersion: codeVersion(),
    device: engine.device,
  });
};

/** A bound to be measured: its block size, and its steps or null. */
export type WantedBound = Pick<MeasuredBound, "blockSize" | "steps">;

/**
 * Which bounds a run has: the exact likelihood where it reads left to right, the bound of every block
 * size that training drew and of the one it writes with, and those of finite walks for the latter
 * and for whole windows.
 */
export function boundsOf(config: TextConfig, settings: TextEvaluationSettings): WantedBound[] {
  const { method, context } = config;
  const { mode, block_size } = settings.writing;
  const reads = method === "autoregressive" || method === "blocks";
  const exact = reads ? [{ blockSize: 1, steps: null }] : [];
  if (method === "autoregressive") return exact;
  const written = mode === "diffusion" || mode === "infill" ? context : block_size;
  const trained = method === "blocks" ? diffusionBlocks(config) : [context];
  const sizes = method === "blocks" && written > 1 ? [...trained, written] : trained;
  const walked = [written, context];
  return [
    ...exact,
    ...[...new Set(sizes)].sort((a, b) => a - b).flatMap((blockSize) => [
      { blockSize, steps: null },
      ...(walked.includes(blockSize) ? settings.bound_steps : [])
        .map((steps) => ({ blockSize, steps })),
    ]),
  ];
}

/**
 * Measures a run's bounds on the same windows with the same noise.
 *
 * @param onBound Called after each of them.
 */
export async function measureBounds(
  engine: Engine,
  { network, config, dataset, ema }: OpenRun,
  settings: TextEvaluationSettings,
  onBound: (wanted: WantedBound) => void,
): Promise<MeasuredBound[]> {
  const { vocabulary, validation } = dataset.tokenized;
  const measure = await compileMeasure(engine, network, config, vocabulary.lengths);
  const windows = windowsOf(validation, config.context, settings.draws);
  const weights = inputArrays(ema);
  const squaredNorm = network.denoiser
    ? embeddingFacts(ema, network, noiseRange(config)).squaredNorm
    : 1;
  const noise = { seed: settings.writing.seed, stream: "evaluation" };
  const results: MeasuredBound[] = [];
  for (const wanted of boundsOf(config, settings)) {
    const { blockSize, steps } = wanted;
    const bound: LikelihoodBound = blockSize === 1
      ? await measure.exact!({ weights, windows })
      : (await measure.bound!({ weights, windows }, {
        blockSize,
        squaredNorm,
        noise,
        steps: steps ?? undefined,
      })).bound;
    if (!Number.isFinite(bound.total)) {
      throw new Error(`The bound in blocks of ${blockSize} is ${bound.total}`);
    }
    results.push({ ...bound, ...wanted });
    onBound(wanted);
  }
  return results;
}
