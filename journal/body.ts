/** The Markdown body of an entry. Sections are computed from the store; the caller's words appear
 * only as quotations, marked as theirs. */
import {
  differingFields,
  type MetricName,
  modalityOf,
  PRESET_NAMES,
  type PresetName,
  presets,
  resolveConfig,
  type Run,
  type RunConfig,
  tellingFields,
} from "../experiments/mod.ts";
import { listed } from "../engine/host/mod.ts";
import { inlineText, quotedText } from "./author_text.ts";
import type { FrontMatter } from "./entry.ts";
import { type Criterion, describe, describeCriterion, format } from "./criterion.ts";
import type { JournalVerdict } from "./judge.ts";
import { type Registration, summaryOf } from "./selection.ts";

/** What the store holds for an entry. */
export interface EntryData {
  /** The runs that the entry names, and others of their sweeps that its criterion is about. */
  readonly runs: readonly Run[];
  /** Runs that are named but are not in the store. */
  readonly missing: readonly string[];
  /** Warnings of the runs' diagnosis, by run. */
  readonly alerts: readonly { readonly runId: string; readonly message: string }[];
}

/** The whole body; sections without content are left out. */
export function entryBody(
  front: FrontMatter,
  data: EntryData,
  verdict: JournalVerdict,
  registration: Registration,
): string {
  const sections: [string, string][] = [
    ["Hypothesis", hypothesis(front, registration)],
    ["Setup", setup(data)],
    ["Results", results(data, front.criterion)],
    ["Observations", observations(front)],
    ["Verdict", verdicts(front, verdict)],
    ["Reproduce", reproduce(data.runs)],
  ];
  const body = sections.filter(([, content]) => content !== "")
    .map(([heading, content]) => `## ${heading}\n\n${content}\n`).join("\n");
  return `# ${inlineText(front.title)}\n\n${body}`;
}

function hypothesis(front: FrontMatter, { sentence }: Registration): string {
  const criterion = front.criterion
    ? `Criterion: ${inlineText(describeCriterion(front.criterion))}.`
    : "No criterion was stated.";
  return `${quotedText(front.hypothesis)}\n\n${criterion}\n\n${inlineText(sentence)}.`;
}

function setup({ runs, missing }: EntryData): string {
  const lost = missing.length > 0
    ? `\n\nNot in the store: ${missing.map(inlineText).join(", ")}.`
    : "";
  if (runs.length === 0) return missing.length > 0 ? lost.trimStart() : "";
  const fields = [...new Set(runs.flatMap(({ config }) => tellingFields(config).map(([f]) => f)))];
  const value = ({ config }: Run, field: string) =>
    (config as Readonly<Record<string, string | number>>)[field] ?? "-";
  const several = differingFields(runs.map(({ config }) => config));
  const differing = fields.filter((field) => several.includes(field));
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

function resultMetrics(runs: readonly Run[]): MetricName[] {
  const modalities = [...new Set(runs.map(modalityOf))];
  return modalities.flatMap((modality) => modality.resultMetrics(runs));
}

function results({ runs, alerts }: EntryData, criterion: Criterion | null): string {
  if (runs.length === 0) return "";
  const metrics = [...resultMetrics(runs), ...(criterion ? [criterion.metric] : [])]
    .filter((name, index, all) => all.indexOf(name) === index);
  const rows = runs.map((run) => [
    run.id,
    run.config.seed,
    run.status,
    `${run.step}/${run.steps}`,
    ...metrics.map((name) => numberOrDash(run.latest[name])),
    numberOrDash(run.trainedSeconds === null ? null : Math.round(run.trainedSeconds)),
  ]);
  const parts = [table(["run", "seed", "status", "steps", ...metrics, "seconds"], rows)];
  const groups = byGroup(runs);
  // The mean of standard errors over seeds would tell nothing.
  const averaged = metrics.filter((name) => name !== "nats_standard_error");
  if (groups.length < runs.length) {
    parts.push(
      "Finished runs, mean ± standard deviation over seeds:\n\n" +
        table(
          ["runs", ...averaged],
          groups.map((group) => [
            group.map((run) => run.id).join(", "),
            ...averaged.map((name) => {
              const summary = summaryOf(group, name);
              return summary ? describe(summary) : "-";
            }),
          ]),
        ),
    );
  }
  parts.push(...baselines(runs));
  if (alerts.length > 0) parts.push(warnings(alerts));
  return parts.join("\n\n");
}

/** One paragraph for each baseline, which names its runs where there are several. */
function baselines(runs: readonly Run[]): string[] {
  const known = runs.filter((run) => run.baseline !== null);
  const paragraphs = Map.groupBy(
    known,
    (run) => modalityOf(run).baselineIs(format(run.baseline!)),
  );
  return [...paragraphs].map(([baseline, of]) => {
    const ids = paragraphs.size > 1 ? ` (${of.map(({ id }) => id).join(", ")})` : "";
    return `${baseline}${ids}: what is not below it has learnt nothing.`;
  });
}

/** Every warning once, with its runs; of warnings that differ only in their numbers, the first run's. */
function warnings(alerts: EntryData["alerts"]): string {
  const alike = Map.groupBy(alerts, ({ message }) => message.replace(NUMBER, "#"));
  return [...alike.values()].map((same) => {
    const [first, ...others] = same as [typeof same[number], ...typeof same];
    const isOne = others.every(({ message }) => message === first.message);
    const ids = listed((isOne ? same : others).map(({ runId }) => runId), alerts.length);
    const text = inlineText(first.message);
    return isOne
      ? `- ${ids}: ${text}`
      : `- ${first.runId}: ${text}. The same, with other numbers: ${ids}`;
  }).join("\n");
}

const NUMBER = /\d+([.,]\d+)*(e[+-]?\d+)?/g;

function observations(front: FrontMatter): string {
  return front.observations
    .map(({ date, text }) => `The author, ${date}:\n\n${quotedText(text)}`)
    .join("\n\n");
}

/** The verdict, and those before it that it took the place of. */
function verdicts({ earlier_verdicts = [] }: FrontMatter, now: JournalVerdict): string {
  const line = ({ verdict, reason }: Pick<JournalVerdict, "verdict" | "reason">) =>
    `**${verdict}**: ${inlineText(reason)}`;
  const earlier = earlier_verdicts.map((before) => `- on ${before.date} ${line(before)}`);
  return earlier.length === 0
    ? line(now)
    : `${line(now)}\n\nIt was otherwise before:\n\n${earlier.join("\n")}`;
}

function reproduce(runs: readonly Run[]): string {
  if (runs.length === 0) return "";
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

function numberOrDash(value: number | null | undefined): string {
  return value === undefined || value === null ? "-" : format(value);
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/**
 * The arguments of the `train` tool that repeat runs of one configuration: the preset that needs
 * the fewest overrides, those overrides, and the seeds.
 *
 * @param runs At least one run; all alike except for their seeds and recording intervals.
 */
export function trainCall(runs: readonly Run[]): string {
  const config = runs[0]!.config;
  const [best] = PRESET_NAMES
    .filter((preset) => presets[preset].config.modality === config.modality)
    .map((preset) => ({ preset, overrides: overridesFrom(preset, config) }))
    .sort((a, b) => Object.keys(a.overrides).length - Object.keys(b.overrides).length);
  const { preset, overrides } = best!;
  const seeds = [...new Set(runs.map((run) => run.config.seed))];
  return JSON.stringify({
    preset,
    ...(Object.keys(overrides).length > 0 ? { overrides } : {}),
    seeds,
  });
}

function overridesFrom(preset: PresetName, config: RunConfig): Record<string, unknown> {
  const base: Readonly<Record<string, unknown>> = presets[preset].config;
  const overrides = Object.fromEntries(
    Object.entries(config).filter(([field, value]) => field !== "seed" && value !== base[field]),
  );
  // A preset shortens its warm-up with the run, so what equals the preset may still need saying.
  const resolved = resolveConfig(preset, overrides);
  return resolved.warmup_steps === config.warmup_steps
    ? overrides
    : { ...overrides, warmup_steps: config.warmup_steps };
}
