/** Reading a command's arguments with commander: its options come from the schema of its request. */
import { Argument, Command as Parser, CommanderError, Option } from "commander";
import {
  didYouMean,
  type JsonSchema,
  jsonSchemaOf,
  type NameOf,
  UserError,
} from "../../engine/host/mod.ts";
import type { Command } from "./command.ts";
import type { z } from "zod";

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
  return optionValues(command, parser.opts(), parser.args);
}

function parserOf(name: string, summary: string, command: Command): Parser {
  const parser = new Parser(name).description(summary).exitOverride()
    .configureOutput({ writeErr: () => {} });
  const argument = argumentOf(command);
  if (argument) parser.addArgument(argument);
  for (const { option } of optionsOf(command)) parser.addOption(option);
  return parser;
}

/** Says in one line what was wrong with the arguments and what to write instead. */
function explainParsing({ code, message }: CommanderError, parser: Parser): string {
  const quoted = /'(-[^']*)'/.exec(message)?.[1] ?? "";
  switch (code) {
    case "commander.unknownOption": {
      const known = parser.options.map(({ long }) => long ?? "");
      return `There is no option ${quoted}${didYouMean(quoted, known)} (options: ${
        known.join(", ")
      })`;
    }
    case "commander.optionMissingArgument":
      return `${quoted.split(" ")[0]} needs a value: write ${quoted}`;
    case "commander.excessArguments": {
      const [argument] = parser.registeredArguments;
      const taken = argument ? `at most one ${argument.name()}` : "no arguments";
      return `${parser.name()} takes ${taken}, but was given ${parser.args.join(" ")}: ` +
        "options begin with --, and --help lists them";
    }
    default:
      return message.replace(/^error: /, "").replaceAll("\n", " ");
  }
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

/** Each option with its field. */
export function optionsOf(command: Command): { readonly field: string; readonly option: Option }[] {
  return Object.entries(fieldsOf(command.schema))
    .filter(([field]) => field !== command.argument)
    .map(([field, node]) => ({ field, option: optionOf(field, nameIn(command, field), node) }));
}

/** The argument that is given by its place; a list takes all that follow. */
export function argumentOf({ schema, argument }: Command): Argument | undefined {
  if (argument === undefined) return undefined;
  const node = fieldsOf(schema)[argument]!;
  const dots = node.type === "array" ? "..." : "";
  return new Argument(`[${placeholder(argument, node)}${dots}]`, node.description);
}

/**
 * The value that the schema is to read: of each option that was given the number, list or text that its
 * field takes, as far as the text can be read as one. The schema refuses the rest.
 *
 * @param options By the options' attributes, as commander has them.
 * @param args The arguments given by their place.
 * @throws {UserError} If one should be of the form FIELD=VALUE and is not, or names a field twice.
 */
export function optionValues(
  command: Command,
  options: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Record<string, unknown> {
  const nodes = fieldsOf(command.schema);
  const values = optionsOf(command).flatMap(({ field, option }) => {
    const value = options[option.attributeName()];
    return value === undefined ? [] : [[field, valueOf(nodes[field]!, value, option)]];
  });
  const { argument } = command;
  const positional = argument === undefined || args.length === 0
    ? []
    : [[argument, nodes[argument]!.type === "array" ? args : args[0]]];
  return Object.fromEntries([...values, ...positional]);
}

/** Names fields as the help of a command does: "--guidance-scale", "--set steps", "RUN". */
export function optionNames(command: Command): NameOf {
  const fields = fieldsOf(command.schema);
  return (field = "", inner) => {
    const node = fields[String(field)];
    if (node === undefined) return String(field);
    if (field === command.argument) return placeholder(field, node);
    const name = `--${nameIn(command, String(field))}`;
    return typeof inner === "string" ? `${name} ${inner}` : name;
  };
}

function fieldsOf(schema: z.ZodType): Readonly<Record<string, JsonSchema>> {
  return jsonSchemaOf(schema).properties ?? {};
}

function nameIn({ names }: Command, field: string): string {
  return names?.[field] ?? field.replaceAll("_", "-");
}

function optionOf(field: string, name: string, node: JsonSchema): Option {
  const description = describedValues(node);
  if (node.type === "boolean") {
    return new Option(node.default === true ? `--no-${name}` : `--${name}`, description);
  }
  if (node.type !== "object") {
    return new Option(`--${name} <${placeholder(field, node)}>`, description)
      .argParser((text: string, before: string | undefined) => {
        if (before === undefined) return text;
        throw duplicateOption(`--${name}`, before, text);
      });
  }
  return new Option(`--${name} <FIELD=VALUE>`, `${description}; may be repeated`)
    .argParser((text: string, before: readonly string[] | undefined) => [...before ?? [], text]);
}

function duplicateOption(name: string, ...values: readonly [string, string]): UserError {
  return new UserError(`${name} is given twice, as ${values.join(" and as ")}: give it once`);
}

/** The description, with the values of an option that takes one of a few. */
function describedValues({ description = "", enum: values = [] }: JsonSchema): string {
  const said = values.every((value) => description.includes(String(value)));
  return said ? description : `${description}; one of ${values.join(", ")}`;
}

/** The placeholder for the value of a field in the help. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  workspace: "DIR",
  data: "DIR",
  out: "FILE",
  run: "RUN",
  runs: "RUN",
  resume: "RUN",
  sweep: "SWEEP",
  host: "ADDRESS",
};

function placeholder(field: string, node: JsonSchema): string {
  if (Object.hasOwn(PLACEHOLDERS, field)) return PLACEHOLDERS[field]!;
  const options = node.anyOf ?? [node];
  if (options.some(({ type }) => type === "array")) return "LIST";
  return options.some(isNumber) ? "NUMBER" : node.enum ? "NAME" : "TEXT";
}

function valueOf(node: JsonSchema, value: unknown, option: Option): unknown {
  if (typeof value === "string") return read(node, value);
  if (!Array.isArray(value)) return value;
  const texts = new Map<string, string>();
  for (const text of value as string[]) {
    const cut = text.indexOf("=");
    if (cut <= 0) {
      throw new UserError(
        `${option.long} is ${JSON.stringify(text)}, but must be of the form FIELD=VALUE`,
      );
    }
    const [field, setting] = [text.slice(0, cut), text.slice(cut + 1)];
    const before = texts.get(field);
    if (before !== undefined) throw duplicateOption(`${option.long} ${field}`, before, setting);
    texts.set(field, setting);
  }
  return Object.fromEntries(
    [...texts].map(([field, text]) => [field, read(node.properties?.[field] ?? {}, text)]),
  );
}

/** "3,7" → [3, 7] where a list is taken, "3" → 3 where a number is. */
function read(node: JsonSchema, text: string): unknown {
  const options = node.anyOf ?? [node];
  const list = options.find(({ type }) => type === "array");
  if (list) {
    const item = list.prefixItems?.[0] ?? list.items ?? {};
    const items = text.split(",").map((part) => read(item, part));
    return options.length > 1 && items.length === 1 ? items[0] : items;
  }
  const number = text.trim() === "" ? NaN : Number(text);
  return options.some(isNumber) && Number.isFinite(number) ? number : text;
}

const isNumber = ({ type }: JsonSchema) => type === "number" || type === "integer";
