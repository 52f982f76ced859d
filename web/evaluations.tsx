/** Evaluations of runs of any modality, with the values of real data. */
import { byPresentation, type Evaluation, type Run } from "../experiments/mod.ts";
import { Ask } from "./layout.tsx";
import { type ModalityView, tableView } from "./modality_view.tsx";
import { pictureView } from "./picture_view.tsx";
import { textView } from "./text_view.tsx";

/** Returns the view for the runs, samples and evaluations of a modality. */
export const viewOf = byPresentation<ModalityView>({
  pictures: pictureView,
  texts: textView,
  tables: tableView,
});

/** The evaluations of a run, newest first. */
export function Evaluations(
  { run, evaluations }: { run: Run; evaluations: readonly Evaluation[] },
) {
  if (run.checkpointStep === null && evaluations.length === 0) return null;
  const { evaluating } = viewOf(run.config.modality);
  return (
    <>
      <h2>Evaluations</h2>
      {evaluations.length === 0
        ? (
          <div class="empty">
            <p>{evaluating.missing} Say to your assistant:</p>
            <Ask say={evaluating.ask(run)} tool="evaluate" arguments={{ run: run.id }} />
          </div>
        )
        : <EvaluationTables evaluations={evaluations.toReversed()} named={false} />}
    </>
  );
}

/** The newest evaluation of each compared run. */
export function ComparedEvaluations({ evaluations }: { evaluations: readonly Evaluation[] }) {
  if (evaluations.length === 0) return null;
  return (
    <>
      <h2>Evaluations</h2>
      <EvaluationTables evaluations={evaluations} named />
    </>
  );
}

/** @param props.named Whether the rows show their run. */
function EvaluationTables(props: { evaluations: readonly Evaluation[]; named: boolean }) {
  const { evaluations, named } = props;
  return (
    <>
      {[...Map.groupBy(evaluations, ({ modality }) => modality)].map(([name, alike]) =>
        viewOf(name).evaluations(alike, named)
      )}
    </>
  );
}
