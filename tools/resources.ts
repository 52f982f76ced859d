/** The server's resources: runs, curves, comparisons, presets, samples and journal entries. */
import {
  type CompleteResourceTemplateCallback,
  type McpServer,
  type ResourceMetadata,
  ResourceNotFoundError,
  ResourceTemplate,
  type Variables,
} from "@modelcontextprotocol/server";
import { orUndefined, UserError } from "../engine/host/mod.ts";
import {
  type Curves,
  type Lab,
  type MetricName,
  metricOf,
  presets,
  type Run,
  type Sample,
  type TextSample,
} from "../experiments/mod.ts";
import { allFieldNames, fieldsTable, fieldTable, samplingFieldsTable } from "./fields.ts";
import type { ToolContext } from "./define.ts";
import {
  asJson,
  comparisonUri,
  curvesUri,
  FIELDS_URI,
  JOBS_URI,
  jobUri,
  JOURNAL_URI,
  journalUri,
  PRESETS_URI,
  RUNS_URI,
  runUri,
  sampleUri,
  SAMPLING_FIELDS_URI,
} from "./links.ts";
import { SEARCHED_RUNS } from "./lists.ts";

/** Points of each curve at most. */
const CURVE_POINTS = 500;

/** Registers all resources on a server, in the order in which they are listed. */
export function registerResources(server: McpServer, { lab, journal }: ToolContext): void {
  const runs = (typed: string) => runIds(lab, typed);
  const samples = (typed: string) =>
    beginning(lab.newestSamples(SEARCHED_RUNS).map(({ id }) => id), typed);
  const entries = async (typed: string) =>
    beginning((await journal()).listEntries().map(({ id }) => id), typed);

  addResource(server, "runs", RUNS_URI, {
    title: "Runs",
    description:
      "The newest 20 runs and the pretrained runs: configuration, status and newest metrics",
    mimeType: "application/json",
  }, () => {
    const { runs, total } = lab.runs({ limit: 20 });
    // Some clients show their model the beginning and the end of what is long.
    const ids = runs.map(({ id }) => id);
    return json({ total, ids, runs, pretrained: lab.pretrained() });
  });
  addTemplate(server, "run", runUri("{run}"), { run: runs }, {
    title: "A run",
    description: "Configuration, status, metrics, evaluations, samples and warnings of a run",
    mimeType: "application/json",
  }, ({ run }) => json(lab.inspect(one(run))));
  addTemplate(server, "curves", curvesUri("{run}", "{format}"), {
    run: runs,
    format: (typed) => beginning(["csv", "json", "svg"], typed),
  }, {
    title: "Curves of a run",
    description:
      `All metrics over the steps, as csv, json or svg, at most ${CURVE_POINTS} points each`,
  }, ({ run, format }) => curvesOf(lab, one(run), one(format)));
  addTemplate(server, "comparison", comparisonUri(["{runs*}"]), { runs }, {
    title: "Runs compared",
    description:
      "Ranking, mean over seeds, curves at common steps and verdict of runs and sweeps, whose ids are " +
      "separated by commas",
    mimeType: "application/json",
  }, ({ runs }) => json(lab.compare(several(runs))));
  addResource(server, "presets", PRESETS_URI, {
    title: "Presets",
    description: "The presets of train, each with its whole configuration",
    mimeType: "application/json",
  }, () => json(presets));
  addTemplate(server, "field", `${FIELDS_URI}/{field}`, {
    field: (typed) => beginning(allFieldNames(), typed),
  }, {
    title: "A field",
    description:
      "One field of train's overrides and grid, of sample or of evaluate: its meaning, " +
      "what it takes, and its values in the presets",
    mimeType: "text/markdown",
  }, ({ field }) => markdown(fieldTable(one(field))));
  addResource(server, "fields", FIELDS_URI, {
    title: "Configuration fields",
    description: "All fields of train's overrides and grid: their meaning, what they take, and " +
      "their value in most presets",
    mimeType: "text/markdown",
  }, () => markdown(fieldsTable()));
  addResource(server, "sampling-fields", SAMPLING_FIELDS_URI, {
    title: "Fields of sample and evaluate",
    description: "All fields of the tools sample and evaluate: their meaning and what they take",
    mimeType: "text/markdown",
  }, () => markdown(samplingFieldsTable()));
  addResource(server, "jobs", JOBS_URI, {
    title: "Jobs",
    description: "The newest 50 jobs of sample and evaluate: request, progress and result",
    mimeType: "application/json",
  }, () => json(lab.jobs()));
  addTemplate(server, "job", jobUri("{job}"), {
    job: (typed) => beginning(lab.jobs().jobs.map(({ id }) => id), typed),
  }, {
    title: "A job",
    description: "Request, progress and result of a call of sample or evaluate",
    mimeType: "application/json",
  }, ({ job }) => json(lab.job(one(job))));
  addTemplate(server, "sample", sampleUri("{sample}"), { sample: samples }, {
    title: "A sample",
    description: "A contact sheet or film strip as PNG, or the generated texts",
  }, ({ sample }) => sampleContent(lab, one(sample)));
  addTemplate(server, "sample-record", asJson(sampleUri("{sample}")), { sample: samples }, {
    title: "A sample as JSON",
    description: "Settings, training step, cost and file of a sample; for text also the texts",
    mimeType: "application/json",
  }, ({ sample }) => json(sampleOf(lab, one(sample))));
  addResource(server, "journal", JOURNAL_URI, {
    title: "The journal",
    description: "All entries with their verdicts, newest first",
    mimeType: "application/json",
  }, async () => json({ entries: (await journal()).listEntries() }));
  addTemplate(server, "journal-entry", journalUri("{entry}"), { entry: entries }, {
    title: "A journal entry",
    description: "Hypothesis, results and verdict as Markdown",
    mimeType: "text/markdown",
  }, async ({ entry }) => markdown((await journal()).readEntry(one(entry)).body));
  addTemplate(server, "journal-record", asJson(journalUri("{entry}")), { entry: entries }, {
    title: "A journal entry as JSON",
    description: "What its author wrote and what the program computed, field by field",
    mimeType: "application/json",
  }, async ({ entry }) => json((await journal()).readEntry(one(entry))));
}

/** What is read at an address. */
type Content =
  & { readonly mimeType: string }
  & ({ readonly text: string } | { readonly blob: string });

/** Registers the resource at one address. */
function addResource(
  server: McpServer,
  name: string,
  address: string,
  metadata: ResourceMetadata,
  read: () => Content | Promise<Content>,
): void {
  server.registerResource(name, address, metadata, async () => ({
    contents: [{ uri: address, ...await read() }],
  }));
}

/**
 * Registers the resources at the addresses of a template, which are listed elsewhere. Where there is none, the
 * error names the address.
 *
 * @param complete Completes each variable of the template.
 */
function addTemplate(
  server: McpServer,
  name: string,
  address: string,
  complete: Readonly<Record<string, CompleteResourceTemplateCallback>>,
  metadata: ResourceMetadata,
  read: (variables: Variables) => Content | Promise<Content>,
): void {
  const template = new ResourceTemplate(address, { list: undefined, complete });
  server.registerResource(name, template, metadata, async ({ href: uri }, variables) => {
    try {
      return { contents: [{ uri, ...await read(variables) }] };
    } catch (error) {
      if (error instanceof UserError) throw new ResourceNotFoundError(uri, error.message);
      throw error;
    }
  });
}

/** Ids that begin with what was typed, newest first. */
export function runIds(lab: Lab, typed: string): string[] {
  return beginning(
    [...lab.runs({ limit: 100 }).runs, ...lab.pretrained()].map(({ id }) => id),
    typed,
  );
}

function beginning(names: readonly string[], typed: string): string[] {
  return names.filter((name) => name.startsWith(typed));
}

/** A variable that stands for one value. */
function one(value: string | string[] | undefined): string {
  return decodeURIComponent(Array.isArray(value) ? value.join("/") : value ?? "");
}

/** A variable that stands for several values with commas between them. */
function several(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().flatMap((part) => decodeURIComponent(part).split(","));
}

function json(value: unknown): Content {
  return { mimeType: "application/json", text: JSON.stringify(value, null, 1) };
}

function markdown(text: string): Content {
  return { mimeType: "text/markdown", text };
}

/** @throws {UserError} If there is no such run or format. */
async function curvesOf(lab: Lab, run: string, format: string): Promise<Content> {
  const curves = lab.metrics(run, { maxPoints: CURVE_POINTS });
  switch (format) {
    case "json":
      return json(curves);
    case "csv":
      return { mimeType: "text/csv", text: csvOf(curves) };
    case "svg":
      return { mimeType: "image/svg+xml", text: await chartOf(lab.run(run), curves) };
    default:
      throw new UserError(`Curves come as csv, json or svg, not as ${JSON.stringify(format)}`);
  }
}

/** One row for each step at which something was recorded. */
function csvOf(curves: Curves): string {
  const names = Object.keys(curves) as MetricName[];
  const rows = new Map<number, Map<string, number>>();
  for (const name of names) {
    for (const { step, value } of curves[name] ?? []) {
      rows.set(step, (rows.get(step) ?? new Map()).set(name, value));
    }
  }
  const lines = [...rows].sort(([a], [b]) => a - b)
    .map(([step, values]) => [step, ...names.map((name) => values.get(name) ?? "")].join(","));
  return [["step", ...names].join(","), ...lines].join("\n") + "\n";
}

async function chartOf(run: Run, curves: Curves): Promise<string> {
  const { lineChart } = await import("../figures/mod.ts");
  const names = ["loss", "validation_loss", metricOf(run).name];
  return lineChart({
    title: run.id,
    xLabel: "step",
    series: names.filter((name) => curves[name]).map((name) => ({
      name,
      points: (curves[name] ?? []).map(({ step, value }) => ({ x: step, y: value })),
    })),
  });
}

/** @throws {UserError} If there is none of this id. */
async function sampleContent(lab: Lab, id: string): Promise<Content> {
  const sample = sampleOf(lab, id);
  if ("texts" in sample) return { mimeType: "text/plain", text: sample.texts.join("\n---\n") };
  const { samplePng } = await import("../figures/mod.ts");
  const { png } = await samplePng(lab, sample.id);
  return { mimeType: "image/png", blob: png.toBase64() };
}

/** @throws {UserError} If there is none of this id. */
function sampleOf(lab: Lab, id: string): Sample | TextSample {
  return orUndefined(() => lab.textById(id)) ?? lab.sampleById(id);
}
