/** Reading arguments with commander, and the help that it prints. */
import { Command as Parser, CommanderError } from "commander";
import { nearest, UserError } from "../../engine/host/mod.ts";
import type { Command } from "./command.ts";
import { argumentOf, givenValue, optionsOf } from "./schema_options.ts";

/**
 * What a command is given by its arguments; undefined where help was asked for, and printed.
 *
 * @throws {UserError} If there is no such option, with the nearest that exists.
 */
export function readArguments(
  name: string,
  summary: string,
  command: Command,
  args: readonly string[],
): Record<string, unknown> | undefined {
  const parser = parserOf(name, summary, command);
  try {
    parser.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UserError(explainParsing(error, parser));
  }
  return givenValue(command, parser.opts(), parser.args);
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
export function printOverview(
  program: string,
  commands: Readonly<Record<string, { readonly summary: string }>>,
): void {
  const overview = new Parser(program).usage("COMMAND [OPTIONS]").helpCommand(false)
    .helpOption(false)
    .description(
      "TextDiffusion: a laboratory for diffusion models that an AI coding assistant drives",
    )
    .addHelpText("after", `\n${program} COMMAND --help explains the options of a command.`);
  for (const [name, { summary }] of Object.entries(commands)) {
    overview.command(name).helpOption(false).description(summary);
  }
  overview.outputHelp();
}
