/** The command line: the laboratory's operations and its MCP server. Each command is loaded when it is used. */
import type { Command, Wiring } from "./cli/command.ts";
import { didYouMean, RefusedValue, UserError } from "../engine/host/mod.ts";
import configuration from "../deno.json" with { type: "json" };

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: "MCP at /mcp and the viewer at / on one port",
    load: async () => (await import("./cli/viewer.ts")).startCommand,
  },
  mcp: {
    summary: "MCP over stdio, with the viewer on a port of its own",
    load: async () => (await import("./cli/stdio.ts")).mcpCommand,
  },
  setup: {
    summary: "Fetch every package that server, viewer, demo and training need",
    load: async () => (await import("./cli/setup.ts")).setupCommand,
  },
  demo: {
    summary: "The whole loop: data, training, samples, viewer",
    load: async () => (await import("./cli/demo.ts")).demoCommand,
  },
  train: {
    summary: "Train a run or a sweep",
    load: async () => (await import("./cli/model_commands.ts")).trainCommand,
  },
  sample: {
    summary: "Draw pictures from a run, or write text",
    load: async () => (await import("./cli/model_commands.ts")).sampleCommand,
  },
  evaluate: {
    summary: "Measure a run's pictures, or its text",
    load: async () => (await import("./cli/model_commands.ts")).evaluateCommand,
  },
  compare: {
    summary: "Rank runs",
    load: async () => (await import("./cli/run_commands.ts")).compareCommand,
  },
  inspect: {
    summary: "List runs, or look at one",
    load: async () => (await import("./cli/run_commands.ts")).inspectCommand,
  },
  journal: {
    summary: "Read the journal",
    load: async () => (await import("./cli/run_commands.ts")).journalCommand,
  },
  watch: {
    summary: "Print a line whenever a run ends, is warned about or becomes the best",
    load: async () => (await import("./cli/run_commands.ts")).watchCommand,
  },
  study: {
    summary: "Train, measure and publish the pretrained models",
    load: async () => (await import("./cli/study.ts")).studyCommand,
  },
  stop: {
    summary: "Stop runs, keeping a checkpoint",
    load: async () => (await import("./cli/run_commands.ts")).stopCommand,
  },
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
    const { printOverview } = await import("./cli/parser.ts");
    printOverview(PROGRAM, commands);
    return 0;
  }
  if (name === "--version") {
    console.log(configuration.version);
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
  const command = await load();
  const input = await parsedArguments(name, summary, command, args);
  if (input === undefined) return 0;
  try {
    return await command.run(input, wiring);
  } catch (error) {
    if (!(error instanceof RefusedValue)) throw error;
    const { optionNames } = await import("./cli/parser.ts");
    throw new UserError(error.explained(optionNames(command)));
  }
}

/** Loads commander only where there is something to read: most servers start without an option. */
async function parsedArguments(
  name: string,
  summary: string,
  command: Command,
  args: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  if (args.length === 0) return {};
  const { readArguments } = await import("./cli/parser.ts");
  return readArguments(`${PROGRAM} ${name}`, summary, command, args);
}
