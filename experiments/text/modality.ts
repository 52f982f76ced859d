/** The text modality, and the diagnosis of text runs. */
import type { Comparability, Modality } from "../run/modality.ts";
import type { TextEvaluation } from "../store/results.ts";
import { keptBaselines } from "./baselines.ts";
import type { EvaluationInput } from "./evaluation_job.ts";
import { textEvaluationSettings, writeSettings } from "./request.ts";
import type { WritingInput } from "./sampling_job.ts";
import { isPath, textDatasetNames } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { textConfigOf } from "../config/mod.ts";
import type { Finding } from "../diagnosis/curve.ts";
import type { Run } from "../store/run.ts";

/** Number of steps before which a network is not compared with the bigram baseline. */
const STEPS_BEFORE_RANKING = 2000;

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
  isYoung: (run) => run.step < STEPS_BEFORE_RANKING,
  nothingLearnt: (score, baseline) =>
    `It needs ${score} nats per character; a bigram model needs ${baseline}: nothing is learnt of ` +
    "what a longer context tells",
  defects: textDefects,
  comparability: COMPARABILITY,
  resultMetrics: ["nats_per_character", "nats_standard_error", "train_nats"],
  baselineIs: (value) => `A bigram model needs nats_per_character of ${value}`,
  baselines: keptBaselines,
  jobInputs: {
    sample: (run, request): WritingInput => ({
      settings: writeSettings(request as TextSampleRequest, textConfigOf(run)),
    }),
    evaluate: (run, request): EvaluationInput => ({
      settings: textEvaluationSettings(request as TextEvaluateRequest, textConfigOf(run)),
    }),
  },
  load: async () => (await import("./training.ts")).textWork,
};

/** Number of steps before which the metrics of defects are not conclusive. */
const STEPS_BEFORE_DIAGNOSIS = 200;

/** Rounding error in nats; with position embeddings the difference is a thousand times larger. */
const ROUNDING_ERROR = 1e-6;

type Check = (run: Run) => Omit<Finding, "level"> | undefined;

/** Returns the defects that prevent a text network from learning, from its newest validation. */
export function textDefects(run: Run): Finding[] {
  if (run.step < STEPS_BEFORE_DIAGNOSIS) return [];
  return [noOrder, roundsClean, freeScale, mismatchedLevels]
    .flatMap((check: Check) => check(run) ?? [])
    .map((defect) => ({ level: "warning", ...defect }));
}

/** Without position embeddings, shuffled text has the same likelihood up to rounding. */
function noOrder({ latest: { shuffled_gap: gap } }: Run) {
  if (gap === undefined || Math.abs(gap) > ROUNDING_ERROR) return;
  return {
    code: "no-order",
    seen:
      `Shuffled text is as likely to it as text in order (${
        gap.toExponential(0)
      } nats per character ` +
      "between them): it knows no positions and can only count characters",
    advice: [{ field: "positions", change: { set: "rotary" } }] as const,
  };
}

/** Compares the reconstruction term as it is trained with that of the predictions. */
function roundsClean({ latest: { rounding_nats: trained, reconstruction_nats: real } }: Run) {
  if (trained === undefined || real === undefined || !(trained < real / 10)) return;
  return {
    code: "rounding-on-clean",
    seen: `The rounding loss that training sees is ${trained.toExponential(1)} nats, that of the ` +
      `predictions ${
        real.toExponential(1)
      }: it is taken of the clean embedding and tells the network ` +
      "nothing",
    advice: [{ field: "rounding", change: { set: "prediction" } }] as const,
  };
}

function freeScale({ latest: { embedding_norm: norm } }: Run) {
  if (norm === undefined || Math.abs(norm - 1) < 0.2) return;
  return {
    code: "embedding-scale",
    seen: `The embeddings have a length of ${norm.toFixed(2)}, and nothing holds it: the noise ` +
      "levels mean something else at every step, and the loss can fall by scale alone",
    advice: [{ field: "embedding_norm", change: { set: "unit" } }] as const,
  };
}

function mismatchedLevels({ latest: { informative_share: share } }: Run) {
  if (share === undefined || share > 0.6) return;
  return {
    code: "schedule-mismatch",
    seen:
      `Only ${(100 * share).toFixed(0)} % of the noise levels that training sees tell part of a ` +
      "character: at the others it is plain to see or not at all, and nothing is learned",
    advice: [{ field: "schedule", change: { set: "linear-gamma" } }] as const,
  };
}
