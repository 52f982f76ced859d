import { raw } from "hono/html";
import type { ScheduleFacts, SchedulePoint, ScheduleReport } from "../experiments/mod.ts";
import { formatNumber, scheduleCharts } from "../figures/mod.ts";
import { Page, stretchesOf } from "./layout.tsx";
import { staticUrl } from "./static_files.ts";

interface SchedulesView {
  readonly report: ScheduleReport;
  /** Names of all schedules. */
  readonly names: readonly string[];
  /** Returns the address of the forward process of a schedule. */
  stripUrl(name: string): string;
}

/** The page of noise schedules: the forward process of a digit and of a line of verse, with one slider of time. */
export function SchedulesPage({ report, names, stripUrl }: SchedulesView) {
  const shown = new Set(report.schedules.map((facts) => facts.name));
  const { digit } = report;
  const times = report.schedules[0]?.forward.map((moment) => moment.point.t) ?? [];
  return (
    <Page title="Noise schedules" section="/schedules">
      <script type="module" src={staticUrl("schedules.js")}></script>
      <h1>Noise schedules</h1>
      <p class="lead">{report.summary}</p>
      <form class="choices" method="get" action="/schedules">
        <fieldset>
          <legend>Schedules</legend>
          {names.map((name) => (
            <label>
              <input type="checkbox" name="names" value={name} checked={shown.has(name)} /> {name}
            </label>
          ))}
        </fieldset>
        <label>
          Test digit{" "}
          <input type="number" name="index" min="0" max="9999" value={String(digit.index)} />
        </label>
        <button type="submit">Show</button>
      </form>
      <div class="charts">
        {scheduleCharts(report).map((svg) => <div class="panel">{raw(svg)}</div>)}
      </div>
      <section class="forward" aria-labelledby="forward-title">
        <h2 id="forward-title">The forward process</h2>
        <p class="quiet">
          A {digit.label} from {digit.dataset}, and “{report.verse.line}” as{" "}
          {report.verse.embeddings}: x_t = α x + σ ε for both, with the same noise ε at every time.
          The line shows the most likely character of each noisy embedding by itself; the more
          probable it is, the stronger it is drawn.
        </p>
        <label class="slider" hidden>
          <span>
            Time t = <output id="time-value">0</output>
          </span>
          <input
            id="time"
            type="range"
            min="0"
            max={String(Math.max(0, times.length - 1))}
            value={String(Math.floor(times.length * 0.4))}
            step="1"
            data-times={times.map((t) => formatNumber(t)).join(" ")}
          />
        </label>
        <div class="schedules">
          {report.schedules.map((facts, index) => (
            <ScheduleCard
              facts={facts}
              index={index}
              strip={stripUrl(facts.name)}
              tile={digit.width}
            />
          ))}
        </div>
      </section>
    </Page>
  );
}

function ScheduleCard(props: {
  facts: ScheduleFacts;
  index: number;
  strip: string;
  tile: number;
}) {
  const { facts, strip } = props;
  const { verse } = facts;
  const { nearlyClean, informative, nearlyNoise } = facts.shares;
  const percent = (share: number) => `${formatNumber(100 * share, 2)} %`;
  return (
    <article class="schedule">
      <h3 class={`series-${props.index}`}>{facts.name}</h3>
      <p class="quiet">{facts.description}</p>
      <div class="moment" hidden>
        <canvas
          width={String(props.tile)}
          height={String(props.tile)}
          role="img"
          aria-label={`The digit under the ${facts.name} schedule at the chosen time`}
          data-strip={strip}
        >
        </canvas>
        <dl class="numbers">
          {(["alpha", "sigma", "snr", "gamma"] as const).map((name) => (
            <div>
              <dt>{{ alpha: "signal α", sigma: "noise σ", snr: "SNR", gamma: "γ" }[name]}</dt>
              <dd data-values={valuesOf(facts, name)}></dd>
            </div>
          ))}
        </dl>
      </div>
      <img
        class="strip"
        src={strip}
        alt={`The digit from t = 0 to t = 1 under the ${facts.name} schedule`}
      />
      <Verse facts={facts} />
      <p
        class={`callout ${{ good: "good", caution: "caution", bad: "bad" }[facts.terminal.level]}`}
      >
        {facts.terminal.text}
      </p>
      <p class="quiet">
        Training times on pixels: {percent(nearlyClean)} nearly clean, {percent(informative)}{" "}
        informative, {percent(nearlyNoise)}{" "}
        nearly pure noise; half of the information is gone at t ={" "}
        {formatNumber(facts.halfInformation.t)}. On characters: {percent(verse.shares.nearlyClean)},
        {" "}
        {percent(verse.shares.informative)} and {percent(verse.shares.nearlyNoise)}; half at t =
        {" "}
        {formatNumber(verse.halfInformation.t)}, and {formatNumber(verse.priorNats)}{" "}
        nats of each left at t = 1.
      </p>
    </article>
  );
}

/** The line at every time; a client script shows one of them. */
function Verse({ facts }: { facts: ScheduleFacts }) {
  return (
    <div class="lines">
      {facts.forward.map(({ point, verse }) => (
        <div class="frame">
          <span class="quiet">{formatNumber(point.t)}</span>
          <pre class="verse">
            {stretchesOf(verse).map(({ text, tenth }) => <span class={`sure-${tenth}`}>{text}</span>)}
          </pre>
        </div>
      ))}
    </div>
  );
}

function valuesOf(facts: ScheduleFacts, name: Exclude<keyof SchedulePoint, "t">): string {
  return facts.forward.map((moment) => formatNumber(moment.point[name])).join(" ");
}
