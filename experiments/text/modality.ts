/** The modality of text, and the diagnosis of its runs. */
import { isPath, resolveDataset } from "../../data/mod.ts";
import type { Finding } from "../diagnosis/curve.ts";
import type { Comparability, Modality } from "../run/modality.ts";
import type { Run } from "../store/run.ts";
import { blockMetrics, keptBaselines, textMetrics } from "./metrics.ts";
import {
  laterTextFields,
  requireConsistentText,
  requireTrainableText,
  TextConfig,
  textConfigOf,
  textPresets,
} from "./config.ts";
import type { EvaluationInput } from "./evaluation_job.ts";
import { TextEvaluateRequest, type TextEvaluation, WriteRequest } from "./requests.ts";
import type { WritingInput } from "./sampling_job.ts";
import {
  measuredExamples,
  networkEvaluations,
  textEvaluationSettings,
  writeSettings,
} from "./settings.ts";

/** Number of steps before which a network is not compared with the bigram baseline. */
const STEPS_BEFORE_RANKING = 2000;

const COMPARABILITY: Comparability<TextEvaluation> = [
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
];

export const text = {
  name: "text",
  title: "text",
  presentation: "texts",
  config: TextConfig,
  laterFields: laterTextFields,
  requireConsistent: (config) => requireConsistentText(config as TextConfig),
  presets: textPresets,
  metrics: textMetrics,
  requests: { sample: WriteRequest, evaluate: TextEvaluateRequest },
  toSample: "read what it writes",
  toEvaluate: "measure its likelihood and its texts",
  passesOfSample(run) {
    const settings = writeSettings({}, textConfigOf(run));
    return settings.count * networkEvaluations(settings);
  },
  networkTitle: () => "transformer",
  objectiveTitle: (config) => `learns by ${(config as TextConfig).method}`,
  isPath: (dataset) => isPath(dataset, "text"),
  resolveDataset: (dataset) => resolveDataset(dataset, "text"),
  schedules: TextConfig.shape.schedule.options,
  openSchedule: async (name) => (await import("./network.ts")).inspectedSchedule(name),
  material: "text",
  examples: "windows",
  metric: {
    name: "nats_per_character",
    title: "nats per character",
    baseline: "what a bigram model needs",
  },
  requireTrainable: (config) => requireTrainableText(config as TextConfig),
  nothingLearntFrom: 1,
  isYoung: (run) => run.step < STEPS_BEFORE_RANKING,
  nothingLearnt: (score, baseline) =>
    `It needs ${score} nats per character, and a bigram model needs ${baseline}: it has not even ` +
    "learnt which character follows which",
  defects: textDefects,
  comparability: COMPARABILITY,
  cautions: (runs) => cautionsOf(runs.map(textConfigOf)),
  resultMetrics: (runs) => [
    ...["nats_per_character", "nats_standard_error", "train_nats"],
    ...blockMetrics.map(({ name }) => name).filter((name) =>
      runs.some(({ latest }) => latest[name] !== undefined)
    ),
  ],
  baselineIs: (value) => `A bigram model needs nats_per_character of ${value}`,
  baselines: keptBaselines,
  jobInputs: {
    sample: (run, request): WritingInput => ({
      settings: writeSettings(request as WriteRequest, textConfigOf(run)),
    }),
    evaluate: (run, request): EvaluationInput => ({
      settings: textEvaluationSettings(request as TextEvaluateRequest, textConfigOf(run)),
    }),
  },
  evaluatedExamples: (run, input) =>
    measuredExamples((input as EvaluationInput).settings, textConfigOf(run)),
  load: async () => (await import("./training.ts")).textWork,
} satisfies Modality;

/** Returns what keeps the nats per character of runs from meaning the same. */
function cautionsOf(configs: readonly TextConfig[]): string[] {
  const distinct = (key: (config: TextConfig) => number | boolean) =>
    new Set(configs.map(key)).size;
  return [
    ...(distinct(({ vocabulary_size }) => vocabulary_size ?? 0) > 1
      ? [
        "The runs have different vocabularies: their nats per character are comparable, but windows " +
        "and blocks of one size do not have the same number of characters",
      ]
      : []),
    ...(distinct(isMixture) > 1
      ? [
        "The nats_per_character of a run with method blocks and block_size 0 is the mean over all its " +
        "block sizes, that of the others is of one: compare them by nats_block_1, nats_block_4 and so on",
      ]
      : []),
  ];
}

/** Whether one network is trained for several block sizes, over which its nats are averaged. */
function isMixture({ method, block_size }: TextConfig): boolean {
  return method === "blocks" && block_size <= 1;
}

/** Number of steps before which the metrics of defects are not conclusive. */
const STEPS_BEFORE_DIAGNOSIS = 200;

/** Rounding error in nats; with position embeddings the difference is a thousand times larger. */
const ROUNDING_ERROR = 1e-6;

type Check = (run: Run) => Omit<Finding, "level"> | undefined;

/** Returns the defects that prevent a text network from learning, from its newest validation. */
function textDefects(run: Run): Finding[] {
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
