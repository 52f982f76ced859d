import { raw } from "hono/html";
import type { Alert, ImageConfig, LabEvent, RunReport, TextSample } from "../experiments/mod.ts";
import { modalityOf } from "../experiments/mod.ts";
import { formatDuration, formatMeasured, formatNumber } from "../figures/mod.ts";
import { Fact, isActive, RunProgress, runSeconds, Status, Time } from "./components.tsx";
import { Evaluations } from "./evaluations.tsx";
import { Page } from "./layout.tsx";
import { runCharts } from "./run_charts.ts";
import { Checkpoints, Configuration, Events, WhatToSay } from "./run_details.tsx";
import { Samples } from "./run_samples.tsx";
import { staticUrl } from "./static_files.ts";
import { TextSamples } from "./text_samples.tsx";

/** What a network predicts, in words. */
const PREDICTED: Readonly<Record<ImageConfig["target"], string>> = {
  epsilon: "the noise ε",
  x0: "the clean image",
  v: "the velocity v",
  flow: "the flow's velocity",
  edm: "EDM’s mixture",
};

const NETWORK: Readonly<Record<ImageConfig["network"], string>> = {
  unet: "UNet",
  "dit-2": "DiT",
  "dit-4": "DiT",
};

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
  const { run, relativeError, examplesPerSecond } = report;
  const { loss, denoising_mse, nats_per_character } = run.latest;
  const seconds = runSeconds(run);
  const network = run.config.modality === "image" ? NETWORK[run.config.network] : "transformer";
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
            note={run.baseline === null
              ? "held-out text, lower is better"
              : `held-out text; bigrams need ${formatMeasured(run.baseline)}${
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
