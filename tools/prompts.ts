/** Ways of working that a person can call up by name. */
import { completable, type McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { ToolContext } from "./define.ts";
import { fieldNames, fieldValues } from "./fields.ts";
import { runIds } from "./resources.ts";
import { orUndefined, parseWith, shortened, UserError } from "../engine/host/mod.ts";
import { type Lab, metricOf } from "../experiments/mod.ts";

/** Returns a function that registers the prompts on a server; what each server needs anew is little. */
export function promptsOf({ lab }: Pick<ToolContext, "lab">): (server: McpServer) => void {
  const schemas = schemasOf(lab);
  return (server) => registerPrompts(server, lab, schemas);
}

/** Arguments of the prompts. To make a schema takes longer than most requests, so it is not done for each of them. */
function schemasOf(lab: Lab) {
  return {
    plan: explaining(z.object({
      question: z.string().describe("The question to be answered"),
      minutes: z.string().optional().describe(
        "Training time of all runs together, in minutes (default 15)",
      ),
      parameter: completable(
        z.string(),
        (value) => fieldNames().filter((name) => name.startsWith(value)),
      ).optional().describe("The configuration field to vary (default: choose one)"),
      values: completable(
        z.string(),
        (value, context) => {
          const known = fieldValues(context?.arguments?.parameter ?? "");
          return completeLast(value, (typed) => known.filter((one) => one.startsWith(typed)));
        },
      ).optional().describe("Its values, separated by commas (default: choose them)"),
    })),
    review: explaining(z.object({
      runs: completable(
        z.string(),
        (value) => completeLast(value, (typed) => runIds(lab, typed)),
      ).optional().describe("Run ids, separated by commas (default: the newest runs)"),
    })),
    write: explaining(z.object({
      runs: completable(
        z.string().describe("Run ids or a sweep id, separated by commas"),
        (value) => completeLast(value, (typed) => runIds(lab, typed)),
      ),
      claim: z.string().optional().describe("The finding (default: to be found in the runs)"),
    })),
  };
}

function registerPrompts(
  server: McpServer,
  lab: Lab,
  schemas: ReturnType<typeof schemasOf>,
): void {
  server.registerPrompt(
    "plan-a-sweep",
    {
      title: "Plan a sweep",
      description: "Turns a question into a pre-registered sweep that can answer it",
      argsSchema: schemas.plan,
    },
    ({ question, minutes, parameter, values }) =>
      asked(
        `Plan a sweep that answers this question: ${quoted(question)}${
          parameter
            ? `\n\nThe parameter to vary: ${quoted(parameter)}${
              values ? `, its values: ${quoted(values)}` : ""
            }`
            : ""
        }

It may take about ${minutesOf(minutes)} minutes of training in all. ${CUT_OFF}

1. See what is known: read-journal {}, inspect-run {} and, for questions about noise, inspect-noise-schedule.
2. Choose one parameter to vary, its values, and at least two seeds (three if time allows); keep everything else fixed. Estimate the time with train and "dry_run": true; where it is unknown, first train 20 steps of the same configuration. Reduce the steps until it fits.
3. Before anything is trained, write down what is expected with write-journal: a hypothesis and a criterion that the program can decide.
4. Start it with one call of train (grid and seeds), tell the person the viewer's link, and wait with inspect-run until all runs have ended.
5. compare-runs on the sweep, sample the best and the worst with the same seed, look at the pictures, and add runs and observations to the entry. Report the verdict as it was computed, also when it is inconclusive.`,
      ),
  );

  server.registerPrompt(
    "review-runs",
    {
      title: "Review runs",
      description: "Says what runs show so far, and what to do next",
      argsSchema: schemas.review,
    },
    ({ runs }) =>
      asked(`Review ${runs ? `these runs: ${quoted(runs)}` : "the newest runs (inspect-run {})"}.

For each: did it learn (is its error well below that of the trivial model), is the error still falling, does inspect-run warn of anything? Then compare-runs over those that are comparable, and sample the best with a fixed seed and look at the picture. Say what is known and which differences are within the noise between seeds, and name the one next run that would tell the most.`),
  );

  server.registerPrompt(
    "write-up-a-finding",
    {
      title: "Write up a finding",
      description: "Writes a journal entry with the evidence for a finding",
      argsSchema: schemas.write,
    },
    ({ runs, claim }) =>
      asked(
        `Write up what these runs show: ${quoted(runs)}${
          claim ? `\n\nThe claim: ${quoted(claim)}` : ""
        }

${CUT_OFF} Use compare-runs for the numbers and sample for pictures with one fixed seed. If read-journal {} has an entry that predicted this, add the runs and what you saw to it: write-journal with its id. Otherwise write-journal: a title that states the finding, the hypothesis, a criterion on ${
          metricsOf(lab, runs)
        } that could also have refuted it, the runs, and in the observations only what you saw in pictures and curves (the program fills in the numbers, and says that it was no prediction). If the computed verdict disagrees with the claim, say so plainly. Give the person the entry's link.`,
      ),
  );
}

/** Some clients pass on one word for each argument, and what the person typed beside it. */
const CUT_OFF = "Where the person's own words beside this say more, follow them.";

/** A schema of a prompt's arguments that refuses in our words. */
function explaining<Schema extends z.ZodObject>(schema: Schema): Schema {
  const validate = (value: unknown) => {
    try {
      return { value: parseWith(schema, value) };
    } catch (error) {
      if (error instanceof UserError) return { issues: [{ message: error.message }] };
      throw error;
    }
  };
  const standard = { ...schema["~standard"], validate };
  return Object.create(schema, { "~standard": { value: standard } }) as Schema;
}

/** The ranking metric of the named runs; if the names match no run, those of all modalities. */
function metricsOf(lab: Lab, runs: string): string {
  const found = orUndefined(() => lab.find(runs.split(",").map((name) => name.trim())));
  return found === undefined
    ? "denoising_mse (images) or nats_per_character (text)"
    : [...new Set(found.map((run) => metricOf(run).name))].join(" or ");
}

function asked(text: string) {
  return { messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
}

const MAX_ARGUMENT = 2000;

/**
 * Arguments are data: quoted, so that they do not read as further instructions. Any string is taken,
 * since clients ask for prompts with placeholders such as "$1".
 */
function quoted(value: string): string {
  return JSON.stringify(shortened(value, MAX_ARGUMENT).toWellFormed());
}

/** The number that a text is, or the default for what is none. */
function minutesOf(text: string | undefined): string {
  return /^\s*(\d{1,4})\s*$/.exec(text ?? "")?.[1] ?? "15";
}

/** Completes the last of several ids separated by commas. */
function completeLast(value: string, complete: (typed: string) => string[]): string[] {
  const cut = value.lastIndexOf(",") + 1;
  const typed = value.slice(cut).trim();
  return complete(typed).map((id) => value.slice(0, cut) + id).slice(0, 100);
}
