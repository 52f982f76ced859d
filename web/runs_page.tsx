import { capital, duration } from "../engine/host/mod.ts";
import {
  type Curves,
  differingFields,
  hasEnded,
  metricOf,
  modalities,
  namesOfFieldsWith,
  type Run,
  RUN_STATUSES,
  type RunStatus,
  scoreOf,
} from "../experiments/mod.ts";
import { formatMeasured, formatNumber, sparkline } from "../figures/mod.ts";
import { raw } from "hono/html";
import { isActive, Jobs, type JobsView } from "./jobs.tsx";
import { pointsOf } from "./modality_view.tsx";
import { Ask, Page, RunProgress, runUrl, settingOf, Settings, Status, Time } from "./layout.tsx";

/** The ranking metric of each modality, "denoising error of images, nats per character of text". */
const METRICS = modalities.map(({ metric, title }) => `${metric.title} of ${title}`).join(", ");

export interface RunRow {
  readonly run: Run;
  readonly curves: Curves;
}
interface RunsView {
  readonly rows: readonly RunRow[];
  /** Total number of runs that match the filter. */
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly status?: RunStatus | undefined;
  readonly sweepId?: string | undefined;
  /** Number of runs of each status in the workspace. */
  readonly counts: Readonly<Record<RunStatus, number>>;
  /** Ids of the runs that come with the program. */
  readonly pretrained: readonly string[];
  /** Null on pages that do not show them. */
  readonly jobs: JobsView | null;
}

export function RunsPage(view: RunsView) {
  const all = RUN_STATUSES.reduce((sum, status) => sum + view.counts[status], 0);
  const active = view.counts.running + view.counts.queued > 0 ||
    (view.jobs !== null && isActive(view.jobs));
  return (
    <Page title="Runs" section="/" refreshSeconds={active ? 2 : 6}>
      <h1>Runs</h1>
      <div id="runs" data-live>
        {all === 0 ? <NoRuns /> : (
          <>
            <Filters view={view} all={all} />
            {view.rows.length === 0
              ? (
                <p class="empty">
                  No run matches. <a href="/">Show all {all}</a>
                </p>
              )
              : <RunTable rows={view.rows} />}
            <Pages view={view} />
          </>
        )}
        {view.jobs && <Jobs view={view.jobs} named />}
        {view.pretrained.length > 0 && <PretrainedRuns ids={view.pretrained} />}
      </div>
    </Page>
  );
}

function PretrainedRuns({ ids }: { ids: readonly string[] }) {
  return (
    <p class="quiet">
      <a href="/study">Pretrained</a> runs, available in every workspace: {ids.map((id, i) => (
        <>
          {i > 0 && ", "}
          <a href={runUrl(id)}>{id}</a>
        </>
      ))}
    </p>
  );
}

function NoRuns() {
  return (
    <section class="empty">
      <h2>Nothing has been trained here yet</h2>
      <p>Say to your assistant:</p>
      <Ask
        say="Train the mnist-tiny preset, then show me samples."
        tool="train"
        arguments={{ preset: "mnist-tiny" }}
      />
      <p>
        or, without an assistant, see the whole loop in a few minutes:
      </p>
      <pre><code>deno task demo</code></pre>
      <p class="quiet">
        Runs appear on this page by themselves. Meanwhile, look at what the{" "}
        <a href="/schedules">noise schedules</a> do to a digit.
      </p>
    </section>
  );
}

function Filters(props: { view: RunsView; all: number }) {
  const { view, all } = props;
  return (
    <nav class="filters" aria-label="Filter by status">
      <a href="/" aria-current={!view.status && !view.sweepId ? "true" : undefined}>
        all <span>{all}</span>
      </a>
      {RUN_STATUSES.filter((status) => view.counts[status] > 0).map((status) => (
        <a
          href={`/?status=${status}`}
          aria-current={view.status === status ? "true" : undefined}
        >
          {status} <span>{view.counts[status]}</span>
        </a>
      ))}
      {view.sweepId && <a href={`/?sweep=${view.sweepId}`} aria-current="true">{view.sweepId}</a>}
    </nav>
  );
}

/** A table of runs with checkboxes, and a button to compare the selected ones. */
export function RunTable(props: { rows: readonly RunRow[] }) {
  return (
    <form action="/compare" method="get">
      <table class="runs">
        <thead>
          <tr>
            <th class="tick">
              <span class="hidden">Compare</span>
            </th>
            <th>Run</th>
            <th>Status</th>
            <th>Settings</th>
            <th>Loss</th>
            <th class="number">
              <abbr
                title={`${capital(METRICS)}; held out, lower is better`}
              >
                Error
              </abbr>
            </th>
            <th class="number">When</th>
          </tr>
        </thead>
        {groupBySweep(props.rows).map((group) => <RunGroup {...group} />)}
      </table>
      <p class="actions">
        <button type="submit">Compare ticked runs</button>
      </p>
    </form>
  );
}

interface Group {
  readonly sweepId: string | null;
  readonly rows: readonly RunRow[];
}

/** Groups consecutive runs of the same sweep, and consecutive single runs. */
function groupBySweep(rows: readonly RunRow[]): Group[] {
  const groups: { sweepId: string | null; rows: RunRow[] }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last && last.sweepId === row.run.sweepId) last.rows.push(row);
    else groups.push({ sweepId: row.run.sweepId, rows: [row] });
  }
  return groups;
}

function RunGroup({ sweepId, rows }: Group) {
  const runs = rows.map((row) => row.run);
  const differing = sweepId === null || runs.length < 2
    // Sweeps show the differing settings.
    ? namesOfFieldsWith("listed")
    : differingFields(runs.map(({ config }) => config));
  return (
    <tbody>
      {sweepId !== null && (
        <tr class="sweep">
          <th colspan={7} scope="rowgroup">
            <a href={`/?sweep=${sweepId}`}>{sweepId}</a>
            <span class="quiet">{runs.length} {runs.length === 1 ? "run" : "runs"}</span>
            {runs[0]?.label && <span class="label">{runs[0].label}</span>}
            {runs.length > 1 && (
              <a
                class="more"
                href={`/compare?runs=${runs.map((run) => run.id).join(",")}`}
              >
                Compare these
              </a>
            )}
          </th>
        </tr>
      )}
      {rows.map((row) => (
        <RunLine
          {...row}
          inSweep={sweepId !== null}
          settings={Object.fromEntries(
            differing.map((field) => [field, settingOf(row.run, field)]),
          )}
        />
      ))}
    </tbody>
  );
}

function RunLine(props: RunRow & { settings: Record<string, string | number>; inSweep: boolean }) {
  const { run, curves } = props;
  const loss = pointsOf(curves.loss);
  const score = scoreOf(run);
  const seconds = run.trainedSeconds;
  return (
    <tr>
      <td class="tick">
        <input
          type="checkbox"
          name="runs"
          value={run.id}
          id={`tick-${run.id}`}
          aria-label={`Compare ${run.id}`}
        />
      </td>
      <td class="name">
        <a href={runUrl(run.id)}>{run.id}</a>
        {!props.inSweep && run.label && <span class="label">{run.label}</span>}
      </td>
      <td class="state">
        <Status status={run.status} stopRequested={run.stopRequested} />
        {run.status === "running"
          ? <RunProgress run={run} />
          : run.step < run.steps && run.step > 0 && (
            <span class="quiet">
              step {run.step.toLocaleString("en-US")} of {run.steps.toLocaleString("en-US")}
            </span>
          )}
      </td>
      <td>
        <Settings values={props.settings} />
      </td>
      <td class="spark">
        {raw(sparkline(loss, {
          label: loss.length === 0
            ? "No loss yet"
            : `Loss from ${formatNumber(loss[0]?.y ?? NaN)} to ${
              formatNumber(loss.at(-1)?.y ?? NaN)
            }`,
          xEnd: hasEnded(run) ? undefined : run.steps,
        }))}
      </td>
      <td class="number error">
        {score === null ? "–" : <abbr title={metricOf(run).title}>{formatMeasured(score)}</abbr>}
      </td>
      <td class="number quiet when">
        <Time at={run.endedAt ?? run.startedAt ?? run.createdAt} />
        {seconds !== null && <span class="took">{duration(seconds)}</span>}
      </td>
    </tr>
  );
}

function Pages({ view }: { view: RunsView }) {
  const page = (offset: number) => {
    const query = new URLSearchParams({
      ...(view.status ? { status: view.status } : {}),
      ...(view.sweepId ? { sweep: view.sweepId } : {}),
      ...(offset > 0 ? { offset: String(offset) } : {}),
    });
    return `/?${query}`;
  };
  const end = view.offset + view.rows.length;
  if (view.offset === 0 && end >= view.total) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {view.offset > 0 && (
        <a rel="prev" href={page(Math.max(0, view.offset - view.limit))}>
          Newer
        </a>
      )}
      <span class="quiet">{view.offset + 1}–{end} of {view.total}</span>
      {end < view.total && <a rel="next" href={page(end)}>Older</a>}
    </nav>
  );
}
