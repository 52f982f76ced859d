/** Measurements of a run's pictures while it is trained. */
import type { ImageDataset } from "../../data/mod.ts";
import type { Program } from "../../engine/mod.ts";
import type { ImageNetwork } from "../../models/image/mod.ts";
import { imageConfigOf } from "../config.ts";
import { batchSettings, DRAWING_BATCH, drawPictures } from "../evaluation/drawing.ts";
import { requireClassifier } from "../evaluation/kept_classifier.ts";
import { referenceDraws } from "../evaluation/measure.ts";
import { measuredEvaluation } from "../evaluation/measured.ts";
import { evaluationSettings } from "../evaluation/settings.ts";
import { denoiseWith } from "../sampling/draw.ts";
import { inputArrays } from "../training/arrays.ts";
import type { SamplingContext, TrainingMeasurer } from "../training/subject.ts";
import { compileChangingDenoiser } from "./denoiser.ts";

/**
 * Measures as `evaluate` does by default, unguided and by 25 steps of DDIM, at every
 * `evaluate_every` steps; keeps each evaluation with the run.
 *
 * @returns Nothing where the configuration asks for none.
 * @throws {UserError} If the data has a single class, or too few held-out pictures.
 */
export function measureOnTheWay(
  network: ImageNetwork,
  dataset: ImageDataset,
  { engine, store, run, state, signal }: SamplingContext,
): TrainingMeasurer | undefined {
  const config = imageConfigOf(run);
  const { evaluate_every: every, evaluate_count: count } = config;
  if (every === 0) return undefined;
  const settings = evaluationSettings({ count }, config, dataset);
  referenceDraws(dataset, count, "evaluate_count");
  let program: Program | undefined;
  return {
    every,
    isDone: () =>
      store.evaluations.list(run.id).some((made) =>
        made.modality === "image" && made.madeBy === "training" && made.step === state.step
      ),
    async measure(tell) {
      const classifier = await requireClassifier(engine, dataset, (done, steps) => {
        signal?.throwIfAborted();
        tell(`training a classifier: step ${done} of ${steps}`);
      });
      program ??= await compileChangingDenoiser(engine, network, config, dataset, DRAWING_BATCH);
      const batch = batchSettings(settings, config, dataset, 0);
      const denoise = denoiseWith(program, batch, inputArrays(state.ema));
      const drawn = await drawPictures(denoise, settings, config, dataset, {
        onStep: (_, message) => tell(message.toLowerCase()),
        signal,
      });
      const evaluation = await measuredEvaluation(
        engine,
        { run, step: state.step, settings, dataset, classifier, drawn },
        (message) => tell(message.toLowerCase()),
      );
      store.evaluations.insert({ ...evaluation, madeBy: "training" });
      const { results } = evaluation;
      return { frechet: results.frechet.distance, accuracy: results.accuracy! };
    },
  };
}
