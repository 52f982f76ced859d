import { raw } from "hono/html";
import type { Alert, LabEvent, RunReport, TextSample } from "../experiments/mod.ts";
import { modalityOf } from "../experiments/mod.ts";
import { formatDuration, formatMeasured, formatNumber } from "../figures/mod.ts";
import { Fact, isActive, RunProgress, runSeconds, Status, Time } from "./components.tsx";
import { Evaluations } from "./evaluations.tsx";
import { Page } from "./layout.tsx";
import { Checkpoints, Configuration, Events, WhatToSay } from "./run_details.tsx";
import { viewOf } from "./views.ts";
import { staticUrl } from "./static_files.ts";

export interface RunView {
  readonly report: RunReport;
  /** What a run on text wrote, oldest first. */
  readonly texts: readonly TextSample[];
  /** Newest first. */
  readonly events: readonly LabEvent[];
}

/** Everything about one run. */
export function RunPage({ report, texts, events }: RunView) {
  const { run } = report;
  const view = viewOf(run);
  return (
    <Page title={run.id} refreshSeconds={isActive(run) ? 2 : 10}>
      <script
        type="module"
        src={staticUrl(view.script)}
      >
      </script>
      <div id="head" data-live>
        <Head report={report} />
      </div>
      <section id="curves" data-live aria-labelledby="curves-title">
        <h2 id="curves-title" class="hidden">Curves</h2>
        <Charts report={report} />
      </section>
      <section id="samples" data-live aria-labelledby="samples-title">
        <h2 id="samples-title">Samples</h2>
        {view.samples(report, texts)}
      </section>
      <section id="evaluations" data-live aria-label="Evaluations">
        <Evaluations run={run} evaluations={report.evaluations} />
      </section>
      <section id="details" data-live class="columns" aria-label="Details">
        <Configuration run={run} />
        <div>
          <WhatToSay run={run} />
          <Checkpoints report={report} />
          <Events events={events} />
        </div>
      </section>
    </Page>
  );
}

function Head({ report }: { report: RunReport }) {
  const { run } = report;
  return (
    <>
      <p class="trail">
        <a href="/">Runs</a>
        {run.sweepId && (
          <>
            {" / "}
            <a href={`/?sweep=${run.sweepId}`}>{run.sweepId}</a>
          </>
        )}
      </p>
      <div class="title">
        <h1>{run.id}</h1>
        <Status status={run.status} stopRequested={run.stopRequested} />
      </div>
      {run.label && <p class="lead">{run.label}</p>}
      {run.status !== "finished" && <RunProgress run={run} />}
      {run.error && report.alerts.every(({ message }) => !message.includes(run.error ?? "")) && (
        <p class="callout bad">{run.error}</p>
      )}
      {report.alerts.map((alert) => <AlertLine alert={alert} />)}
      <p class="summary">{report.summary}</p>
      <Facts report={report} />
    </>
  );
}

function AlertLine({ alert }: { alert: Alert }) {
  const level = { info: "info", warning: "caution", error: "bad" }[alert.level];
  return <p class={`callout ${level}`}>{alert.message}</p>;
}

function Facts({ report }: { report: RunReport }) {
  const { run, examplesPerSecond } = report;
  const { loss } = run.latest;
  const seconds = runSeconds(run);
  const view = viewOf(run);
  const network = view.network(run);
  return (
    <dl class="facts">
      <Fact {...view.score(report)} />
      <Fact
        name="Training loss"
        value={loss === undefined ? "–" : formatMeasured(loss)}
        note={view.objective(run)}
      />
      <Fact
        name="Throughput"
        value={examplesPerSecond === null
          ? "–"
          : `${formatNumber(examplesPerSecond)} ${modalityOf(run).examples}/s`}
        note={run.device ?? "not started yet"}
      />
      <Fact
        name="Network"
        value={run.parameterCount === null ? run.config.size : formatCount(run.parameterCount)}
        note={run.parameterCount === null ? network : `parameters, ${network} “${run.config.size}”`}
      />
      <Fact
        name={seconds === null ? "Steps" : "Took"}
        value={seconds === null ? run.steps.toLocaleString("en-US") : formatDuration(seconds)}
        note={<Time at={run.endedAt ?? run.startedAt ?? run.createdAt} />}
      />
    </dl>
  );
}

function formatCount(count: number): string {
  return count >= 1e6
    ? `${formatNumber(count / 1e6)} M`
    : count >= 1e3
    ? `${formatNumber(count / 1e3)} k`
    : String(count);
}

function Charts({ report }: { report: RunReport }) {
  const charts = viewOf(report.run).charts(report.run, report.curves);
  return (
    <>
      <div class="charts">{charts.main.map((svg) => <div class="panel">{raw(svg)}</div>)}</div>
      <details id="more-curves">
        <summary>More curves</summary>
        <div class="charts">{charts.more.map((svg) => <div class="panel">{raw(svg)}</div>)}</div>
      </details>
    </>
  );
}
