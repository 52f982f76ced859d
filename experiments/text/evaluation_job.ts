/** The job of evaluating a text run. */
import type { Engine } from "../../engine/mod.ts";
import { codeVersion } from "../common/system.ts";
import type { Work } from "../run/job_worker.ts";
import type { Parts } from "../common/system.ts";
import { baselinesFor } from "./metrics.ts";
import { writingWorkload } from "./model.ts";
import { type OpenRun, openTextRun } from "./sampling_job.ts";
import { batchesOf, expectedEvaluations, measureWriting } from "./written.ts";
import type { LikelihoodBound } from "../../models/text/network/mod.ts";
import { inputArrays } from "../../models/steps/mod.ts";
import { embeddingFacts, windowsOf } from "./validation.ts";
import { compileMeasure } from "./measure.ts";
import { diffusionBlocks, noiseRange } from "./network.ts";
import type { MeasuredBound, TextEvaluationSettings } from "./requests.ts";
import type { TextConfig } from "./config.ts";

/** The input of the job. */
export interface EvaluationInput {
  readonly settings: TextEvaluationSettings;
}

export const evaluateTexts: Work = async (context) => {
  const { settings } = context.input as EvaluationInput;
  const { report, cache, device } = context;
  const opened = await openTextRun(context);
  const { store, run, key, config, dataset, step } = opened;
  const { writing, draws } = settings;
  const { batches } = batchesOf(writing);
  const expected = expectedEvaluations(writing);
  const bounds = boundsOf(config, settings);
  const total = expected + bounds.length * draws + 1;
  report(0, total, `Compiling the network of step ${step}`);
  const engine = await cache.engineFor(
    device,
    `${key} ${JSON.stringify(settings)}`,
    writingWorkload(opened.network, opened.ema, writing, batchesOf(writing)),
  );
  const parts = context.parts({ step, device: engine.device });
  let done = 0;
  // First, because it may be refused.
  const { results: texts, networkEvaluations, seconds } = await measureWriting(
    engine,
    opened,
    writing,
    parts,
    {
      onEvaluation: () =>
        report(Math.min(expected, ++done), total, `Writing ${writing.count} texts`),
      onBatch: (batch) => done = expected * batch / batches,
    },
  );
  done = expected;
  report(done, total, "Measuring the likelihood of held-out text");
  const measured = await measureBounds(
    engine,
    opened,
    settings,
    parts,
    ({ blockSize, steps }) =>
      report(
        done += draws,
        total,
        `Measured blocks of ${blockSize}${steps === null ? "" : ` in ${steps} steps`}`,
      ),
  );
  report(done, total, "Fitting n-gram models");
  const began = performance.now();
  const baselines = baselinesFor(store.workspace, dataset);
  const measuringSeconds = measured.seconds + (performance.now() - began) / 1000;
  return () =>
    store.evaluations.insert({
      modality: "text",
      runId: run.id,
      step,
      settings,
      results: { bounds: measured.bounds, baselines, texts },
      networkEvaluations,
      samplingSeconds: seconds,
      measuringSeconds,
      datasetHash: dataset.hash,
      configHash: run.configHash,
      codeVersion: codeVersion(),
      device: engine.device,
    });
};

/** A bound to measure: its block size, and its number of sampling steps or null. */
export type RequestedBound = Pick<MeasuredBound, "blockSize" | "steps">;

/**
 * Returns the bounds to measure: the exact likelihood for a run with an autoregressive head, the continuous
 * bound for every block size of training and for that of generation, and the bounds for finite numbers of
 * steps for the latter and for whole windows.
 */
export function boundsOf(config: TextConfig, settings: TextEvaluationSettings): RequestedBound[] {
  const { method, context } = config;
  const { mode, block_size } = settings.writing;
  const reads = method === "autoregressive" || method === "blocks";
  const exact = reads ? [{ blockSize: 1, steps: null }] : [];
  if (method === "autoregressive") return exact;
  const written = mode === "diffusion" || mode === "infill" ? context : block_size;
  const trained = method === "blocks" ? diffusionBlocks(config) : [context];
  const sizes = method === "blocks" && written > 1 ? [...trained, written] : trained;
  const finite = [written, context];
  return [
    ...exact,
    ...[...new Set(sizes)].sort((a, b) => a - b).flatMap((blockSize) => [
      { blockSize, steps: null },
      ...(finite.includes(blockSize) ? settings.bound_steps : [])
        .map((steps) => ({ blockSize, steps })),
    ]),
  ];
}

/**
 * Measures bounds on the same windows with the same noise.
 *
 * @param parts Finished bounds of an interrupted job; new ones are added.
 * @param onBound Called after each bound.
 * @returns The bounds and the elapsed seconds.
 */
async function measureBounds(
  engine: Engine,
  { network, config, dataset, ema }: OpenRun,
  settings: TextEvaluationSettings,
  parts: Parts,
  onBound: (wanted: RequestedBound) => void,
): Promise<{ bounds: MeasuredBound[]; seconds: number }> {
  const compiling = performance.now();
  const { vocabulary, validation } = dataset.tokenized;
  const measure = await compileMeasure(engine, network, config, vocabulary.lengths);
  const windows = windowsOf(validation, config.context, settings.draws);
  const weights = inputArrays(ema);
  const squaredNorm = network.denoiser
    ? embeddingFacts(ema, network, noiseRange(config)).squaredNorm
    : 1;
  const noise = { seed: settings.writing.seed, stream: "evaluation" };
  const measured = async ({ blockSize, steps }: RequestedBound) => {
    const began = performance.now();
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
    return { bound, seconds: (performance.now() - began) / 1000 };
  };
  let seconds = (performance.now() - compiling) / 1000;
  const bounds: MeasuredBound[] = [];
  try {
    for (const wanted of boundsOf(config, settings)) {
      const name = `bound-${wanted.blockSize}-${wanted.steps ?? "continuous"}`;
      const made = await parts.keep(name, () => measured(wanted));
      bounds.push({ ...made.bound, ...wanted });
      seconds += made.seconds;
      onBound(wanted);
    }
  } finally {
    await measure.dispose();
  }
  return { bounds, seconds };
}
