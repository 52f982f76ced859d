/** The Markdown body of an entry. Sections are computed from the store; the caller's words appear
 * only as quotations, marked as theirs. */
import { BLOCK_METRICS, type MetricName, type Run, summarise } from "../experiments/mod.ts";
import { inlineText, quotedText } from "./author_text.ts";
import { type Criterion, describe, describeCriterion, format } from "./criterion.ts";
import type { FrontMatter } from "./entry.ts";
import { type JournalVerdict, measured } from "./judge.ts";
import { trainCall } from "./reproduce.ts";

/** What the store holds for an entry. */
export interface Evidence {
  /** The runs that the entry names, and others of their sweeps that its criterion is about. */
  readonly runs: readonly Run[];
  /** Runs that are named but are not in the store. */
  readonly missing: readonly string[];
  /** Warnings of the runs' diagnosis, by run. */
  readonly alerts: readonly { readonly runId: string; readonly message: string }[];
}

const RESULT_METRICS = {
  image: ["denoising_mse", "validation_loss"],
  text: ["nats_per_character", "nats_standard_error", "train_nats"],
} as const;
/** The whole body. */
export function entryBody(front: FrontMatter, evidence: Evidence, verdict: JournalVerdict): string {
  const sections: [string, string][] = [
    ["Hypothesis", hypothesis(front, evidence.runs)],
    ["Setup", setup(evidence)],
    ["Results", results(evidence, front.criterion)],
    ["Observations", observations(front)],
    ["Verdict", verdicts(front, verdict)],
    ["Reproduce", reproduce(evidence.runs)],
  ];
  const body = sections.map(([heading, content]) => `## ${heading}\n\n${content}\n`).join("\n");
  return `# ${inlineText(front.title)}\n\n${body}`;
}

function hypothesis(front: FrontMatter, runs: readonly Run[]): string {
  const criterion = front.criterion
    ? `Criterion: ${inlineText(describeCriterion(front.criterion))}.`
    : "No criterion was stated.";
  return `${quotedText(front.hypothesis)}\n\n${criterion}\n\n${registration(front.date, runs)}`;
}

/** Whether the hypothesis came before the results, which is what makes it a prediction. */
export function registration(date: string, runs: readonly Run[]): string {
  const before = (time: string | null) => time !== null && Date.parse(time) <= Date.parse(date);
  const ended = runs.filter((run) => run.status === "finished" && before(run.endedAt)).length;
  const started = runs.filter((run) => before(run.startedAt)).length;
  const when = `Written ${date}`;
  if (runs.length === 0) return `${when}, before any run was named.`;
  if (ended > 0) {
    return `${when}, after ${ended} of ${runs.length} runs had finished: not a prediction.`;
  }
  return started > 0
    ? `${when}, while ${started} of ${runs.length} runs had started and none had finished.`
    : `${when}, before any of its ${runs.length} runs had started.`;
}

function setup({ runs, missing }: Evidence): string {
  const lost = missing.length > 0
    ? `\n\nNot in the store: ${missing.map(inlineText).join(", ")}.`
    : "";
  if (runs.length === 0) return `No runs are named yet.${lost}`;
  const fields = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  const value = ({ config }: Run, field: string) =>
    (config as Readonly<Record<string, string | number>>)[field] ?? "-";
  const differing = fields.filter((field) => new Set(runs.map((r) => value(r, field))).size > 1);
  const shared = fields.filter((field) => !differing.includes(field));
  const listed = shared.map((field) => `${field} ${value(runs[0]!, field)}`).join(", ");
  const difference = differing.length === 0
    ? (runs.length > 1 ? "The runs differ in nothing." : "One run.")
    : table(
      ["run", ...differing],
      runs.map((run) => [run.id, ...differing.map((f) => value(run, f))]),
    );
  return `${difference}\n\nThe same in all: ${listed}.${lost}`;
}

const TRIVIAL = {
  image: "The best estimate of each pixel by itself has a denoising_mse of",
  text: "A bigram model needs nats_per_character of",
} as const;

function resultMetrics(runs: readonly Run[]): MetricName[] {
  const modalities = [...new Set(runs.map(({ config }) => config.modality))];
  return [
    ...modalities.flatMap((modality) => RESULT_METRICS[modality]),
    // Shown where the runs have them.
    ...BLOCK_METRICS.filter((name) => runs.some((run) => run.latest[name] !== undefined)),
  ];
}

function results({ runs, alerts }: Evidence, criterion: Criterion | null): string {
  if (runs.length === 0) return "No runs, no results.";
  const metrics = [...resultMetrics(runs), ...(criterion ? [criterion.metric] : [])]
    .filter((name, index, all) => all.indexOf(name) === index);
  const rows = runs.map((run) => [
    run.id,
    run.config.seed,
    run.status,
    `${run.step}/${run.steps}`,
    ...metrics.map((name) => numberOrDash(run.latest[name])),
    numberOrDash(secondsOf(run)),
  ]);
  const parts = [table(["run", "seed", "status", "steps", ...metrics, "seconds"], rows)];
  const groups = byGroup(runs);
  if (groups.length < runs.length) {
    parts.push(
      "Finished runs, mean ± standard deviation over seeds:\n\n" +
        table(
          ["runs", ...metrics],
          groups.map((group) => [
            group.map((run) => run.id).join(", "),
            ...metrics.map((name) => {
              const summary = summarise(measured(group, name));
              return summary ? describe(summary) : "-";
            }),
          ]),
        ),
    );
  }
  const trivial = runs.find((run) => run.trivialMse !== null)?.trivialMse;
  if (trivial != null) {
    parts.push(
      `${TRIVIAL[runs[0]!.config.modality]} ${
        format(trivial)
      }: what is not below it has learnt nothing.`,
    );
  }
  if (alerts.length > 0) {
    parts.push(alerts.map((a) => `- ${a.runId}: ${inlineText(a.message)}`).join("\n"));
  }
  return parts.join("\n\n");
}

function observations(front: FrontMatter): string {
  if (front.observations.length === 0) return "None were written.";
  return front.observations
    .map(({ date, text }) => `The author, ${date}:\n\n${quotedText(text)}`)
    .join("\n\n");
}

/** The verdict, and those before it that it took the place of. */
function verdicts({ earlier_verdicts = [] }: FrontMatter, now: JournalVerdict): string {
  const line = ({ verdict, reason }: JournalVerdict) => `**${verdict}**: ${inlineText(reason)}`;
  const earlier = earlier_verdicts.map((before) => `- on ${before.date} ${line(before)}`);
  return earlier.length === 0
    ? line(now)
    : `${line(now)}\n\nIt was otherwise before:\n\n${earlier.join("\n")}`;
}

function reproduce(runs: readonly Run[]): string {
  if (runs.length === 0) return "No runs are named yet.";
  const rows = runs.map((run) => [
    run.id,
    run.configHash,
    run.config.seed,
    run.datasetHash?.slice(0, 12) ?? "-",
    inlineText(run.codeVersion),
    run.device === null ? "-" : inlineText(run.device),
    run.replicas ?? "-",
  ]);
  const calls = byGroup(runs).map((group) => "```json\n" + trainCall(group) + "\n```");
  const header = ["run", "configuration", "seed", "data set", "code", "device", "replicas"];
  return `${table(header, rows)}\n\nCalls of the train tool that repeat them:\n\n${
    calls.join("\n\n")
  }`;
}

function byGroup(runs: readonly Run[]): Run[][] {
  return [...Map.groupBy(runs, (run) => run.groupHash).values()];
}

function secondsOf(run: Run): number | undefined {
  if (run.startedAt === null || run.endedAt === null) return undefined;
  return Math.round((Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000);
}

function numberOrDash(value: number | undefined): string {
  return value === undefined ? "-" : format(value);
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
