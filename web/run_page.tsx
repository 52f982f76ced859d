import { raw } from "hono/html";
import type {
  Alert,
  ImageConfig,
  LabEvent,
  Run,
  RunReport,
  TextSample,
} from "../experiments/mod.ts";
import { formatDuration, formatMeasured, formatNumber } from "../figures/mod.ts";
import { trainCall } from "../journal/mod.ts";
import {
  Ask,
  Fact,
  isActive,
  madeAt,
  RunProgress,
  runSeconds,
  SampleFigure,
  settingText,
  Status,
  Time,
} from "./components.tsx";
import { Evaluations } from "./evaluations.tsx";
import { staticUrl } from "./static_files.ts";
import { type SharedStart, sharedStarts } from "./shared_starts.ts";
import { TextSamples } from "./text_samples.tsx";
import { Page } from "./layout.tsx";
import { runCharts } from "./run_charts.ts";

/** What a network predicts, in words. */
const PREDICTED: Readonly<Record<ImageConfig["target"], string>> = {
  epsilon: "the noise ε",
  x0: "the clean image",
  v: "the velocity v",
  flow: "the flow's velocity",
  edm: "EDM’s mixture",
};

export interface RunView {
  readonly report: RunReport;
  /** What a run on text wrote, oldest first. */
  readonly texts: readonly TextSample[];
  /** Newest first. */
  readonly events: readonly LabEvent[];
}

const SAMPLES_AT_ONCE = 12;
const STARTS_AT_ONCE = 2;
/** Rows of one side-by-side picture. */
const MOST_BESIDE = 8;

/** Everything about one run. */
export function RunPage({ report, texts, events }: RunView) {
  const { run } = report;
  return (
    <Page title={run.id} refreshSeconds={isActive(run) ? 2 : 10}>
      <script
        type="module"
        src={staticUrl(run.config.modality === "text" ? "verse.js" : "films.js")}
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
        {texts.length > 0 ? <TextSamples samples={texts} /> : <Samples report={report} />}
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
  const { run, relativeError, imagesPerSecond } = report;
  const { loss, denoising_mse, nats_per_character, windows_per_second } = run.latest;
  const seconds = runSeconds(run);
  const network = run.config.modality === "image" ? "UNet" : "transformer";
  return (
    <dl class="facts">
      {run.config.modality === "image"
        ? (
          <Fact
            name="Denoising error"
            value={denoising_mse === undefined ? "–" : formatMeasured(denoising_mse)}
            note={relativeError === null
              ? "held-out images, lower is better"
              : `${formatNumber(100 * relativeError)} % of a model that learnt nothing`}
          />
        )
        : (
          <Fact
            name="Nats per character"
            value={nats_per_character === undefined ? "–" : formatMeasured(nats_per_character)}
            note={run.trivialMse === null
              ? "held-out text, lower is better"
              : `held-out text; bigrams need ${formatMeasured(run.trivialMse)}${
                report.baselines === null
                  ? ""
                  : `, the best n-grams ${formatMeasured(Math.min(...report.baselines.ngrams))}`
              }`}
          />
        )}
      <Fact
        name="Training loss"
        value={loss === undefined ? "–" : formatMeasured(loss)}
        note={run.config.modality === "image"
          ? `predicts ${PREDICTED[run.config.target]}`
          : `learns by ${run.config.method}`}
      />
      <Fact
        name="Throughput"
        value={imagesPerSecond !== null
          ? `${formatNumber(imagesPerSecond)} images/s`
          : windows_per_second !== undefined
          ? `${formatNumber(windows_per_second)} windows/s`
          : "–"}
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
  const charts = runCharts(report.run, report.curves);
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

function Samples({ report }: { report: RunReport }) {
  const { run } = report;
  const newest = report.samples.toReversed();
  if (newest.length === 0) {
    return (
      <div class="empty">
        <p>
          {run.checkpointStep === null
            ? "There is nothing to sample from before the first checkpoint."
            : "No samples yet. Say to your assistant:"}
        </p>
        {run.checkpointStep !== null && (
          <Ask say={`Show me samples of ${run.id}.`} tool="sample" arguments={{ run: run.id }} />
        )}
      </div>
    );
  }
  const figure = (index: number) => {
    const sample = newest[index];
    return sample && <SampleFigure sample={sample} lazy={index > 1} />;
  };
  return (
    <>
      {sharedStarts(report.samples).toReversed().slice(0, STARTS_AT_ONCE).map((start) => (
        <SideBySide start={start} runId={run.id} />
      ))}
      <div class="samples">
        {newest.slice(0, SAMPLES_AT_ONCE).map((_, index) => figure(index))}
      </div>
      {newest.length > SAMPLES_AT_ONCE && (
        <details id="more-samples">
          <summary>{newest.length - SAMPLES_AT_ONCE} older samples</summary>
          <div class="samples">
            {newest.slice(SAMPLES_AT_ONCE).map((_, index) => figure(index + SAMPLES_AT_ONCE))}
          </div>
        </details>
      )}
    </>
  );
}

/** One starting noise, walked to pictures in several ways. */
function SideBySide({ start, runId }: { start: SharedStart; runId: string }) {
  const ids = start.samples.map(({ id }) => id).slice(-MOST_BESIDE);
  const made = madeAt(start.samples.at(-1)!);
  const address = `/runs/${runId}/side-by-side.png?samples=${ids.join(",")}&v=${made}`;
  return (
    <figure class="sample">
      <a href={address} aria-label="Side by side in full size">
        <img src={address} alt={`${ids.length} ways from one starting noise, side by side`} />
      </a>
      <figcaption>
        <b>{ids.length} ways from one starting noise</b> at step{" "}
        {start.step.toLocaleString("en-US")}, seed {start.seed}
      </figcaption>
    </figure>
  );
}

function Configuration({ run }: { run: Run }) {
  const origin: [string, string | number | null][] = [
    ["configuration hash", run.configHash],
    ["data set hash", run.datasetHash],
    ["code version", run.codeVersion],
    ["device", run.device],
    ["replicas", run.replicas],
  ];
  return (
    <div>
      <h2>Configuration</h2>
      <table class="pairs">
        <tbody>
          {Object.entries(run.config).map(([name, value]) => (
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

function WhatToSay({ run }: { run: Run }) {
  const canResume = ["stopped", "interrupted", "failed"].includes(run.status);
  return (
    <>
      <h2>Ask your assistant</h2>
      {isActive(run) && (
        <Ask say={`Stop ${run.id}.`} tool="stop-run" arguments={{ runs: [run.id] }} />
      )}
      {canResume && <Ask say={`Resume ${run.id}.`} tool="train" arguments={{ resume: run.id }} />}
      {run.checkpointStep !== null && (
        <Ask
          say={run.config.modality === "image"
            ? `Sample ${run.id} with guidance 3 and show the film strip.`
            : `Let ${run.id} write, and show how it comes out of the noise.`}
          tool="sample"
          arguments={{
            run: run.id,
            ...(run.config.modality === "image" ? { guidance_scale: 3 } : {}),
            film_strip: true,
          }}
        />
      )}
      <div class="ask">
        <p>“Train it again.”</p>
        <pre><code>train {trainCall([run])}</code></pre>
      </div>
    </>
  );
}

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
