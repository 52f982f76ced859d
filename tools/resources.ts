/** The server's resources: runs, curves, comparisons, presets, samples and journal entries. */
import {
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { UserError } from "../engine/host/mod.ts";
import {
  type Curves,
  isPretrained,
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
import type { ListedKind } from "./lists.ts";
import { Buffer } from "node:buffer";

const CURVE_POINTS = 500;

export function registerResources(server: McpServer, toolContext: ToolContext): void {
  registerRuns(server, toolContext);
  registerCurves(server, toolContext);
  registerComparisons(server, toolContext);
  registerPresets(server);
  registerJobs(server, toolContext);
  registerSamples(server, toolContext);
  registerJournal(server, toolContext);
}

/** The kinds of resources that are listed page by page. */
export function listedKinds({ lab, journal }: ToolContext): ListedKind[] {
  const entryOf = (run: Run) => ({
    uri: runUri(run.id),
    name: run.id,
    title: isPretrained(run.id) ? "A pretrained run" : "A run",
    description: `${run.status}, step ${run.step}/${run.steps}`,
    mimeType: "application/json",
  });
  return [
    (offset, limit) => {
      const { runs, total } = lab.runs({ offset, limit });
      return { total, resources: runs.map(entryOf) };
    },
    (offset, limit) => {
      const pretrained = lab.pretrained();
      const resources = pretrained.slice(offset, offset + limit).map(entryOf);
      return { total: pretrained.length, resources };
    },
    (offset, limit) => {
      const samples = lab.newestSamples(SEARCHED_RUNS);
      const resources = samples.slice(offset, offset + limit).map(({ id, kind, runId, step }) => ({
        uri: sampleUri(id),
        name: id,
        title: "A sample",
        description: `${kind} of ${runId} at step ${step}`,
        mimeType: SAMPLE_TYPES[kind],
      }));
      return { total: samples.length, resources };
    },
    async (offset, limit) => {
      const entries = (await journal()).listEntries();
      const resources = entries.slice(offset, offset + limit).map((entry) => ({
        uri: journalUri(entry.id),
        name: entry.id,
        title: entry.title,
        description: entry.problem ?? entry.verdict,
        mimeType: "text/markdown",
      }));
      return { total: entries.length, resources };
    },
  ];
}

function registerRuns(server: McpServer, { lab }: ToolContext): void {
  const config = {
    title: "Runs",
    description:
      "The newest 20 runs and the pretrained runs: configuration, status and newest metrics",
    mimeType: "application/json",
  };
  server.registerResource("runs", RUNS_URI, config, () => {
    const { runs, total } = lab.runs({ limit: 20 });
    // Some clients show their model the beginning and the end of what is long.
    const ids = runs.map(({ id }) => id);
    return json(RUNS_URI, { total, ids, runs, pretrained: lab.pretrained() });
  });
  const template = new ResourceTemplate(runUri("{run}"), {
    list: undefined,
    complete: { run: (value) => runIds(lab, value) },
  });
  server.registerResource("run", template, {
    title: "A run",
    description: "Configuration, status, metrics, evaluations, samples and warnings of a run",
    mimeType: "application/json",
  }, (uri, { run }) => found(uri, () => json(uri.href, lab.inspect(one(run)))));
}

function registerCurves(server: McpServer, { lab }: ToolContext): void {
  const template = new ResourceTemplate(curvesUri("{run}", "{format}"), {
    list: undefined,
    complete: {
      run: (value) => runIds(lab, value),
      format: (value) => ["csv", "json", "svg"].filter((format) => format.startsWith(value)),
    },
  });
  server.registerResource("curves", template, {
    title: "Curves of a run",
    description:
      `All metrics over the steps, as csv, json or svg, at most ${CURVE_POINTS} points each`,
  }, (uri, { run, format }) =>
    found(uri, async () => {
      const curves = lab.metrics(one(run), { maxPoints: CURVE_POINTS });
      switch (one(format)) {
        case "json":
          return json(uri.href, curves);
        case "csv":
          return text(uri.href, "text/csv", csvOf(curves));
        case "svg":
          return text(uri.href, "image/svg+xml", await chartOf(lab.run(one(run)), curves));
        default:
          throw new UserError(
            `Curves come as csv, json or svg, not as ${JSON.stringify(one(format))}`,
          );
      }
    }));
}

function registerComparisons(server: McpServer, { lab }: ToolContext): void {
  const template = new ResourceTemplate(comparisonUri(["{runs*}"]), {
    list: undefined,
    complete: { runs: (value) => runIds(lab, value) },
  });
  server.registerResource("comparison", template, {
    title: "Runs compared",
    description:
      "Ranking, mean over seeds, curves at common steps and verdict of runs and sweeps, whose ids are " +
      "separated by commas",
    mimeType: "application/json",
  }, (uri, { runs }) => found(uri, () => json(uri.href, lab.compare(several(runs)))));
}

function registerJobs(server: McpServer, { lab }: ToolContext): void {
  const config = {
    title: "Jobs",
    description: "The newest 50 jobs of sample and evaluate: request, progress and result",
    mimeType: "application/json",
  };
  server.registerResource("jobs", JOBS_URI, config, () => json(JOBS_URI, lab.jobs()));
  const template = new ResourceTemplate(jobUri("{job}"), {
    list: undefined,
    complete: {
      job: (value) => lab.jobs().jobs.map(({ id }) => id).filter((id) => id.startsWith(value)),
    },
  });
  server.registerResource("job", template, {
    title: "A job",
    description: "Request, progress and result of a call of sample or evaluate",
    mimeType: "application/json",
  }, (uri, { job }) => found(uri, () => json(uri.href, lab.job(one(job)))));
}

function registerPresets(server: McpServer): void {
  server.registerResource("presets", PRESETS_URI, {
    title: "Presets",
    description: "The presets of train, each with its whole configuration",
    mimeType: "application/json",
  }, () => json(PRESETS_URI, presets));
  const field = new ResourceTemplate(`${FIELDS_URI}/{field}`, {
    list: undefined,
    complete: { field: (value) => allFieldNames().filter((name) => name.startsWith(value)) },
  });
  server.registerResource("field", field, {
    title: "A field",
    description:
      "One field of train's overrides and grid, of sample or of evaluate: its meaning, " +
      "what it takes, and its values in the presets",
    mimeType: "text/markdown",
  }, (uri, { field }) => found(uri, () => text(uri.href, "text/markdown", fieldTable(one(field)))));
  server.registerResource("fields", FIELDS_URI, {
    title: "Configuration fields",
    description: "All fields of train's overrides and grid: their meaning, what they take, and " +
      "their value in most presets",
    mimeType: "text/markdown",
  }, () => text(FIELDS_URI, "text/markdown", fieldsTable()));
  server.registerResource("sampling-fields", SAMPLING_FIELDS_URI, {
    title: "Fields of sample and evaluate",
    description: "All fields of the tools sample and evaluate: their meaning and what they take",
    mimeType: "text/markdown",
  }, () => text(SAMPLING_FIELDS_URI, "text/markdown", samplingFieldsTable()));
}

/** Ids that begin with what was typed, newest first. */
export function runIds(lab: Lab, typed: string): string[] {
  return [...lab.runs({ limit: 100 }).runs, ...lab.pretrained()].map((run) => run.id)
    .filter((id) => id.startsWith(typed));
}

/** One row for each step at which something was recorded. */
export function csvOf(curves: Curves): string {
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

/** Runs whose samples are listed. */
const SEARCHED_RUNS = 50;
const SAMPLE_TYPES = {
  "contact-sheet": "image/png",
  "film-strip": "image/png",
  text: "text/plain",
};

export function registerSamples(server: McpServer, { lab }: ToolContext): void {
  const complete = {
    sample: (value: string) =>
      lab.newestSamples(SEARCHED_RUNS).map(({ id }) => id).filter((id) => id.startsWith(value)),
  };
  const template = new ResourceTemplate(sampleUri("{sample}"), {
    list: undefined,
    complete,
  });
  server.registerResource("sample", template, {
    title: "A sample",
    description: "A contact sheet or film strip as PNG, or the generated texts",
  }, (uri, variables) =>
    found(uri, async () => {
      const sample = sampleOf(lab, one(variables.sample));
      if ("texts" in sample) return text(uri.href, "text/plain", sample.texts.join("\n---\n"));
      const { samplePng } = await import("../figures/mod.ts");
      const { png } = await samplePng(lab, sample.id);
      const blob = Buffer.from(png).toString("base64");
      return { contents: [{ uri: uri.href, mimeType: "image/png", blob }] };
    }));
  const record = new ResourceTemplate(asJson(sampleUri("{sample}")), { list: undefined, complete });
  server.registerResource("sample-record", record, {
    title: "A sample as JSON",
    description: "Settings, training step, cost and file of a sample; for text also the texts",
    mimeType: "application/json",
  }, (uri, { sample }) => found(uri, () => json(uri.href, sampleOf(lab, one(sample)))));
}

/** @throws {UserError} If there is none of this id. */
function sampleOf(lab: Lab, id: string): Sample | TextSample {
  try {
    return lab.textById(id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return lab.sampleById(id);
  }
}

export function registerJournal(server: McpServer, { journal }: ToolContext): void {
  const list = {
    title: "The journal",
    description: "All entries with their verdicts, newest first",
  };
  server.registerResource(
    "journal",
    JOURNAL_URI,
    { ...list, mimeType: "application/json" },
    async () => json(JOURNAL_URI, { entries: (await journal()).listEntries() }),
  );
  const complete = {
    entry: async (value: string) =>
      (await journal()).listEntries().map((entry) => entry.id).filter((id) => id.startsWith(value)),
  };
  const template = new ResourceTemplate(journalUri("{entry}"), {
    list: undefined,
    complete,
  });
  server.registerResource("journal-entry", template, {
    title: "A journal entry",
    description: "Hypothesis, results and verdict as Markdown",
    mimeType: "text/markdown",
  }, (uri, { entry }) =>
    found(uri, async () => {
      const { body } = (await journal()).readEntry(one(entry));
      return text(uri.href, "text/markdown", body);
    }));
  const record = new ResourceTemplate(asJson(journalUri("{entry}")), { list: undefined, complete });
  server.registerResource(
    "journal-record",
    record,
    {
      title: "A journal entry as JSON",
      description: "What its author wrote and what the program computed, field by field",
      mimeType: "application/json",
    },
    (uri, { entry }) =>
      found(uri, async () => json(uri.href, (await journal()).readEntry(one(entry)))),
  );
}

/** Reads a resource; if there is none, the error names the address. */
export async function found<T>(uri: URL, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) throw new ResourceNotFoundError(uri.href, error.message);
    throw error;
  }
}

/** A variable that stands for one value. */
export function one(value: string | string[] | undefined): string {
  return decodeURIComponent(Array.isArray(value) ? value.join("/") : value ?? "");
}

/** A variable that stands for several values with commas between them. */
export function several(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().flatMap((part) => decodeURIComponent(part).split(","));
}

export function json(uri: string, value: unknown) {
  return text(uri, "application/json", JSON.stringify(value, null, 1));
}

export function text(uri: string, mimeType: string, content: string) {
  return { contents: [{ uri, mimeType, text: content }] };
}
