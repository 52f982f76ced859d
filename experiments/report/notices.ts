/**
 * Notices: the events that are worth interrupting someone for. A run, or a job of one, ended, a warning
 * about it appeared, or it took the lead on its data set.
 *
 * Ends of runs and damaged checkpoints are recorded where they happen. Warnings and leads are derived
 * from the stored curves by whoever reads notices, and recorded once for each run, so that every
 * reader sees the same notices under the same numbers and can continue after the last one it saw.
 */
import { counted } from "../../engine/host/mod.ts";
import { setTimeout as delay } from "node:timers/promises";
import { metricOf, scoreOf } from "../registry/modalities.ts";
import type { LabEvent } from "../store/metrics.ts";
import { hasEnded } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import type { RunReport } from "./inspect.ts";

const NOTICE_KINDS: readonly LabEvent["kind"][] = [
  "run-ended",
  "run-warned",
  "run-leads",
  "checkpoint-damaged",
  "job-ended",
];

/** Milliseconds between two looks at the store. */
const POLL = 1000;
/** Milliseconds between two inspections of active runs that recorded no event, as a stuck worker's. */
const INSPECT_EVERY = 10_000;
/** Largest number of events that one query returns. */
const PAGE = 200;

type Report = Pick<RunReport, "run" | "alerts" | "summary">;

/** Where notices come from. */
export interface NoticeSource {
  readonly store: Store;
  /** Marks the runs of workers that died as interrupted. */
  refresh(): void;
  report(id: string): Report;
}

export interface NoticeOptions {
  /** Ids of the runs to report on. By default every run. */
  readonly ids?: readonly string[] | undefined;
  /** Only events with a larger number. By default those that happen from now on, or, if all the runs in
   * `ids` have ended already, their ends. */
  readonly after?: number | undefined;
  /** Continues when no run is queued or running, until `signal` aborts. By default false. */
  readonly endless?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Yields notices, oldest first, until the runs and the jobs of them have ended. */
export async function* readNotices(
  source: NoticeSource,
  { ids, after, endless = false, signal }: NoticeOptions,
): AsyncGenerator<LabEvent> {
  const { store } = source;
  const concerns = (id: string | null) => id !== null && (ids?.includes(id) ?? true);
  source.refresh();
  const activeIds = () => store.runs.activeIds().filter(concerns);
  const ended = ids !== undefined && activeIds().length === 0;
  let last = after ?? (ended ? 0 : store.events.newestId());
  let assessed = last;
  let inspectedAt = -Infinity;
  while (!signal?.aborted) {
    source.refresh();
    const active = activeIds();
    const changed = store.events.after(assessed, PAGE);
    assessed = changed.at(-1)?.id ?? assessed;
    const due = Date.now() - inspectedAt >= INSPECT_EVERY;
    if (due) inspectedAt = Date.now();
    const subjects = [...changed.map(({ runId }) => runId), ...(due ? active : [])];
    for (const id of new Set(subjects.filter(concerns))) recordFindings(source, id!);
    const events = store.events.after(last, PAGE);
    for (const event of events) {
      last = event.id;
      if (!concerns(event.runId) || !NOTICE_KINDS.includes(event.kind)) continue;
      yield { ...event, message: inOneLine(event, source, activeIds().length) };
    }
    if (events.length > 0) continue;
    const jobs = [...store.jobs.running(), ...store.jobs.queued()];
    if (active.length + jobs.filter(({ runId }) => concerns(runId)).length === 0 && !endless) {
      return;
    }
    await delay(POLL, undefined, { signal }).catch(() => {});
  }
}

/** Codes of alerts that restate how a run ended, or that have events of their own. */
const KNOWN_OTHERWISE: readonly string[] = ["failed", "interrupted", "checkpoint-damaged"];

/** Records the warnings about a run, and that it leads, unless that was recorded before. */
function recordFindings({ store, report }: NoticeSource, id: string): void {
  // Events outlive runs that were deleted by hand.
  if (store.runs.byId(id) === null) return;
  const { run, alerts } = report(id);
  for (const { level, code, message } of alerts) {
    const isEnd = code === "diverged" && run.status === "failed";
    if (level === "info" || isEnd || KNOWN_OTHERWISE.includes(code)) continue;
    const beginning = `${id}: ${code}: `;
    store.events.addOnce("run-warned", id, beginning + message, beginning);
  }
  const score = scoreOf(run);
  const { name, title } = metricOf(run);
  const best = score === null ? null : store.runs.lowestBeside(run, name);
  if (score === null || best === null || score >= best.value) return;
  const beginning = `${id}: new best on ${run.config.dataset}: `;
  const message = `${title} ${score.toPrecision(3)} at step ${run.step} of ${run.steps}, before ` +
    `${best.id} with ${best.value.toPrecision(3)}`;
  store.events.addOnce("run-leads", id, beginning + message, beginning);
}

/** The message in one line; for the end of a run with its outcome and the number of runs that are left. */
function inOneLine(
  { kind, runId, message }: LabEvent,
  { store, report }: NoticeSource,
  left: number,
): string {
  const run = runId === null ? null : store.runs.byId(runId);
  // A run that was resumed since has no outcome yet.
  const isOutcome = kind === "run-ended" && run !== null && hasEnded(run);
  const { summary } = isOutcome ? report(run.id) : { summary: message };
  const error = isOutcome && run.error !== null ? `: ${run.error}` : "";
  const rest = kind !== "run-ended" || left === 0
    ? ""
    : `; still queued or running: ${counted(left, "run")}`;
  return `${summary}${error}${rest}`.replaceAll(/\s+/g, " ");
}
