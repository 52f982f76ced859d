/** What the client is asked before a training starts: leave to read a file, and to take over an hour. */
import { realpathSync } from "node:fs";
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
import { isPath } from "../data/mod.ts";
import { duration, UserError } from "../engine/host/mod.ts";
import {
  DEFAULT_PRESET,
  expandGrid,
  type Lab,
  type RunConfig,
  type TrainRequest,
} from "../experiments/mod.ts";
import type { Call } from "./define.ts";

/** Longer trainings are confirmed by the person, where the client can ask. */
const CONFIRM_SECONDS = 3600;
/** Examples per second of `mnist-small` on two cores, for a workspace in which nothing was trained. */
const REFERENCE_SPEED = 130;
/** Runs that are looked through for one that was as fast as the new ones will be. */
const SEARCHED_RUNS = 50;
/** Fields on which the time of a training step depends. */
const SPEED_FIELDS = ["modality", "network", "size", "image_size", "colour", "context", "method"];

const Confirmation = z.object({
  start: z.boolean().meta({ title: "Start the training", default: true }),
});

/** Long trainings whose question was dismissed: asking for one again is an answer, too. */
const dismissed = new WeakMap<Lab, Set<string>>();

/**
 * A question for the client, or the answer to a training that may not start; undefined for one that
 * may.
 *
 * @throws {UserError} If it would read data from where nobody allowed it.
 */
export function askBeforeTraining(
  request: TrainRequest,
  call: Call,
): CallToolResult | InputRequiredResult | undefined {
  const { preset = DEFAULT_PRESET, overrides, grid, seeds } = request;
  const configs = expandGrid(preset, overrides, grid, seeds);
  return askForData(configs, call) ?? askForTime(request, configs, call);
}

function askForData(configs: readonly RunConfig[], call: Call): InputRequiredResult | undefined {
  const paths = configs.filter(({ dataset, modality }) => isPath(dataset, modality))
    .map(({ dataset }) => resolve(dataset));
  const allowed = [call.lab.workspace, ...call.dataRoots];
  const outside = () => paths.find((path) => !allowed.some((root) => isWithin(path, root)));
  if (outside() !== undefined && call.client.roots !== undefined) {
    const given = inputResponse(call.request.mcpReq.inputResponses, "roots");
    if (given.kind !== "roots") {
      return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
    }
    allowed.push(...given.roots.flatMap(({ uri }) => folderOf(uri)));
  }
  const refused = outside();
  if (refused === undefined) return undefined;
  throw new UserError(
    `dataset is ${refused}, but data is read only from ${
      allowed.join(", ")
    }: start the server with ` +
      `--data-root ${dirname(refused)} to allow this folder, or move the data`,
  );
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
  configs: readonly RunConfig[],
  { lab, client, request: { mcpReq } }: Call,
): CallToolResult | InputRequiredResult | undefined {
  const { seconds, by } = estimated(lab, configs);
  if (seconds <= CONFIRM_SECONDS || client.elicitation === undefined) return undefined;
  const key = JSON.stringify(request);
  const before = dismissed.get(lab) ?? new Set();
  if (before.has(key)) return undefined;
  const what = configs.length === 1 ? "This run" : `These ${configs.length} runs`;
  const time = `${what} would take about ${duration(seconds)} of training (by the speed of ${by})`;
  const answer = inputResponse(mcpReq.inputResponses, "start");
  if (answer.kind !== "elicit") {
    return inputRequired({
      inputRequests: {
        start: inputRequired.elicit({
          message: `${time}. Start ${configs.length === 1 ? "it" : "them"}?`,
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
    : "the person does not want it";
  return { content: [{ type: "text", text: `Not started: ${reason}. ${time}.` }] };
}

/** How long a training takes, and by which run's speed that was reckoned. */
function estimated(lab: Lab, configs: readonly RunConfig[]): { seconds: number; by: string } {
  const { runs } = lab.runs({ limit: SEARCHED_RUNS });
  const key = (config: RunConfig) =>
    JSON.stringify(SPEED_FIELDS.map((field) => Reflect.get(config, field)));
  const alike = (config: RunConfig) =>
    runs.find((run) =>
      run.latest.examples_per_second !== undefined && key(run.config) === key(config)
    );
  const seconds = configs.map((config) => {
    const speed = alike(config)?.latest.examples_per_second ?? REFERENCE_SPEED;
    return config.steps * config.batch_size / speed;
  });
  return {
    seconds: seconds.reduce((sum, one) => sum + one, 0),
    by: alike(configs[0]!)?.id ?? "mnist-small on two cores",
  };
}
