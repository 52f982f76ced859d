/** What can be read by address: runs, curves, samples and journal entries. */
import {
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { Buffer } from "node:buffer";
import { UserError } from "../engine/host/mod.ts";
import type { Curves, Lab, MetricName } from "../experiments/mod.ts";
import type { Surroundings } from "./define.ts";
import { runRow } from "./rows.ts";
import { curvesUri, journalUri, RUNS_URI, runUri, sampleUri } from "./uris.ts";

/** Runs, samples and entries that a list names: the newest of each. */
const LISTED = 20;
const CURVE_POINTS = 500;

export function registerResources(server: McpServer, surroundings: Surroundings): void {
  registerRuns(server, surroundings);
  registerCurves(server, surroundings);
  registerSamples(server, surroundings);
  registerJournal(server, surroundings);
}

function registerRuns(server: McpServer, { lab, links }: Surroundings): void {
  const config = { title: "Runs", description: "The newest 50 runs", mimeType: "application/json" };
  server.registerResource("runs", RUNS_URI, config, () => {
    const { runs, total } = lab.runs({ limit: 50 });
    return json(RUNS_URI, { total, runs: runs.map((run) => runRow(run, links)) });
  });
  const template = new ResourceTemplate(runUri("{run}"), {
    list: () => ({
      resources: lab.runs({ limit: LISTED }).runs.map((run) => ({
        uri: runUri(run.id),
        name: run.id,
        description: `${run.status}, step ${run.step}/${run.steps}`,
        mimeType: "application/json",
      })),
    }),
    complete: { run: (value) => runIds(lab, value) },
  });
  server.registerResource("run", template, {
    title: "A run",
    description: "Configuration, status, newest metrics and diagnosis of a run",
    mimeType: "application/json",
  }, (uri, { run }) => found(uri, () => json(uri.href, lab.inspect(one(run)))));
}

function registerCurves(server: McpServer, { lab }: Surroundings): void {
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
          return text(uri.href, "image/svg+xml", await chartOf(lab.run(one(run)).id, curves));
        default:
          throw new UserError(
            `Curves come as csv, json or svg, not as ${JSON.stringify(one(format))}`,
          );
      }
    }));
}

function registerSamples(server: McpServer, { lab }: Surroundings): void {
  const newest = (count: number) =>
    lab.runs({ limit: 50 }).runs.flatMap((run) => lab.samples(run.id).reverse()).slice(0, count);
  const template = new ResourceTemplate(sampleUri("{sample}"), {
    list: () => ({
      resources: newest(LISTED).map((sample) => ({
        uri: sampleUri(sample.id),
        name: sample.id,
        description: `${sample.kind} of ${sample.runId} at step ${sample.step}`,
        mimeType: "image/png",
      })),
    }),
    complete: {
      sample: (value) =>
        newest(100).map((sample) => sample.id).filter((id) => id.startsWith(value)),
    },
  });
  server.registerResource("sample", template, {
    title: "A sample",
    description: "A contact sheet or film strip as PNG",
    mimeType: "image/png",
  }, (uri, variables) =>
    found(uri, async () => {
      const { samplePng } = await import("../figures/mod.ts");
      const { png } = await samplePng(lab, one(variables.sample));
      const blob = Buffer.from(png).toString("base64");
      return { contents: [{ uri: uri.href, mimeType: "image/png", blob }] };
    }));
}

function registerJournal(server: McpServer, { journal }: Surroundings): void {
  const template = new ResourceTemplate(journalUri("{entry}"), {
    list: async () => ({
      resources: (await journal()).listEntries().slice(0, LISTED).map((entry) => ({
        uri: journalUri(entry.id),
        name: entry.id,
        title: entry.title,
        description: entry.problem ?? entry.verdict,
        mimeType: "text/markdown",
      })),
    }),
    complete: {
      entry: async (value) =>
        (await journal()).listEntries().map((entry) => entry.id).filter((id) =>
          id.startsWith(value)
        ),
    },
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
}

/** Ids that begin with what was typed, newest first. */
export function runIds(lab: Lab, typed: string): string[] {
  return lab.runs({ limit: 100 }).runs.map((run) => run.id).filter((id) => id.startsWith(typed));
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

async function chartOf(title: string, curves: Curves): Promise<string> {
  const { lineChart } = await import("../figures/mod.ts");
  const names = ["loss", "validation_loss", "denoising_mse", "nats_per_character"] as const;
  return lineChart({
    title,
    xLabel: "step",
    series: names.filter((name) => curves[name]).map((name) => ({
      name,
      points: (curves[name] ?? []).map(({ step, value }) => ({ x: step, y: value })),
    })),
  });
}

async function found<T>(uri: URL, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) throw new ResourceNotFoundError(uri.href, error.message);
    throw error;
  }
}

function one(value: string | string[] | undefined): string {
  return decodeURIComponent(Array.isArray(value) ? value.join("/") : value ?? "");
}

function json(uri: string, value: unknown) {
  return text(uri, "application/json", JSON.stringify(value, null, 1));
}

function text(uri: string, mimeType: string, content: string) {
  return { contents: [{ uri, mimeType, text: content }] };
}
