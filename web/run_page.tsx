/** The pages of a run, and of the pretrained runs. */
import { duration } from "../engine/host/mod.ts";
import { raw } from "hono/html";
import {
  type Alert,
  hasEnded,
  type LabEvent,
  modalityOf,
  type Run,
  type RunReport,
  type Sample,
  tellingFields,
  type TextSample,
} from "../experiments/mod.ts";
import { formatNumber } from "../figures/mod.ts";
import {
  Ask,
  Fact,
  measuredOrDash,
  Page,
  RunProgress,
  runUrl,
  SampleFigure,
  settingText,
  Status,
  Time,
} from "./layout.tsx";
import { Evaluations, isActive, Jobs, type JobsView, viewOf } from "./jobs.tsx";
import { staticUrl } from "./static_files.ts";
import { trainCall } from "../journal/mod.ts";
import { TextSamples } from "./text_view.tsx";

interface RunView {
  readonly report: RunReport;
  /** Texts of a text run, oldest first. */
  readonly texts: readonly TextSample[];
  readonly jobs: JobsView;
  /** Newest first. */
  readonly events: readonly LabEvent[];
}

/** The page of a run. */
export function RunPage({ report, texts, jobs, events }: RunView) {
  const { run } = report;
  const view = viewOf(run.config.modality);
  return (
    <Page title={run.id} refreshSeconds={hasEnded(run) && !isActive(jobs) ? 10 : 2}>
      <script type="module" src={staticUrl(view.script)}></script>
      <div id="head" data-live>
        <Head report={report} />
      </div>
      <section id="curves" data-live aria-labelledby="curves-title">
        <h2 id="curves-title" class="hidden">Curves</h2>
        <Charts report={report} />
      </section>
      <section id="jobs" data-live aria-label="Requested samples and evaluations">
        <Jobs view={jobs} named={false} />
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
          <SuggestedRequests run={run} />
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
  const seconds = run.trainedSeconds;
  const view = viewOf(run.config.modality);
  const modality = modalityOf(run);
  const network = modality.networkTitle(run.config);
  return (
    <dl class="facts">
      <Fact {...view.score(report)} />
      <Fact
        name="Training loss"
        value={measuredOrDash(loss)}
        note={modality.objectiveTitle(run.config)}
      />
      <Fact
        name="Throughput"
        value={examplesPerSecond === null
          ? "–"
          : `${formatNumber(examplesPerSecond)} ${modality.examples}/s`}
        note={run.device ?? "not started yet"}
      />
      <Fact
        name="Network"
        value={run.parameterCount === null ? run.config.size : formatCount(run.parameterCount)}
        note={run.parameterCount === null ? network : `parameters, ${network} “${run.config.size}”`}
      />
      <Fact
        name={seconds === null ? "Steps" : "Took"}
        value={seconds === null ? run.steps.toLocaleString("en-US") : duration(seconds)}
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
  const charts = viewOf(report.run.config.modality).charts(report.run, report.curves);
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

/** Configuration and provenance of a run. */
function Configuration({ run }: { run: Run }) {
  const origin: [string, string | number | null][] = [
    ["configuration hash", run.configHash],
    ["data set hash", run.datasetHash],
    ["code version", run.codeVersion],
    ["device", run.device],
    ["why this device", run.deviceChoice?.reason ?? null],
    ["noise made on", run.deviceChoice?.noise ?? null],
    ["replicas", run.replicas],
  ];
  return (
    <div>
      <h2>Configuration</h2>
      <table class="pairs">
        <tbody>
          {tellingFields(run.config).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{settingText(value)}</td>
            </tr>
          ))}
        </tbody>
        <tbody>
          {origin.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td class="quiet hash">{value ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Suggested requests to an assistant for the current state of the run. */
function SuggestedRequests({ run }: { run: Run }) {
  const canResume = ["stopped", "interrupted", "failed"].includes(run.status);
  return (
    <>
      <h2>Ask your assistant</h2>
      {!hasEnded(run) && (
        <Ask say={`Stop ${run.id}.`} tool="stop-run" arguments={{ runs: [run.id] }} />
      )}
      {canResume && <Ask say={`Resume ${run.id}.`} tool="train" arguments={{ resume: run.id }} />}
      {run.checkpointStep !== null && (
        <Ask
          {...viewOf(run.config.modality).sampling(run)}
          tool="sample"
        />
      )}
      <div class="ask">
        <p>“Train it again.”</p>
        <pre><code>train {trainCall([run])}</code></pre>
      </div>
    </>
  );
}

/** The newest checkpoints of a run. */
function Checkpoints({ report }: { report: RunReport }) {
  if (report.checkpoints.length === 0) return null;
  return (
    <>
      <h2>Checkpoints</h2>
      <table class="pairs">
        <tbody>
          {report.checkpoints.toReversed().slice(0, 8).map((checkpoint) => (
            <tr>
              <th scope="row">step {checkpoint.step.toLocaleString("en-US")}</th>
              <td class="quiet">
                {formatNumber(checkpoint.bytes / 1e6)} MB · <Time at={checkpoint.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** The events of a run, newest first. */
function Events({ events }: { events: readonly LabEvent[] }) {
  if (events.length === 0) return null;
  return (
    <>
      <h2>What happened</h2>
      <ol class="events">
        {events.map((event) => (
          <li>
            <Time at={event.at} /> <span>{event.message}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** A pretrained run and what is shown of it. */
export interface Pretrained {
  readonly run: Run;
  /** The newest film strip; null for text. */
  readonly film: Sample | null;
  /** The newest text of each mode. */
  readonly texts: readonly TextSample[];
}

/** The pretrained models beside each other, their newest films playing. */
export function StudyPage({ models }: { models: readonly Pretrained[] }) {
  return (
    <Page title="Pretrained" section="/study" refreshSeconds={5}>
      <script type="module" src={staticUrl("films.js")}></script>
      <script type="module" src={staticUrl("verse.js")}></script>
      <h1>Pretrained models</h1>
      <p class="lead">
        These models are part of the program and available in every workspace. They are read-only:
        samples and evaluations of them are stored in this workspace.
      </p>
      {models.length === 0 && (
        <p class="empty">
          The folder <code>study</code> of the program is missing.
        </p>
      )}
      <section id="samples" class="forming" data-live aria-label="Samples of the pretrained models">
        {models.map(({ run, film, texts }) => (
          <div data-play>
            <h2>
              <a href={runUrl(run.id)}>{run.id}</a>
            </h2>
            {film && <SampleFigure sample={film} />}
            <TextSamples samples={texts} />
          </div>
        ))}
      </section>
      {models.some(({ film }) => film) && (
        <Ask
          say="Sample ten digits from study/digits and show the film strip."
          tool="sample"
          arguments={{ run: "study/digits", count: 10, film_strip: true }}
        />
      )}
    </Page>
  );
}
