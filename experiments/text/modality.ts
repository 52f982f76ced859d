/** Runs on text. */
import type { Comparability, Modality } from "../run/modality.ts";
import type { TextEvaluation } from "../store/evaluations.ts";
import { keptBaselines } from "./baselines.ts";
import { textEvaluationSettings, writeSettings } from "./request.ts";
import { isPath, textDatasetNames } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { textConfigOf } from "../config/mod.ts";
import { textDefects } from "./diagnosis.ts";

/** Steps of a text network before which bigrams are no test of it. */
const YOUNG = 2000;

type TextSampleRequest = Parameters<typeof writeSettings>[0];
type TextEvaluateRequest = Parameters<typeof textEvaluationSettings>[0];

const COMPARABILITY = ([
  [
    ({ datasetHash }) => datasetHash,
    "The evaluations are of different texts: their nats per character are not comparable",
  ],
  [
    ({ settings: { draws, writing } }) => [draws, writing.seed],
    "The evaluations differ in draws or seed: their bounds are of other windows or noise",
  ],
  [
    ({ settings: { writing } }) => [writing.count, writing.length],
    "The evaluations differ in the number or length of their texts, whose statistics depend on it",
  ],
  [
    ({ settings: { writing: { count: _, length: __, seed: ___, ...how } } }) => how,
    "The evaluations differ in how the texts were written, not only in the runs",
  ],
] satisfies Comparability<TextEvaluation>) as Comparability;

export const text: Modality = {
  name: "text",
  title: "text",
  material: "text",
  examples: "windows",
  metric: {
    name: "nats_per_character",
    title: "nats per character",
    baseline: "what a bigram model needs",
  },
  requireTrainable: ({ dataset }) => {
    if (textDatasetNames.includes(dataset) || isPath(dataset, "text")) return;
    throw new UserError(
      `dataset is ${JSON.stringify(dataset)}, but a run on text takes one of ${
        textDatasetNames.join(", ")
      }, or a text file, which is named with a slash: ./${dataset}`,
    );
  },
  nothingLearntFrom: 1,
  isYoung: (run) => run.step < YOUNG,
  nothingLearnt: (score, baseline) =>
    `It needs ${score} nats per character; a bigram model needs ${baseline}: nothing is learnt of ` +
    "what a longer context tells",
  defects: textDefects,
  comparability: COMPARABILITY,
  resultMetrics: ["nats_per_character", "nats_standard_error", "train_nats"],
  baselineIs: (value) => `A bigram model needs nats_per_character of ${value}`,
  baselines: keptBaselines,
  samplingJob: (run, request) => ({
    title: "Writing",
    entry: new URL("./sampling_main.ts", import.meta.url),
    input: { settings: writeSettings(request as TextSampleRequest, textConfigOf(run)) },
  }),
  evaluationJob: (run, request) => ({
    title: "Evaluating",
    entry: new URL("./evaluation_main.ts", import.meta.url),
    input: {
      settings: textEvaluationSettings(request as TextEvaluateRequest, textConfigOf(run)),
    },
  }),
  load: async () => (await import("./training.ts")).textWork,
};
