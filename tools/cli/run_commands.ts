/** Commands that look at runs and the journal, compare runs, or stop them. */
import { z } from "zod";
import { RefusedValue } from "../../engine/host/mod.ts";
import { requests, runReference } from "../../experiments/mod.ts";
import { JournalRequest, matchingEntries, openJournal } from "../../journal/mod.ts";
import { comparedRuns, groupTable, leaderboardTable } from "../compare_runs.ts";
import { inspected, sweepTable } from "../inspect_run.ts";
import { isJobId, jobTable } from "../jobs.ts";
import { journalText } from "../journal.ts";
import { paragraphs, runTable } from "../rows.ts";
import { evaluationTable, reportCurves, reportParts } from "../run_report.ts";
import { stopAll } from "../stop_run.ts";
import { baselineTable } from "../text_view.ts";
import { commonOptions, defineCommand, labOf, resultCommand } from "./command.ts";

/** Lists the newest runs, or looks at one. */
export const inspectCommand = resultCommand({
  fields: requests.inspect.shape,
  argument: "run",
  async run(lab, { metrics, points, limit, offset, ...request }) {
    const { run, jobs, sweeps, filter } = await inspected(request, () => openJournal(lab));
    const page = { ...filter, limit, offset };
    if (jobs || (run !== undefined && isJobId(run))) {
      const result = run === undefined ? lab.jobs({ limit, offset }).jobs : [lab.job(run)];
      return { result, text: result.length === 0 ? "There are no jobs yet." : jobTable(result) };
    }
    if (run !== undefined) {
      const result = lab.inspect(run);
      const parts = [
        `${result.summary}.`,
        ...reportParts(lab, result),
        reportCurves(lab, result.run, metrics, points),
      ];
      return { result, text: paragraphs(parts) };
    }
    if (sweeps) {
      const result = lab.sweeps(page);
      return { result, text: sweepTable(result.sweeps) || "There are no such sweeps." };
    }
    const { runs, total } = lab.runs(page);
    return {
      result: { total, runs },
      text: total === 0 ? "There are no such runs." : runTable(runs),
    };
  },
});

const { runs, sweep } = requests.compare.shape;

/** Ranks runs, which are given one by one or as a sweep. */
export const compareCommand = resultCommand({
  fields: { runs, sweep },
  argument: "runs",
  run(lab, request) {
    const result = lab.compare(comparedRuns(lab, request));
    const tables = [
      leaderboardTable(result, result.leaderboard),
      groupTable(result),
      baselineTable(result.baselines),
      evaluationTable(result.evaluations),
    ];
    const notes = [`${result.verdict}.`, ...result.cautions.map((caution) => `Note: ${caution}`)];
    return { result, text: paragraphs([...tables, notes.join("\n")]) };
  },
});

/** Stops runs and jobs, and waits until they have stopped. */
export const stopCommand = resultCommand({
  fields: requests.stop.omit({ run: true }).shape,
  argument: "runs",
  async run(lab, request) {
    const asked = stopAll(lab, request);
    const runs = await lab.watch(asked.runs.map(({ id }) => id), { timeoutSeconds: 60 });
    const jobs = await Promise.all(
      asked.jobs.map(({ id }) => lab.watchJob(id, { timeoutSeconds: 60 })),
    );
    const tables = [
      ...(runs.length > 0 ? [runTable(runs)] : []),
      ...(jobs.length > 0 ? [jobTable(jobs)] : []),
    ];
    return {
      result: [...runs, ...jobs],
      text: tables.join("\n") || "Nothing was queued or running.",
    };
  },
});

/** Prints a line for each event that deserves attention. */
export const watchCommand = defineCommand({
  schema: z.strictObject({
    runs: z.array(runReference).min(1).max(64).optional().describe(
      "Runs or sweeps to watch (default: what is queued or running, and what is queued meanwhile)",
    ),
    all: z.boolean().default(false).describe("Watches what is watched by default"),
    once: z.boolean().default(false).describe(
      "Ends after the first line, for assistants that are woken by the end of a command",
    ),
    after: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe(
      "Begins after this event, whose number stands at the end of a line (default now)",
    ),
    ...commonOptions,
  }),
  argument: "runs",
  async run({ runs, all, once, after, json, ...common }) {
    if (all && runs !== undefined) {
      throw new RefusedValue((name) =>
        `Give either ${name("runs")} or ${name("all")}, and not both`
      );
    }
    const lab = labOf(common);
    const ids = runs && lab.find(runs).map((run) => run.id);
    for await (const notice of lab.notices({ ids, after })) {
      console.log(json ? JSON.stringify(notice) : `${notice.message} (event ${notice.id})`);
      if (once) break;
    }
    lab.close();
    return 0;
  },
});

/** Reads the journal: a digest, a search, or one entry. */
export const journalCommand = resultCommand({
  fields: JournalRequest.shape,
  argument: "id",
  async run(lab, request) {
    const journal = await openJournal(lab);
    const { summary, body } = journalText(lab, journal, request);
    const { id } = request;
    const result = id === undefined
      ? matchingEntries(journal.listEntries(), request)
      : journal.readEntry(id);
    return { result, text: paragraphs([summary, ...body]) };
  },
});
