/** Finds the command that was asked for, reads its options, and runs it. */
import { Command as Parser, CommanderError } from "commander";
import { nearest, RefusedValue, UserError } from "../../engine/host/mod.ts";
import { VERSION } from "../version.ts";
import type { Command, Wiring } from "./command.ts";
import { commands } from "./commands.ts";
import { argumentOf, givenValue, optionNames, optionsOf } from "./schema_options.ts";

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
    return about === undefined ? printOverview() : await runCommand(about, ["--help"], wiring);
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
    const [guess] = nearest(name, Object.keys(commands), 1);
    throw new UserError(
      `There is no command ${name}: did you mean ${guess}? (help lists them all)`,
    );
  }
  const { summary, load } = commands[name]!;
  const { command } = await load();
  const parser = parserOf(`${PROGRAM} ${name}`, summary, command);
  try {
    parser.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw new UserError(explainParsing(error, parser));
  }
  try {
    return await command.run(givenValue(command, parser.opts(), parser.args), wiring);
  } catch (error) {
    if (!(error instanceof RefusedValue)) throw error;
    throw new UserError(error.explained(optionNames(command)));
  }
}

function parserOf(name: string, summary: string, command: Command): Parser {
  const parser = new Parser(name).description(summary).exitOverride()
    .configureOutput({ writeErr: () => {} });
  const argument = argumentOf(command);
  if (argument) parser.addArgument(argument);
  for (const { option } of optionsOf(command)) parser.addOption(option);
  return parser;
}

/** What commander says, in a line; for a misspelt option the nearest that exists. */
function explainParsing({ code, message }: CommanderError, parser: Parser): string {
  const unknown = /'(-[^']*)'/.exec(message)?.[1];
  if (code !== "commander.unknownOption" || unknown === undefined) {
    return message.replace(/^error: /, "").replaceAll("\n", " ");
  }
  const known = parser.options.map(({ long }) => long ?? "");
  return `There is no option ${unknown}: did you mean ${nearest(unknown, known, 1)[0]}? ` +
    `(options: ${known.join(", ")})`;
}

/** All commands, each with a line. */
function printOverview(): number {
  const overview = new Parser(PROGRAM).usage("COMMAND [OPTIONS]").helpCommand(false)
    .helpOption(false)
    .description(
      "TextDiffusion: a laboratory for diffusion models that an AI coding assistant drives",
    )
    .addHelpText("after", `\n${PROGRAM} COMMAND --help explains the options of a command.`);
  for (const [name, { summary }] of Object.entries(commands)) {
    overview.command(name).helpOption(false).description(summary);
  }
  overview.outputHelp();
  return 0;
}
