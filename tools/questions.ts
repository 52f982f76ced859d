/** Questions to the person before a run starts: permission to read a file, and to take more than an hour. */
import { realpathSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  acceptedContent,
  type CallToolResult,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { duration, UserError } from "../engine/host/mod.ts";
import {
  DEFAULT_PRESET,
  expandGrid,
  expectedTime,
  type JobRequest,
  type Lab,
  modalityOf,
  type RunConfig,
  type TrainRequest,
} from "../experiments/mod.ts";
import type { Call } from "./define.ts";

/** Work that takes longer is confirmed by the person, if the client can ask. */
const CONFIRM_SECONDS = 3600;

const Confirmation = z.object({
  start: z.boolean().meta({ title: "Start", default: true }),
});

/** Long requests whose question was dismissed: to repeat one is an answer, too. */
const dismissed = new WeakMap<Lab, Set<string>>();

/**
 * A question for the client, or the answer to a training that may not start; undefined for one that
 * may.
 *
 * @param isDry Whether nothing is to be started, which takes no time.
 * @throws {UserError} If it would read data from where nobody allowed it.
 */
export function askBeforeTraining(
  request: TrainRequest,
  call: Call,
  isDry: boolean,
): CallToolResult | InputRequiredResult | undefined {
  const { preset = DEFAULT_PRESET, overrides, grid, seeds } = request;
  const configs = expandGrid(preset, overrides, grid, seeds);
  return askForData(configs, call) ?? (isDry ? undefined : askForTime(request, call));
}

function askForData(configs: readonly RunConfig[], call: Call): InputRequiredResult | undefined {
  const paths = configs.filter((config) => modalityOf({ config }).isPath(config.dataset))
    .map(({ dataset }) => resolve(dataset));
  const allowed = [call.lab.workspace, ...call.dataRoots];
  const outside = () => paths.find((path) => !allowed.some((root) => isWithin(path, root)));
  if (outside() !== undefined && call.client.roots !== undefined) {
    const answer = inputResponse(call.request.mcpReq.inputResponses, "roots");
    if (answer.kind !== "roots") {
      return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
    }
    allowed.push(...answer.roots.flatMap(({ uri }) => folderOf(uri)));
  }
  const refused = outside();
  if (refused === undefined) return undefined;
  throw new UserError(
    `dataset is ${refused}, but data is read only from ${
      allowed.join(", ")
    }: start the server with ` +
      `--data-root ${
        isFolder(refused) ? refused : dirname(refused)
      } to allow this folder, or move ` +
      "the data",
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Whether a path, its links followed, is a folder or in it. */
function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [real(path), real(folder)];
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // What is not there is refused later, by the name that was given.
    return path;
  }
}

function folderOf(uri: string): string[] {
  try {
    return [fileURLToPath(uri)];
  } catch {
    return [];
  }
}

function askForTime(
  request: TrainRequest,
  call: Call,
): CallToolResult | InputRequiredResult | undefined {
  if (call.client.elicitation === undefined) return undefined;
  const estimate = call.lab.estimate(request);
  const { runs } = estimate;
  const { seconds, by } = expectedTime(estimate);
  const what = runs === 1 ? "This run" : `These ${runs} runs`;
  return askForHours(call, {
    key: JSON.stringify(request),
    seconds,
    time: `${what} would take about ${duration(seconds)} of training (by the speed of ${by})`,
    question: `Start ${runs === 1 ? "it" : "them"}?`,
    command: "train",
  });
}

/**
 * A question for the client, or the answer to an evaluation that may not start; undefined for one that may.
 *
 * @throws {UserError} If the request is not valid for the run.
 */
export function askBeforeEvaluation(
  request: JobRequest,
  call: Call,
): CallToolResult | InputRequiredResult | undefined {
  if (call.client.elicitation === undefined) return undefined;
  const estimate = call.lab.estimateEvaluation(request);
  if (estimate === null) return undefined;
  const { seconds, by } = estimate;
  return askForHours(call, {
    key: JSON.stringify(["evaluate", request]),
    seconds,
    time: `This evaluation would take about ${duration(seconds)} (by the speed of ${by})`,
    question: "Start it?",
    command: "evaluate",
  });
}

/** The question about work that takes long. */
interface LongWork {
  /** The same for each repetition of the request. */
  readonly key: string;
  readonly seconds: number;
  /** A sentence without its full stop. */
  readonly time: string;
  readonly question: string;
  /** The task of the command line that starts it without a question. */
  readonly command: string;
}

function askForHours(
  { lab, request: { mcpReq } }: Call,
  { key, seconds, time, question, command }: LongWork,
): CallToolResult | InputRequiredResult | undefined {
  if (seconds <= CONFIRM_SECONDS) return undefined;
  const before = dismissed.get(lab) ?? new Set();
  if (before.has(key)) return undefined;
  const answer = inputResponse(mcpReq.inputResponses, "start");
  if (answer.kind !== "elicit") {
    return inputRequired({
      inputRequests: {
        start: inputRequired.elicit({
          message: `${time}. ${question}`,
          requestedSchema: Confirmation,
        }),
      },
    });
  }
  if (acceptedContent(mcpReq.inputResponses, "start", Confirmation)?.start === true) {
    return undefined;
  }
  if (answer.action === "cancel") dismissed.set(lab, before.add(key));
  const reason = answer.action === "cancel"
    ? "the question whether to start was dismissed; the same call again starts it without asking"
    : "the person does not want it (a client without a person may say so by itself: then the person " +
      `can start it with \`deno task ${command}\`)`;
  return { content: [{ type: "text", text: `Not started: ${reason}. ${time}.` }] };
}
