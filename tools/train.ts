import type { CallToolResult } from "@modelcontextprotocol/server";
import type { z } from "zod";
import {
  counted,
  duration,
  listed,
  RefusedValue,
  UserError,
  withoutUndefined,
} from "../engine/host/mod.ts";
import {
  type ConfigEstimate,
  differingFields,
  hasEnded,
  hasLearntNothing,
  type Lab,
  metricOf,
  requests,
  type Run,
  type RunConfig,
  type TrainAnswer,
} from "../experiments/mod.ts";
import { call, compareCalls, type Links, resumeCalls, sampleCall, waitCalls } from "./links.ts";
import { OVERRIDES_HELP, waitSeconds } from "./fields.ts";
import { ADDING, type Call, defineTool } from "./define.ts";
import { askBeforeTraining } from "./questions.ts";
import { MAX_ROWS, rounded, runTable, table } from "./rows.ts";
import { answer } from "./answer.ts";

export const TrainInput = requests.train.extend({
  overrides: requests.train.shape.overrides.describe(OVERRIDES_HELP),
  wait_seconds: waitSeconds(),
});

export const trainTool = defineTool({
  name: "train",
  title: "Train a diffusion model, or a sweep",
  description:
    "Trains a diffusion model of images or text: one run, a sweep over a grid of values and seeds, or a " +
    "resumed run. First write the hypothesis down (write-journal), and give two seeds or more: a single " +
    "seed cannot show whether a difference is noise. Answers with run ids and a link for the person. " +
    "Training continues in the background, also when this client closes; inspect-run shows its progress.",
  input: TrainInput,
  annotations: ADDING,
  async run({ wait_seconds, resume, dry_run, ...request }, context) {
    const { lab, progress } = context;
    progress.report({ done: 0, total: 1, message: resume ? `resuming ${resume}` : "queueing" });
    const question = resume === undefined
      ? askBeforeTraining(request, context, dry_run)
      : undefined;
    if (question) return question;
    if (dry_run) return estimateAnswer(lab, { resume, ...request }, context.links);
    const { runs, sweepId } = await startedRuns(lab, { resume, ...request });
    const ids = runs.map((run) => run.id);
    context.started(ids);
    if (wait_seconds > 0 && context.tasks.declaredBy(context.request)) {
      const { content } = trainAnswer(context, runs, sweepId);
      return await context.tasks.create(context.request, { taskId: sweepId ?? ids[0]!, content });
    }
    const [first, last] = [ids[0], ids.at(-1)];
    const message = `queued ${ids.length === 1 ? first : `${first} to ${last}`}`;
    progress.report({ done: 0, total: 1, message });
    const watched = await watchRuns(ids, wait_seconds, context);
    return trainAnswer(context, watched, sweepId);
  },
});

type Request = Omit<z.output<typeof requests.train>, "dry_run">;

/** Queues new runs, or a run to go on with. @throws {RefusedValue} If the request asks for both. */
export async function startedRuns(lab: Lab, { resume, ...request }: Request): Promise<TrainAnswer> {
  if (resume === undefined) return await lab.train(request);
  requireResumable(request);
  const { overrides } = request;
  if (overrides !== undefined) {
    return { runs: [await lab.extend(resume, overrides)], sweepId: null };
  }
  const named = lab.find([resume]);
  // A sweep's name stands for those of its runs that broke off.
  const going = named.length === 1 ? named : named.filter(isResumable);
  if (going.length === 0) throw new UserError(`No run of ${resume} has broken off`);
  const runs: Run[] = [];
  for (const { id } of going) runs.push(await lab.resume(id));
  return { runs, sweepId: runs.length > 1 ? runs[0]!.sweepId : null };
}

function requireResumable({ overrides: _, ...others }: Omit<Request, "resume">): void {
  const fields = Object.keys(withoutUndefined(others));
  if (fields.length === 0) return;
  throw new RefusedValue((name) =>
    `${name("resume")} goes on with a run as it was configured, so ` +
    `${fields.map((field) => name(field)).join(", ")} cannot be given beside it: ` +
    "leave out one or the other"
  );
}

const isResumable = ({ status }: Run) =>
  status === "stopped" || status === "interrupted" || status === "failed";

/** The estimated cost of a request; nothing is started. */
export function estimateText(
  lab: Lab,
  { resume, ...request }: Request,
): { readonly summary: string; readonly body: string[]; readonly isTimed: boolean } {
  if (resume !== undefined) requireResumable(request);
  const estimate = lab.estimate({ resume, ...request });
  const { runs, seconds, bytes, waiting, parts } = estimate;
  const time = seconds === null ? "an unknown time" : `about ${duration(seconds)}`;
  const disk = bytes === null ? "an unknown amount of disk" : `${megabytes(bytes)} of disk`;
  const behind = waiting.length === 0
    ? ""
    : `, after ${counted(waiting.length, "run")} that ${
      waiting.length === 1 ? "is" : "are"
    } queued or running`;
  return {
    summary: `Nothing was started: ${
      counted(runs, "run")
    } would take ${time} and ${disk}${behind}.`,
    body: [
      estimateTable(parts),
      parts.some((part) => part.seconds === null)
        ? "No run of a similar configuration was trained in this workspace: a run of 20 steps shows " +
          "how long a step takes."
        : "",
    ],
    isTimed: seconds !== null,
  };
}

function estimateAnswer(lab: Lab, request: Request, links: Links): CallToolResult {
  const { summary, body, isTimed } = estimateText(lab, request);
  const { resume, preset, overrides, grid, seeds, label } = request;
  return answer({
    summary,
    next: [
      `${call("train", { resume, preset, overrides, grid, seeds, label })} to start it`,
      ...(isTimed || resume !== undefined ? [] : [trialCall(request)]),
    ],
    viewerUrl: links.home(),
  }, body);
}

/** A call that trains the first configuration of a request for a few steps, by which it can be estimated. */
function trialCall({ preset, overrides, grid = {} }: Request): string {
  const first = Object.entries(grid).flatMap(([field, values]) =>
    values === undefined ? [] : [[field, values[0]]]
  );
  const trial = { ...overrides, ...Object.fromEntries(first), warmup_steps: undefined, steps: 20 };
  return `${
    call("train", { preset, overrides: withoutUndefined(trial) })
  } to see how long a step takes`;
}

function estimateTable(parts: readonly ConfigEstimate[]): string {
  const configs = parts.map(({ configs }) => configs[0]!);
  const value = (config: RunConfig, field: string) => String(Reflect.get(config, field) ?? "-");
  // The steps have a column of their own.
  const differing = differingFields(configs)
    .filter((field) => field !== "seed" && field !== "steps");
  const ids = (runs: readonly Run[]) =>
    runs.slice(0, MAX_NAMED).map(({ id, status }) => `${id} (${status})`).join(", ") +
    (runs.length > MAX_NAMED ? ", ..." : "");
  const rows = parts.slice(0, MAX_ROWS).map((part) => [
    ...differing.map((field) => value(part.configs[0]!, field)),
    part.configs.map(({ seed }) => seed).join(", "),
    part.configs[0]!.steps,
    part.seconds === null ? "-" : duration(part.seconds),
    part.by.slice(0, MAX_NAMED).join(", ") || "-",
    part.bytes === null ? "-" : megabytes(part.bytes),
    ids(part.repeated) || "-",
    ids(part.otherSeeds) || "-",
  ]);
  const columns = [
    ...differing,
    ...["seeds", "steps", "time of a run", "estimated from", "disk"],
    ...["already trained", "trained with other seeds"],
  ];
  const filled = columns.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== "-"));
  return table(filled.map((i) => columns[i]!), rows.map((row) => filled.map((i) => row[i]!)));
}

/** Runs that a cell of the table names. */
const MAX_NAMED = 4;

const megabytes = (bytes: number) => `${(bytes / 1e6).toPrecision(2)} MB`;

/** The runs as they stand after waiting, with progress on the way; a training itself goes on. */
export async function watchRuns(
  ids: readonly string[],
  seconds: number,
  { lab, progress, signal }: Call,
): Promise<Run[]> {
  if (seconds === 0 || ids.length === 0) return ids.map((id) => lab.run(id));
  return await lab.watch(ids, {
    timeoutSeconds: seconds,
    signal,
    onProgress: progress.report,
  });
}

/** The answer with the status of a run, or of the runs of a sweep, and the next calls. */
export function trainAnswer(
  { lab, links }: Pick<Call, "lab" | "links">,
  runs: readonly Run[],
  sweepId: string | null,
): CallToolResult {
  const [first] = runs;
  const what = sweepId === null
    ? `Run ${first?.id}`
    : `Sweep ${sweepId} of ${counted(runs.length, "run")}`;
  const summary = `${what}: ${statusCounts(runs)}${latestLoss(runs)}${remaining(runs)}.`;
  const shown = runs.slice(0, MAX_ROWS);
  const left = runs.length - shown.length;
  const more = left > 0
    ? `${left} more: inspect-run {"sweep": "${sweepId}", "offset": ${MAX_ROWS}}`
    : "";
  const viewerUrl = sweepId === null ? links.run(first?.id ?? "") : links.sweep(sweepId);
  return answer({ summary, next: nextSteps(lab, runs, sweepId), viewerUrl }, [
    runTable(shown),
    more,
    repetitionNote(lab, runs),
    nothingLearntNote(runs),
  ]);
}

/** Names runs that are yet to be trained although earlier ones have their configuration and seed; "" for none. */
function repetitionNote(lab: Call["lab"], runs: readonly Run[]): string {
  const pairs = runs.filter((run) => !hasEnded(run)).flatMap((run) => {
    const earlier = lab.runs({ groupHash: run.groupHash, limit: 100 }).runs.findLast((other) =>
      other.configHash === run.configHash && other.createdAt < run.createdAt &&
      other.status !== "failed"
    );
    return earlier === undefined ? [] : [`${run.id} repeats ${earlier.id} (${earlier.status})`];
  });
  return pairs.length === 0
    ? ""
    : `${
      listed(pairs, MAX_NAMED)
    }: with the same configuration and seed the result is the same on ` +
      "one device, and counts once; stop-run ends it early.";
}

/** Names finished runs whose ranking metric is no better than that of a trivial model; "" for none. */
function nothingLearntNote(runs: readonly Run[]): string {
  const bad = runs.filter((run) => run.status === "finished" && hasLearntNothing(run));
  const [first] = bad;
  if (first === undefined) return "";
  const { title, baseline } = metricOf(first);
  return `Warning: the ${title} of ${
    listed(bad.map(({ id }) => id), MAX_NAMED)
  } is no better than ` +
    `${baseline} (${first.baseline!.toPrecision(3)}): nothing was learnt.`;
}

function nextSteps(lab: Lab, runs: readonly Run[], sweepId: string | null): string[] {
  const which: Record<string, string> = sweepId === null
    ? { run: runs[0]!.id }
    : { sweep: sweepId };
  const waiting = runs.find((run) => !hasEnded(run));
  if (waiting) {
    return [
      ...waitCalls(runs, which),
      `${call("stop-run", { run: waiting.id })} to end ${runs.length > 1 ? "one" : "it"} early`,
      ...resumeCalls(runs),
    ];
  }
  const finished = runs.find((run) => run.status === "finished" && !hasLearntNothing(run)) ??
    runs.find((run) => run.status === "finished");
  if (!finished) return [`${call("inspect-run", which)} for what went wrong`, ...resumeCalls(runs)];
  return [
    hasLearntNothing(finished)
      ? `${call("inspect-run", { run: finished.id })} for what keeps it from learning`
      : sampleCall(finished),
    ...compareCalls(lab, finished),
    ...resumeCalls(runs),
  ];
}

/** "2 finished, 1 running, 1 queued". */
export function statusCounts(runs: readonly Run[]): string {
  return [...Map.groupBy(runs, (run) => run.status)]
    .map(([status, group]) => runs.length === 1 ? status : `${group.length} ${status}`).join(", ");
}

function latestLoss(runs: readonly Run[]): string {
  const run = runs.find((r) => r.status === "running") ?? runs.findLast((r) => r.latest.loss);
  const loss = rounded(run?.latest.loss);
  return run === undefined || loss === null
    ? ""
    : `, step ${run.step}/${run.steps}${
      runs.length > 1 ? ` of ${run.id}` : ""
    }, latest loss ${loss}`;
}

function remaining(runs: readonly Run[]): string {
  const running = runs.find((run) => run.status === "running");
  return running?.etaSeconds == null
    ? ""
    : `, about ${duration(running.etaSeconds)} to go${runs.length > 1 ? ` for ${running.id}` : ""}`;
}
