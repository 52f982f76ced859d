/** Runs on images. */
import { imageConfigOf } from "../config/mod.ts";
import type { Comparability, Modality } from "../run/modality.ts";
import { picturesOf } from "./pictures.ts";
import type { EvaluationInput } from "./evaluation_job.ts";
import { evaluationSettings, sampleSettings } from "./request.ts";
import type { SamplingInput } from "./sampling_job.ts";
import { requireTrainableConfig } from "./objective.ts";
import type { ImageEvaluation } from "../store/results.ts";

type ImageSampleRequest = Parameters<typeof sampleSettings>[0];
type ImageEvaluateRequest = Parameters<typeof evaluationSettings>[0];

const COMPARABILITY = ([
  [
    ({ settings, classifier, datasetHash }) => [settings.count, classifier, datasetHash],
    "The evaluations differ in count, classifier or data: their distances are not comparable",
  ],
  [
    ({ settings }) => [settings.sampler, settings.steps, settings.guidance_scale],
    "The evaluations differ in how the pictures were drawn, not only in the runs",
  ],
] satisfies Comparability<ImageEvaluation>) as Comparability;

export const image: Modality = {
  name: "image",
  title: "images",
  material: "pictures",
  examples: "images",
  metric: {
    name: "denoising_mse",
    title: "denoising error",
    baseline: "what pixels alone can do",
  },
  requireTrainable: (config) =>
    requireTrainableConfig(imageConfigOf({ id: "The configuration", config })),
  nothingLearntFrom: 0.97,
  isYoung: (run) => run.step < run.steps / 4,
  nothingLearnt: (score, baseline) =>
    `The denoising error is ${score}; looking at each pixel by itself gives ${baseline}: nothing of ` +
    "the pictures' structure is learnt",
  defects: () => [],
  comparability: COMPARABILITY,
  resultMetrics: ["denoising_mse", "validation_loss"],
  baselineIs: (value) =>
    `The best estimate of each pixel by itself has a denoising_mse of ${value}`,
  baselines: () => null,
  jobInputs: {
    sample: (run, request): SamplingInput => ({
      settings: sampleSettings(request as ImageSampleRequest, imageConfigOf(run), picturesOf(run)),
    }),
    evaluate: (run, request): EvaluationInput => ({
      settings: evaluationSettings(
        request as ImageEvaluateRequest,
        imageConfigOf(run),
        picturesOf(run),
      ),
      countIsDefault: (request as ImageEvaluateRequest).count === undefined,
    }),
  },
  load: async () => (await import("./training.ts")).imageWork,
};
