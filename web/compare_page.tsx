import { raw } from "hono/html";
import {
  type Comparison,
  hasEnded,
  type LeaderboardRow,
  type Run,
  type Sample,
} from "../experiments/mod.ts";
import {
  alignedSeries,
  formatMeasured,
  formatNumber,
  lineChart,
  metricTitle,
  pageTheme,
  parameterText,
  runColors,
} from "../figures/mod.ts";
import { measuredOrDash, Page, runUrl, SampleFigure, settingText, Status } from "./layout.tsx";
import { ComparedEvaluations, viewOf } from "./jobs.tsx";
import { type RunRow, RunTable } from "./runs_page.tsx";
import { baselineText } from "./text_evaluations.tsx";

interface CompareView {
  readonly comparison: Comparison;
  readonly runs: readonly Run[];
  /** A sample of each run that has one, with the same settings if possible. */
  readonly samples: readonly Sample[];
}

/** The comparison of runs: differing parameters, aligned curves and samples. */
export function ComparePage({ comparison, runs, samples }: CompareView) {
  const colors = runColors(comparison);
  return (
    <Page
      title={`${runs.length} runs compared`}
      section="/compare"
      refreshSeconds={runs.every(hasEnded) ? 10 : 2}
    >
      <p class="trail">
        <a href="/">Runs</a> / <a href="/compare">Compare</a>
      </p>
      <h1>{runs.length} runs compared</h1>
      {runs[0]?.label && runs.every((run) => run.label === runs[0]?.label) && (
        <p class="lead">{runs[0].label}</p>
      )}
      <div id="verdict" data-live>
        <p class="callout info">{comparison.verdict}</p>
        {comparison.cautions.map((caution) => <p class="callout caution">{caution}</p>)}
        <Leaderboard comparison={comparison} colors={colors} />
        <Groups comparison={comparison} />
        {comparison.baselines && <p class="quiet">{baselineText(comparison.baselines)}</p>}
      </div>
      <section id="curves" data-live aria-labelledby="curves-title">
        <h2 id="curves-title">Curves</h2>
        <p class="quiet">
          {colors.size > comparison.groups.length
            ? "Runs that differ only in their seed share a colour."
            : "Colours as in the table."}
        </p>
        <div class="charts">
          {[
            ...runs.slice(0, 1).flatMap((run) =>
              viewOf(run.config.modality).comparisonCharts(runs, colors)
            ),
            ...comparisonCharts(comparison),
          ].map((svg) => <div class="panel">{raw(svg)}</div>)}
        </div>
      </section>
      <section id="evaluations" data-live aria-label="Evaluations">
        <ComparedEvaluations evaluations={comparison.evaluations} />
      </section>
      <section id="samples" data-live aria-labelledby="samples-title">
        <h2 id="samples-title">Samples</h2>
        <SideBySide rows={comparison.leaderboard} samples={samples} />
      </section>
    </Page>
  );
}

function Swatch({ color }: { color: number }) {
  return (
    <svg class="swatch" viewBox="0 0 16 4" width="16" height="4" aria-hidden="true">
      <rect width="16" height="4" rx="2" fill={`var(--series-${color % 8})`} />
    </svg>
  );
}

function Leaderboard(props: { comparison: Comparison; colors: ReadonlyMap<string, number> }) {
  const { leaderboard, differing, baseline } = props.comparison;
  const validated = leaderboard.some((row) => row.validationLoss !== null);
  const sameLabel = leaderboard.every((row) => row.label === leaderboard[0]?.label);
  return (
    <div class="wide" role="region" aria-label="Ranking" tabindex={0}>
      <table class="leaderboard">
        <thead>
          <tr>
            <th class="number">#</th>
            <th>Run</th>
            <th class="number">{metricTitle(props.comparison.metric.name)}</th>
            {baseline !== null && <th class="number">of baseline</th>}
            {validated && <th class="number">Validation loss</th>}
            {differing.map((name) => <th>{name.replaceAll("_", " ")}</th>)}
            <th>Status</th>
          </tr>
        </thead>
        <tbody>
          {leaderboard.map((row) => (
            <tr>
              <td class="number quiet">{row.rank}</td>
              <td class="name">
                <Swatch color={props.colors.get(row.runId) ?? 0} />
                <a href={runUrl(row.runId)}>{row.runId}</a>
                {!sameLabel && row.label && <span class="label">{row.label}</span>}
              </td>
              <td class="number">
                <b>{measuredOrDash(row.score)}</b>
              </td>
              {baseline !== null && (
                <td class="number quiet">
                  {row.score === null ? "–" : `${formatMeasured(100 * row.score / baseline)} %`}
                </td>
              )}
              {validated && <td class="number">{measuredOrDash(row.validationLoss)}</td>}
              {differing.map((name) => <td>{settingText(row.parameters[name] ?? "–")}</td>)}
              <td>
                <Status status={row.status} />
                {row.status !== "finished" && (
                  <span class="quiet">step {row.step.toLocaleString("en-US")}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Means over seeds, if a configuration has several. */
function Groups({ comparison }: { comparison: Comparison }) {
  if (comparison.groups.every((group) => group.runIds.length < 2)) return null;
  return (
    <>
      <h2>Over seeds</h2>
      <div class="wide" role="region" aria-label="Means over seeds" tabindex={0}>
        <table class="leaderboard">
          <thead>
            <tr>
              <th>Configuration</th>
              <th class="number">{metricTitle(comparison.metric.name)}, mean ± sd</th>
              <th class="number">n</th>
              <th>Seeds</th>
            </tr>
          </thead>
          <tbody>
            {comparison.groups.map((group, index) => (
              <tr>
                <td class="name">
                  <Swatch color={index} />
                  {parameterText(group.parameters) || "the same in all"}
                </td>
                <td class="number">
                  <b>{measuredOrDash(group.mean)}</b>
                  {group.sd !== null && ` ± ${formatNumber(group.sd, 2)}`}
                </td>
                <td class="number">{group.n}</td>
                <td>{group.seeds.toSorted((a, b) => a - b).join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Renders the aligned curves. */
export function comparisonCharts(
  comparison: Comparison,
  names: readonly string[] = [comparison.metric.name, "loss", "validation_loss"],
): string[] {
  const colors = runColors(comparison);
  const end = Math.max(1, ...comparison.curves.map((curve) => curve.steps.at(-1) ?? 0));
  return names.flatMap((name) => {
    const curve = comparison.curves.find((candidate) => candidate.name === name);
    if (curve === undefined || curve.steps.length === 0) return [];
    return lineChart({
      title: metricTitle(curve.name),
      subtitle: {
        [comparison.metric.name]: "held-out data, lower is better",
        loss: "smoothed; not comparable between targets",
        validation_loss: "own objective; not comparable between targets",
      }[curve.name as string] ?? "smoothed",
      xLabel: "training step",
      xRange: [0, end],
      yScale: "log",
      labels: false,
      theme: pageTheme,
      series: alignedSeries(curve, colors),
    });
  });
}

function SideBySide(props: { rows: readonly LeaderboardRow[]; samples: readonly Sample[] }) {
  if (props.samples.length === 0) {
    return <p class="empty">None of these runs has pictures yet.</p>;
  }
  const byRun = new Map(props.samples.map((sample) => [sample.runId, sample]));
  return (
    <div class="side">
      {props.rows.flatMap((row) => {
        const sample = byRun.get(row.runId);
        return sample === undefined ? [] : (
          <SampleFigure
            sample={sample}
            lazy
            caption={
              <>
                <a href={runUrl(row.runId)}>{row.runId}</a>{" "}
                <span class="quiet">{parameterText(row.parameters)}</span>
              </>
            }
          />
        );
      })}
    </div>
  );
}

/** The page for choosing runs to compare. */
export function ChooseRunsPage({ rows }: { rows: readonly RunRow[] }) {
  return (
    <Page title="Compare" section="/compare">
      <h1>Compare</h1>
      {rows.length < 2
        ? (
          <p class="empty">
            {rows.length === 0 ? "There are no runs yet" : "There is only one run"}: two are needed.
            A sweep gives several at once, for example “sweep the noise schedule over two seeds”.
          </p>
        )
        : (
          <>
            <p class="lead">Tick two or more runs.</p>
            <RunTable rows={rows} />
          </>
        )}
    </Page>
  );
}
