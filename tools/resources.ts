/** What can be read by address: runs, curves, comparisons and presets, then what was made of them. */
import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { UserError } from "../engine/host/mod.ts";
import { type Curves, type Lab, type MetricName, presets } from "../experiments/mod.ts";
import { fieldsTable } from "./config_fields.ts";
import type { Surroundings } from "./define.ts";
import { registerJournal, registerSamples } from "./made_resources.ts";
import { found, json, LISTED, one, several, text } from "./resource_contents.ts";
import { comparisonUri, curvesUri, FIELDS_URI, PRESETS_URI, RUNS_URI, runUri } from "./uris.ts";

const CURVE_POINTS = 500;

export function registerResources(server: McpServer, surroundings: Surroundings): void {
  registerRuns(server, surroundings);
  registerCurves(server, surroundings);
  registerComparisons(server, surroundings);
  registerPresets(server);
  registerSamples(server, surroundings);
  registerJournal(server, surroundings);
}

function registerRuns(server: McpServer, { lab }: Surroundings): void {
  const config = { title: "Runs", description: "The newest 50 runs", mimeType: "application/json" };
  server.registerResource("runs", RUNS_URI, config, () => {
    const { runs, total } = lab.runs({ limit: 50 });
    return json(RUNS_URI, { total, runs });
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
    description: "Configuration, status, metrics, evaluations, samples and diagnosis of a run",
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

function registerComparisons(server: McpServer, { lab }: Surroundings): void {
  const template = new ResourceTemplate(comparisonUri(["{runs*}"]), {
    list: undefined,
    complete: { runs: (value) => runIds(lab, value) },
  });
  server.registerResource("comparison", template, {
    title: "Runs compared",
    description:
      "Ranking, groups over seeds, aligned curves and verdict of runs and sweeps, whose " +
      "ids stand with commas between them",
    mimeType: "application/json",
  }, (uri, { runs }) => found(uri, () => json(uri.href, lab.compare(several(runs)))));
}

function registerPresets(server: McpServer): void {
  server.registerResource("presets", PRESETS_URI, {
    title: "Presets",
    description: "The starting points of train, each with its whole configuration",
    mimeType: "application/json",
  }, () => json(PRESETS_URI, presets));
  server.registerResource("fields", FIELDS_URI, {
    title: "Configuration fields",
    description: "What each field of overrides and grid means, takes, and is in the presets",
    mimeType: "text/markdown",
  }, () => text(FIELDS_URI, "text/markdown", fieldsTable()));
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
