/** Jobs that sample or evaluate, and the evaluations that they lead to. */
import { duration } from "../engine/host/mod.ts";
import {
  byPresentation,
  type Evaluation,
  hasEnded,
  type Job,
  type Lab,
  remainingOf,
  type Run,
} from "../experiments/mod.ts";
import { Ask, runUrl, Status, Time } from "./layout.tsx";
import { type ModalityView, tableView } from "./modality_view.tsx";
import { pictureView } from "./picture_view.tsx";
import { textView } from "./text_view.tsx";

/** Queued jobs, and jobs that have ended, that are shown at most. */
const MOST_WAITING = 5;
const MOST_ENDED = 5;

/** The jobs to show, in the order of their work. */
export interface JobsView {
  readonly jobs: readonly Job[];
  /** Number of queued jobs that are not shown. */
  readonly moreWaiting: number;
}

/** Returns the jobs of a run, or of all runs: those at work, the next ones, and the last ones. */
export function jobsView(lab: Pick<Lab, "jobs">, runId?: string): JobsView {
  const { jobs: running } = lab.jobs({ runId, status: "running" });
  const { jobs: queued } = lab.jobs({ runId, status: "queued", limit: 1000 });
  const { jobs: newest } = lab.jobs({ runId });
  const waiting = queued.toReversed().slice(0, MOST_WAITING);
  const ended = newest.filter(hasEnded).slice(0, MOST_ENDED);
  return {
    jobs: [...running, ...waiting, ...ended],
    moreWaiting: queued.length - waiting.length,
  };
}

/** Whether something of it is still to come. */
export function isActive({ jobs }: JobsView): boolean {
  return jobs.some((job) => !hasEnded(job));
}

/** @param props.named Whether each job names its run. */
export function Jobs({ view, named }: { view: JobsView; named: boolean }) {
  if (view.jobs.length === 0) return null;
  return (
    <>
      <h2>Requested samples and evaluations</h2>
      <ul class="jobs">
        {view.jobs.map((job) => <JobLine job={job} named={named} />)}
      </ul>
      {view.moreWaiting > 0 && <p class="quiet">{view.moreWaiting} more are queued</p>}
    </>
  );
}

const KINDS = { sample: "Sample", evaluate: "Evaluation" } as const;

function JobLine({ job, named }: { job: Job; named: boolean }) {
  return (
    <li id={job.id}>
      <span>
        <b>{KINDS[job.kind]}</b>
        {named && (
          <>
            {" of "}
            <a href={runUrl(job.runId)}>{job.runId}</a>
          </>
        )}
      </span>
      <Status status={job.status} stopRequested={job.stopRequested} />
      {job.status === "running" && <JobProgress job={job} />}
      {job.resultId !== null && (
        <a href={`${runUrl(job.runId)}#${job.kind === "sample" ? job.resultId : "evaluations"}`}>
          {job.resultId}
        </a>
      )}
      {job.error !== null && <span class="reason">{job.error.message}</span>}
      <span class="quiet">
        {job.id} · <Time at={job.endedAt ?? job.startedAt ?? job.createdAt} />
      </span>
    </li>
  );
}

function JobProgress({ job }: { job: Job }) {
  const { share, seconds } = remainingOf(job);
  return (
    <span class="progress">
      <progress value={share} max={1} aria-label={`Progress of ${job.id}`}></progress>
      <span class="progress-text">
        {job.progress?.message ?? "starting"} · {Math.floor(100 * share)} %
        {seconds !== null && ` · about ${duration(seconds)} left`}
      </span>
    </span>
  );
}

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
