/** The options of a command, derived from its schema, and what was given with them. */
import { Argument, Option } from "commander";
import type { z } from "zod";
import { type JsonSchema, jsonSchemaOf, type NameOf, UserError } from "../../engine/host/mod.ts";
import type { Command } from "./command.ts";

/** Each option with its field. */
export function optionsOf(command: Command): { readonly field: string; readonly option: Option }[] {
  return Object.entries(fieldsOf(command.schema))
    .filter(([field]) => field !== command.argument)
    .map(([field, node]) => ({ field, option: optionOf(nameIn(command, field), node) }));
}

/** The argument that is given by its place; a list takes all that follow. */
export function argumentOf({ schema, argument }: Command): Argument | undefined {
  if (argument === undefined) return undefined;
  const node = fieldsOf(schema)[argument]!;
  const dots = node.type === "array" ? "..." : "";
  return new Argument(`[${argument}${dots}]`, node.description);
}

/**
 * The value that the schema is to read: of each option that was given the number, list or text that its
 * field takes, as far as the text can be read as one. The schema refuses the rest.
 *
 * @param given By the options' attributes, as commander has them.
 * @param args The arguments given by their place.
 * @throws {UserError} If one should be of the form field=value, and is not.
 */
export function givenValue(
  command: Command,
  given: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Record<string, unknown> {
  const nodes = fieldsOf(command.schema);
  const values = optionsOf(command).flatMap(({ field, option }) => {
    const value = given[option.attributeName()];
    return value === undefined ? [] : [[field, valueOf(nodes[field]!, value, option)]];
  });
  const { argument } = command;
  const positional = argument === undefined || args.length === 0
    ? []
    : [[argument, nodes[argument]!.type === "array" ? args : args[0]]];
  return Object.fromEntries([...values, ...positional]);
}

/** Names a field as the person at the command line does: "--guidance-scale", "--set steps". */
export function optionNames(command: Command): NameOf {
  const fields = fieldsOf(command.schema);
  return ([field = "", inner]) => {
    if (field === command.argument || !(field in fields)) return String(field);
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

function optionOf(name: string, node: JsonSchema): Option {
  const description = describedValues(node);
  if (node.type === "boolean") {
    return new Option(node.default === true ? `--no-${name}` : `--${name}`, description);
  }
  if (node.type !== "object") return new Option(`--${name} <${placeholder(node)}>`, description);
  return new Option(`--${name} <field=value>`, `${description}; may be repeated`)
    .argParser((text: string, before: readonly string[] | undefined) => [...before ?? [], text]);
}

/** The description, with the values of an option that takes one of a few. */
function describedValues({ description = "", enum: values = [] }: JsonSchema): string {
  const said = values.every((value) => description.includes(String(value)));
  return said ? description : `${description}; one of ${values.join(", ")}`;
}

function placeholder(node: JsonSchema): string {
  const options = node.anyOf ?? [node];
  if (options.some(({ type }) => type === "array")) return "list";
  return options.some(isNumber) ? "number" : node.enum ? "name" : "text";
}

function valueOf(node: JsonSchema, given: unknown, option: Option): unknown {
  if (typeof given === "string") return read(node, given);
  if (!Array.isArray(given)) return given;
  return Object.fromEntries((given as string[]).map((text) => {
    const cut = text.indexOf("=");
    if (cut <= 0) {
      throw new UserError(
        `${option.long} is ${JSON.stringify(text)}, but must be of the form field=value`,
      );
    }
    const field = text.slice(0, cut);
    return [field, read(node.properties?.[field] ?? {}, text.slice(cut + 1))];
  }));
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
