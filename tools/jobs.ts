/**
 * The tools that request samples and evaluations. Both are jobs: they answer with the result, or with a
 * job's id where that takes longer than the caller waits.
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { duration } from "../engine/host/mod.ts";
import {
  hasEnded,
  type Job,
  type JobKind,
  jobTitle,
  type Lab,
  remainingOf,
  requests,
} from "../experiments/mod.ts";
import { ADDING, type Call, defineTool } from "./define.ts";
import { call as callOf, compareCalls, runUri, sampleCall } from "./links.ts";
import { damageNote, MAX_ROWS, moreRows, shortenedError, table, timeOf } from "./rows.ts";
import { viewOf } from "./run_report.ts";
import { type Detail, detail, rareFieldsHelp, waitSeconds, withRareFields } from "./fields.ts";
import { askBeforeEvaluation } from "./questions.ts";
import { answer } from "./answer.ts";

/** Whether a reference is the id of a job, where runs may be named as well. */
export function isJobId(reference: string): boolean {
  return /^job-\d+$/.test(reference);
}

/** Requests a sample or an evaluation, and answers as {@link jobAnswer} does or, where the client takes
 * one, with a task. */
async function requestedJob(
  kind: JobKind,
  request: Parameters<Lab["startJob"]>[1],
  seconds: number,
  call: Call,
  detail?: Detail,
): Promise<CallToolResult> {
  const job = call.lab.startJob(kind, request);
  if (seconds > 0 && call.tasks.declaredBy(call.request)) {
    const { content } = pendingAnswer(job, call);
    return await call.tasks.create(call.request, { taskId: job.id, content });
  }
  return await jobAnswer(job.id, seconds, call, detail);
}

/**
 * Waits for a job: the answer with what it made, or how far it is and how to look again.
 *
 * @throws What ended the job, if it made nothing.
 */
export async function jobAnswer(
  id: string,
  seconds: number,
  call: Call,
  detail?: Detail,
): Promise<CallToolResult> {
  const job = await watchJob(id, seconds, call);
  return hasEnded(job) ? await resultAnswer(job, call, detail) : pendingAnswer(job, call);
}

/** The job as it stands after waiting, with progress on the way. */
export async function watchJob(
  id: string,
  seconds: number,
  { lab, progress, signal }: Call,
): Promise<Job> {
  return await lab.watchJob(id, {
    timeoutSeconds: seconds,
    signal,
    onProgress: progress.report,
  });
}

/** Returns the answer with a job's result. @throws The error that ended the job. */
export async function resultAnswer(
  job: Job,
  where: Pick<Call, "lab" | "links">,
  detail: Detail = "small",
): Promise<CallToolResult> {
  const made = where.lab.jobResult(job);
  return job.kind === "sample"
    ? await viewOf(where.lab.run(job.runId).config.modality).sampled(made, where, detail)
    : evaluationAnswer(made, where);
}

function pendingAnswer(job: Job, { links }: Pick<Call, "links">): CallToolResult {
  return answer({
    summary: `${jobTitle(job)} is ${stateOf(job)}. It continues in the background, even after ` +
      "this client has closed.",
    next: [
      `${callOf("inspect-run", { run: job.id, wait_seconds: 45 })} to wait for its result`,
      `${callOf("stop-run", { run: job.id })} to end it early`,
    ],
    viewerUrl: links.run(job.runId),
  });
}

/** "running: Step 3 of 10, 30 % done, about 20 s left". */
function stateOf(job: Job): string {
  const { status, progress, stopRequested } = job;
  if (stopRequested) return `${status} (stopping)`;
  if (status !== "running" || progress === null) return status;
  const { share, seconds } = remainingOf(job);
  return [
    `${status}: ${progress.message}`,
    ...(share > 0 ? [`${Math.floor(100 * share)} % done`] : []),
    ...(seconds === null ? [] : [`about ${duration(seconds)} left`]),
  ].join(", ");
}

function evaluationAnswer(id: string, { lab, links }: Pick<Call, "lab" | "links">): CallToolResult {
  const evaluation = lab.evaluationById(id);
  const { runId, step, modality } = evaluation;
  const run = lab.run(runId);
  const view = viewOf(modality);
  return answer(
    {
      summary: view.evaluationSummary(evaluation) + damageNote(lab, runId, step),
      next: [sampleCall(run), ...compareCalls(lab, run)],
      viewerUrl: links.run(runId),
    },
    [
      ...view.evaluationTables(evaluation),
      `Stored with the run as ${id}: ${runUri(runId)}. Compare it only with evaluations of the ` +
      "same count and seed.",
    ],
  );
}

/** A Markdown table of jobs. */
export function jobTable(jobs: readonly Job[]): string {
  return table(
    ["job", "kind", "run", "status", "result", "requested (UTC)"],
    jobs.map((job) => [
      job.id,
      job.kind,
      job.runId,
      job.error === null ? stateOf(job) : `failed: ${shortenedError(job.error.message)}`,
      job.resultId ?? "-",
      timeOf(job.createdAt),
    ]),
  );
}

/** The list of jobs, newest first. */
export function jobList(
  { lab, links }: Call,
  limit: number,
  offset: number,
): CallToolResult {
  const { jobs, total } = lab.jobs({ limit: Math.min(limit, MAX_ROWS), offset });
  const open = jobs.filter((job) => !hasEnded(job));
  const broken = jobs.filter(({ status }) => status === "interrupted" || status === "stopped");
  return answer({
    summary: total === 0
      ? "No sample or evaluation was requested yet."
      : `${total} ${total === 1 ? "job" : "jobs"} of sample and evaluate; of those shown, ${
        open.length === 0 ? "none is" : open.length === 1 ? "one is" : `${open.length} are`
      } queued or running.`,
    next: [
      ...open.slice(-1).map(({ id }) =>
        `${callOf("inspect-run", { run: id, wait_seconds: 45 })} to wait for its result`
      ),
      ...broken.slice(0, 1).map(({ id, kind, runId }) =>
        `${kind} with the arguments of ${id} (run ${runId}) to continue it`
      ),
    ],
    viewerUrl: links.home(),
  }, [total === 0 ? "" : jobTable(jobs), moreRows(jobs.length, offset, total)]);
}

const sampleInput = withRareFields(
  requests.sample.extend({ detail, wait_seconds: waitSeconds() }),
);

export const sampleTool = defineTool({
  name: "sample",
  title: "Draw pictures or write text with a trained model",
  description:
    "Draws pictures or generates text with the newest checkpoint of a run, also during training. " +
    "Look at samples before you judge a run. What takes longer than wait_seconds continues as a " +
    "job, whose id inspect-run takes. Pictures come as a contact sheet, or as a film strip of the " +
    "denoising; give the person the link: a terminal shows no pictures. The same seed gives every " +
    "run and sampler the same starting noise, so that pictures compare. Fields whose description " +
    "begins with Text are for runs on text. " +
    rareFieldsHelp(requests.sample),
  input: sampleInput,
  annotations: ADDING,
  needsWeights: true,
  async run({ detail, wait_seconds, ...request }, call) {
    return await requestedJob("sample", request, wait_seconds, call, detail);
  },
});

const evaluateInput = withRareFields(requests.evaluate.extend({ wait_seconds: waitSeconds() }));

export const evaluateTool = defineTool({
  name: "evaluate",
  title: "Measure a run's pictures, or its text",
  description:
    "Measures how good the pictures or the text of a run are, and stores the result with the run. " +
    "What takes longer than wait_seconds continues as a job, whose id inspect-run takes. Pictures: " +
    "Fréchet distance in the features of a classifier (trained first for new data, in minutes), " +
    "beside that of real pictures; accuracy of the requested classes, precision, recall, copies of " +
    "training images. Text: nats per character of held-out text by block size, beside 1- to 6-gram " +
    "models, and statistics beside real text. Only evaluations with the same count compare; a " +
    "difference within two standard deviations is noise. " +
    rareFieldsHelp(requests.evaluate),
  input: evaluateInput,
  annotations: ADDING,
  needsWeights: true,
  async run({ wait_seconds, ...request }, call) {
    const question = askBeforeEvaluation(request, call);
    if (question) return question;
    return await requestedJob("evaluate", request, wait_seconds, call);
  },
});
