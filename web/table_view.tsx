/** How the pages show runs whose samples and evaluations are tables of their fields. */
import { type Evaluation, metricOf, type TextSample } from "../experiments/mod.ts";
import { formatMeasured } from "../figures/mod.ts";
import { runUrl } from "./markdown.ts";
import { type ModalityView, singleCharts } from "./modality_view.ts";

export const tableView: ModalityView = {
  script: "films.js",
  score({ run }) {
    const { name, title, baseline } = metricOf(run);
    const value = run.latest[name];
    return {
      name: title.charAt(0).toUpperCase() + title.slice(1),
      value: value === undefined ? "–" : formatMeasured(value),
      note: run.baseline === null
        ? "held-out data, lower is better"
        : `held-out data; ${baseline}: ${formatMeasured(run.baseline)}`,
    };
  },
  sampling: ({ id }) => ({ say: `Draw a sample from ${id}.`, arguments: { run: id } }),
  evaluating: {
    missing: "It was not measured yet.",
    ask: ({ id }) => `How good is ${id}?`,
  },
  charts(run, curves) {
    const single = singleCharts(run, curves);
    return {
      main: [
        single("loss", "smoothed, over the raw values", { color: 0, smoothed: true }),
        single(metricOf(run).name, "held-out data; lower is better", { color: 1 }),
      ],
      more: [
        single("gradient_norm", "before clipping", { color: 4, smoothed: true }),
        single("learning_rate", "AdamW", { color: 3 }),
      ],
    };
  },
  comparisonCharts: () => [],
  samples: (_, samples) => (
    <>
      {samples.toReversed().slice(0, 12).map((sample) => <SampleFields sample={sample} />)}
    </>
  ),
  evaluations: (evaluations, named) => <Numbers evaluations={evaluations} named={named} />,
};

function SampleFields({ sample }: { sample: TextSample }) {
  return (
    <figure class="written" id={sample.id}>
      <figcaption>
        <b>{sample.id}</b> training step {sample.step.toLocaleString("en-US")}
      </figcaption>
      <pre tabindex={0}>{JSON.stringify(sample, null, 2)}</pre>
    </figure>
  );
}

/** One row for each evaluation, and a column for each result that is a number. */
function Numbers({ evaluations, named }: { evaluations: readonly Evaluation[]; named: boolean }) {
  const rows = evaluations.map((evaluation) => ({
    ...evaluation,
    numbers: new Map(
      Object.entries(evaluation.results).filter((field) => typeof field[1] === "number"),
    ),
  }));
  const names = [...new Set(rows.flatMap(({ numbers }) => [...numbers.keys()]))];
  return (
    <div class="wide" tabindex={0} role="group" aria-label="Evaluations">
      <table>
        <thead>
          <tr>
            {[named ? "run" : "training step", ...names].map((name) => <th scope="col">{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ runId, step, numbers }) => (
            <tr>
              <th scope="row">
                {named ? <a href={runUrl(runId)}>{runId}</a> : step.toLocaleString("en-US")}
              </th>
              {names.map((name) => (
                <td>{numbers.has(name) ? formatMeasured(numbers.get(name)!) : "–"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
