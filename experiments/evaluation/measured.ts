/** An evaluation of pictures that are drawn, ready to be kept. */
import type { ImageDataset } from "../../data/mod.ts";
import type { Engine } from "../../engine/mod.ts";
import type { ClassifierWeights } from "../../models/image/mod.ts";
import { codeVersion } from "../code_version.ts";
import type { ImageEvaluation, Run } from "../types.ts";
import type { DrawnPictures } from "./drawing.ts";
import { classifierFacts } from "./kept_classifier.ts";
import { measurePictures } from "./measure.ts";

/** What is measured, and where it comes from. */
export interface ToMeasure extends Pick<ImageEvaluation, "step" | "settings"> {
  readonly run: Run;
  readonly dataset: ImageDataset;
  readonly classifier: ClassifierWeights;
  readonly drawn: DrawnPictures;
}

/** @param report Called as each part of the measuring begins. */
export async function measuredEvaluation(
  engine: Engine,
  { run, step, settings, dataset, classifier, drawn }: ToMeasure,
  report: (message: string) => void,
): Promise<Omit<ImageEvaluation, "id" | "createdAt">> {
  const began = performance.now();
  const results = await measurePictures(engine, classifier.parameters, dataset, drawn, report);
  return {
    modality: "image",
    runId: run.id,
    step,
    settings,
    results,
    networkEvaluations: drawn.networkEvaluations,
    samplingSeconds: drawn.seconds,
    measuringSeconds: (performance.now() - began) / 1000,
    classifier: classifierFacts(run.config.dataset, classifier),
    datasetHash: dataset.hash,
    configHash: run.configHash,
    codeVersion: codeVersion(),
    device: engine.device,
  };
}
