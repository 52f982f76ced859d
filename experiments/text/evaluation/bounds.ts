/** The likelihood of held-out text at every size of blocks that a network supports. */
import type { Engine } from "../../../engine/mod.ts";
import type { LikelihoodBound } from "../../../models/text/network/mod.ts";
import type { TextConfig } from "../../config.ts";
import { inputArrays } from "../../../models/steps/mod.ts";
import type { MeasuredBound, TextEvaluationSettings } from "../../types.ts";
import { embeddingFacts } from "../embeddings.ts";
import { compileMeasure } from "../measure.ts";
import { diffusionBlocks, noiseRange } from "../network.ts";
import type { OpenRun } from "../open_run.ts";
import { windowsOf } from "../validation.ts";

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
