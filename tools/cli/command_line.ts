/** The command line's words; each is loaded only when it is used. */
import type { Command, Wiring } from "./command.ts";
import { didYouMean, RefusedValue, UserError } from "../../engine/host/mod.ts";
import { VERSION } from "../version.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: "MCP at /mcp and the viewer at / on one port",
    load: () => import("./start.ts"),
  },
  mcp: {
    summary: "MCP over stdio, with the viewer on a port of its own",
    load: () => import("./mcp.ts"),
  },
  setup: {
    summary: "Fetch every package that server, viewer, demo and training need",
    load: () => import("./setup.ts"),
  },
  demo: {
    summary: "The whole loop: data, training, samples, viewer",
    load: () => import("./demo.ts"),
  },
  train: { summary: "Train a run or a sweep", load: () => import("./train.ts") },
  sample: {
    summary: "Draw pictures from a run, or write text",
    load: () => import("./sample.ts"),
  },
  evaluate: {
    summary: "Measure a run's pictures, or its text",
    load: () => import("./evaluate.ts"),
  },
  compare: { summary: "Rank runs", load: () => import("./compare.ts") },
  inspect: { summary: "List runs, or look at one", load: () => import("./inspect.ts") },
  journal: { summary: "Read the journal", load: () => import("./journal.ts") },
  watch: {
    summary: "Print a line whenever a run ends, is warned about or becomes the best",
    load: () => import("./watch.ts"),
  },
  study: {
    summary: "Train, measure and publish the pretrained models",
    load: () => import("./study.ts"),
  },
  stop: { summary: "Stop runs, keeping a checkpoint", load: () => import("./stop.ts") },
};

const PROGRAM = "deno task";
const HELP = ["help", "--help", "-h"];

/**
 * Runs one command.
 *
 * @returns The process's exit code.
 * @throws {UserError} If the command, an option or a value does not exist, with what would.
 */
export async function runCommandLine(args: readonly string[], wiring: Wiring): Promise<number> {
  const [name = "help", ...rest] = args;
  if (HELP.includes(name)) {
    const [about] = rest;
    if (about !== undefined) return await runCommand(about, ["--help"], wiring);
    const { printOverview } = await import("./parser.ts");
    printOverview(PROGRAM, commands);
    return 0;
  }
  if (name === "--version") {
    console.log(VERSION);
    return 0;
  }
  return await runCommand(name, rest, wiring);
}

async function runCommand(
  name: string,
  args: readonly string[],
  wiring: Wiring,
): Promise<number> {
  if (!Object.hasOwn(commands, name)) {
    throw new UserError(
      `There is no command ${name}${didYouMean(name, Object.keys(commands))} (help lists them all)`,
    );
  }
  const { summary, load } = commands[name]!;
  const { command } = await load();
  const given = await givenTo(name, summary, command, args);
  if (given === undefined) return 0;
  try {
    return await command.run(given, wiring);
  } catch (error) {
    if (!(error instanceof RefusedValue)) throw error;
    const { optionNames } = await import("./parser.ts");
    throw new UserError(error.explained(optionNames(command)));
  }
}

/** Loads commander only where there is something to read: most servers start without an option. */
async function givenTo(
  name: string,
  summary: string,
  command: Command,
  args: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  if (args.length === 0) return {};
  const { readArguments } = await import("./parser.ts");
  return readArguments(`${PROGRAM} ${name}`, summary, command, args);
}
