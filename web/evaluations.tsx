/** What a run was measured to be, each number beside what real pictures or real text reach. */
import type { Evaluation, ImageEvaluation, Run } from "../experiments/mod.ts";
import { formatNumber } from "../figures/mod.ts";
import { Ask, Time } from "./components.tsx";
import { TextEvaluationTable } from "./text_evaluations.tsx";

/** Newest first; nothing for runs that cannot be measured yet. */
export function Evaluations(
  { run, evaluations }: { run: Run; evaluations: readonly Evaluation[] },
) {
  if (run.checkpointStep === null && evaluations.length === 0) return null;
  const ofText = run.config.modality === "text";
  return (
    <>
      <h2>Evaluations</h2>
      {evaluations.length === 0
        ? (
          <div class="empty">
            <p>
              {ofText ? "It was" : "Its pictures were"} not measured yet. Say to your assistant:
            </p>
            <Ask
              say={ofText
                ? `How well does ${run.id} know English, and how does it write?`
                : `How good are the pictures of ${run.id}?`}
              tool="evaluate"
              arguments={{ run: run.id }}
            />
          </div>
        )
        : <EvaluationTables evaluations={evaluations.toReversed()} />}
    </>
  );
}

/** The newest of each compared run; nothing where none was measured. */
export function ComparedEvaluations({ evaluations }: { evaluations: readonly Evaluation[] }) {
  if (evaluations.length === 0) return null;
  return (
    <>
      <h2>Evaluations</h2>
      <EvaluationTables evaluations={evaluations} named />
    </>
  );
}

/** @param props.named Says which run each row is of. */
function EvaluationTables(props: { evaluations: readonly Evaluation[]; named?: boolean }) {
  const { evaluations, named = false } = props;
  const [ofPictures, ofTexts] = [
    evaluations.filter((evaluation) => evaluation.modality === "image"),
    evaluations.filter((evaluation) => evaluation.modality === "text"),
  ];
  return (
    <>
      {ofPictures.length > 0 && <EvaluationTable evaluations={ofPictures} named={named} />}
      {ofTexts.length > 0 && <TextEvaluationTable evaluations={ofTexts} named={named} />}
    </>
  );
}

const COLUMNS = [
  "drawn by",
  "pictures",
  "Fréchet distance",
  "real pictures reach",
  "classified as asked",
  "precision",
  "recall",
  "copies",
  "evaluations each",
  "seconds",
  "when",
];

function EvaluationTable(
  { evaluations, named }: { evaluations: readonly ImageEvaluation[]; named: boolean },
) {
  return (
    <div class="wide" tabindex={0} role="group" aria-label="Evaluations">
      <table>
        <thead>
          <tr>
            {[...(named ? ["run"] : []), ...COLUMNS].map((name) => <th scope="col">{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {evaluations.map((evaluation) => <Row evaluation={evaluation} named={named} />)}
        </tbody>
      </table>
      <p class="quiet">
        Distances are in the features of a classifier, lower is better; what real pictures reach is
        measured with as many held-out ones, ± the spread over draws. Precision and recall stand
        beside those of real pictures; copies are pictures nearer to a training image than one real
        picture in a hundred, so 1 % is expected.
      </p>
    </div>
  );
}

function Row({ evaluation, named }: { evaluation: ImageEvaluation; named: boolean }) {
  const { settings, results, networkEvaluations, samplingSeconds, createdAt, step } = evaluation;
  const { frechet, accuracy, precision, recall, real, nearestTraining } = results;
  return (
    <tr>
      {named && (
        <td>
          <a href={`/runs/${evaluation.runId}`}>{evaluation.runId}</a>
        </td>
      )}
      <th scope="row">
        {`${settings.sampler}, ${settings.steps} steps, guidance ${settings.guidance_scale}` +
          `${settings.eta > 0 ? `, eta ${settings.eta}` : ""}; training step ` +
          step.toLocaleString("en-US")}
      </th>
      <td>{settings.count.toLocaleString("en-US")}</td>
      <td>
        <b>{formatNumber(frechet.distance)}</b> ± {formatNumber(frechet.distanceSd)}
      </td>
      <td>{formatNumber(frechet.floor)} ± {formatNumber(frechet.floorSd)}</td>
      <td>{accuracy === null ? "–" : percent(accuracy)}</td>
      <td>{formatNumber(precision)} ({formatNumber(real.precision)})</td>
      <td>{formatNumber(recall)} ({formatNumber(real.recall)})</td>
      <td>{percent(nearestTraining.copies)}</td>
      <td>{networkEvaluations}</td>
      <td>{formatNumber(samplingSeconds)}</td>
      <td>
        <Time at={createdAt} />
      </td>
    </tr>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
