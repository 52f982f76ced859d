/** The modality of images. */
import { isPath, resolveDataset } from "../../data/mod.ts";
import { schedule, scheduleNames, targets } from "../../models/diffusion/mod.ts";
import { imageNetworks } from "../../models/image/mod.ts";
import {
  ImageConfig,
  imageConfigOf,
  imagePresets,
  laterImageFields,
  requireConsistentImages,
  requireTrainableConfig,
} from "./config.ts";
import type { Comparability, Modality } from "../run/modality.ts";
import type { EvaluationInput } from "./evaluation_job.ts";
import { picturesOf } from "./pictures.ts";
import { ImageEvaluateRequest, type ImageEvaluation, SampleRequest } from "./requests.ts";
import type { SamplingInput } from "./sampling_job.ts";
import { drawnExamples, evaluationSettings, sampleSettings } from "./settings.ts";

const COMPARABILITY: Comparability<ImageEvaluation> = [
  [
    ({ settings, classifier, datasetHash }) => [settings.count, classifier, datasetHash],
    "The evaluations differ in count, classifier or data: their distances are not comparable",
  ],
  [
    ({ settings: { count: _, seed: __, ...how } }) => how,
    "The evaluations differ in how the pictures were drawn, not only in the runs",
  ],
];

/** The schedules that can be rescaled to end in pure noise. */
const RESCALED = ["linear", "scaled-linear", "cosine", "sigmoid", "sqrt"] as const;
const ZERO_TERMINAL = "-zero-snr";

export const image = {
  name: "image",
  title: "images",
  presentation: "pictures",
  config: ImageConfig,
  laterFields: laterImageFields,
  requireConsistent: (config) => requireConsistentImages(config as ImageConfig),
  presets: imagePresets,
  metrics: {
    denoising_mse: { title: "Denoising error" },
    denoising_mse_q0: { title: "Denoising error, least noise" },
    denoising_mse_q1: { title: "Denoising error, little noise" },
    denoising_mse_q2: { title: "Denoising error, much noise" },
    denoising_mse_q3: { title: "Denoising error, most noise" },
    // The estimate of a Fréchet distance has a bias that depends on the number of pictures.
    frechet: { title: "Fréchet distance", dependsOn: ["evaluate_count"] },
    accuracy: { title: "Share classified as asked", dependsOn: ["evaluate_count"] },
  },
  requests: { sample: SampleRequest, evaluate: ImageEvaluateRequest },
  toSample: "see its pictures",
  toEvaluate: "measure its pictures",
  passesOfSample: (run) => drawnExamples(sampleSettings({}, imageConfigOf(run), picturesOf(run))),
  networkTitle: (config) => imageNetworks[(config as ImageConfig).network].title,
  objectiveTitle: (config) => `predicts ${targets[(config as ImageConfig).target].description}`,
  isPath: (dataset) => isPath(dataset, "image"),
  resolveDataset: (dataset) => resolveDataset(dataset, "image"),
  schedules: [
    ...ImageConfig.shape.schedule.options,
    ...RESCALED.map((name) => `${name}${ZERO_TERMINAL}`),
  ],
  openSchedule(name) {
    const rescaled = scheduleNames.find((known) => `${known}${ZERO_TERMINAL}` === name);
    if (rescaled === undefined) return Promise.resolve(schedule(name as ImageConfig["schedule"]));
    const { gamma, description } = schedule(rescaled, { zeroTerminalSnr: true });
    return Promise.resolve({ name, gamma, description });
  },
  material: "pictures",
  examples: "images",
  metric: {
    name: "denoising_mse",
    title: "denoising error",
    baseline: "the error of estimating each pixel by itself",
  },
  requireTrainable: (config) => requireTrainableConfig(config as ImageConfig),
  nothingLearntFrom: 0.97,
  isYoung: (run) => run.step < run.steps / 4,
  nothingLearnt: (score, baseline) =>
    `The denoising error is ${score}, and estimating each pixel by itself reaches ${baseline}: ` +
    "nothing of the pictures' structure was learnt",
  defects: () => [],
  comparability: COMPARABILITY,
  cautions: () => [],
  resultMetrics: () => ["denoising_mse", "validation_loss"],
  baselineIs: (value) =>
    `The best estimate of each pixel by itself has a denoising_mse of ${value}`,
  baselines: () => null,
  jobInputs: {
    sample: (run, request): SamplingInput => ({
      settings: sampleSettings(request as SampleRequest, imageConfigOf(run), picturesOf(run)),
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
  evaluatedExamples: (_, input) => drawnExamples((input as EvaluationInput).settings),
  load: async () => (await import("./training.ts")).imageWork,
} satisfies Modality;
