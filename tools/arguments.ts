/** Arguments as clients send them, brought to the form that a tool's schema describes. */
import { z } from "zod";
import {
  isObject,
  type JsonSchema,
  jsonSchemaOf,
  UserError,
  withoutUndefined,
} from "../engine/host/mod.ts";
import { FORBIDDEN } from "./messages.ts";

/** Fields that a client adds to every call by itself (Gemini CLI), which no tool of ours has. */
const ADDED_BY_CLIENTS: readonly string[] = ["wait_for_previous"];

/**
 * Removes what a client added without being asked, and `null` and "" where a field may be left out;
 * reads JSON that was sent as a string where an object or a list is wanted, and a whole number where
 * only text is, such as the 7 that names a journal entry. Anything else stays as it is, for the strict
 * schema to judge.
 *
 * @throws {UserError} If a field is called `__proto__`.
 */
export function normalizeArguments(schema: z.ZodType, args: unknown): unknown {
  const root = jsonSchemaOf(schema);
  const value = args ?? {};
  if (!isObject(value)) return adapted(root, value);
  const known = Object.keys(root.properties ?? {});
  const kept = Object.entries(value)
    .filter(([name]) => known.includes(name) || !ADDED_BY_CLIENTS.includes(name));
  return adapted(root, fromEntries(kept));
}

function adapted(schema: JsonSchema | undefined, argument: unknown): unknown {
  const options = schema === undefined ? [] : schema.anyOf ?? [schema];
  const value = typeof argument === "string"
    ? parsed(options, argument)
    : Number.isSafeInteger(argument) && isOnlyText(options)
    ? String(argument)
    : argument;
  if (Array.isArray(value)) {
    const items = options.find(({ type }) => type === "array")?.items;
    return value.map((item) => adapted(items, item));
  }
  if (!isObject(value)) return value;
  const shape = options.find(({ type }) => type === "object");
  const fields = Object.entries(value)
    .filter(([name, field]) => !isLeftOut(field) || !isOptional(shape, name))
    .map(([name, field]) => [name, adapted(fieldOf(shape, name), field)] as const);
  return fromEntries(fields);
}

function isOnlyText(options: readonly JsonSchema[]): boolean {
  return options.length > 0 &&
    options.every((option) => option.type === "string" && option.enum === undefined);
}

/** The object or list that a string spells, where one is wanted and no string is. */
function parsed(options: readonly JsonSchema[], text: string): unknown {
  if (options.some(({ type }) => type === "string")) return text;
  const wanted = options.map(({ type }) => type);
  try {
    const value: unknown = JSON.parse(text);
    const kind = Array.isArray(value) ? "array" : isObject(value) ? "object" : undefined;
    return kind !== undefined && wanted.includes(kind) ? value : text;
  } catch {
    return text;
  }
}

function fieldOf(shape: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const properties = shape?.properties ?? {};
  if (Object.hasOwn(properties, name)) return properties[name];
  const extra = shape?.additionalProperties;
  return typeof extra === "object" ? extra : undefined;
}

/** Whether the schema has such a field, and a call may do without it. */
function isOptional(shape: JsonSchema | undefined, name: string): boolean {
  return Object.hasOwn(shape?.properties ?? {}, name) && !shape!.required?.includes(name);
}

function isLeftOut(value: unknown): boolean {
  return value === null || value === "";
}

function fromEntries(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  if (fields.some(([name]) => name === FORBIDDEN)) {
    throw new UserError(`There is no field ${JSON.stringify(FORBIDDEN)}: leave it out`);
  }
  return Object.fromEntries(fields);
}

/**
 * The part of JSON Schema that is published. Limits and defaults stand in the descriptions: as
 * keywords they would be said twice at every turn of a model, and a client that checks arguments by
 * itself would hide the server's explanation of a wrong value.
 */
export interface PlainSchema {
  readonly type: string;
  readonly description?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly items?: PlainSchema | undefined;
  readonly properties?: Readonly<Record<string, PlainSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
}

/** Options for publishing a schema in a shorter form. */
interface Publication {
  /** Fields of an object that are taken without being published, because a description names them. */
  readonly rare?: readonly string[] | undefined;
  /** A shorter description of a field, whose own one is read elsewhere. */
  readonly inShort?: string | undefined;
}

export const publications = z.registry<Publication, z.core.$ZodType>();

/** A longer list of names is not published: a wrong name is answered with all of them. */
const MOST_OPTIONS = 20;

/**
 * The plain schema of a tool's arguments. Objects are published open, whatever the full schema says,
 * so that a wrong name, too, is explained by the server.
 */
export function publishedSchema(schema: z.ZodType): PlainSchema {
  const whole = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const { rare, inShort } = publications.get(zodSchema) ?? {};
      if (inShort !== undefined) jsonSchema.description = inShort;
      if (rare === undefined || !jsonSchema.properties) return;
      const kept = Object.entries(jsonSchema.properties).filter(([name]) => !rare.includes(name));
      jsonSchema.properties = Object.fromEntries(kept);
    },
  });
  return plain(whole as JsonSchema);
}

const TYPES = ["object", "array", "string", "number", "integer", "boolean"];

function plain(schema: JsonSchema): PlainSchema {
  const { anyOf, ...own } = schema;
  const node = anyOf ? { ...merged(anyOf), ...own } : schema;
  const { type = typeof node.const, properties, required } = node;
  if (!TYPES.includes(type)) throw new TypeError(`No plain schema says ${JSON.stringify(schema)}`);
  const options = node.enum ?? (typeof node.const === "string" ? [node.const] : []);
  const items = node.prefixItems?.[0] ?? node.items;
  return withoutUndefined({
    type,
    description: node.description,
    enum: options.length > 0 && options.length <= MOST_OPTIONS ? options : undefined,
    items: items && plain(items),
    properties: properties && mapped(properties, plain),
    required: required && required.length > 0 ? required : undefined,
  });
}

function mapped<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/**
 * One schema for a union: a value or a list of such values becomes the list (the server takes a single
 * value for one too), and several lists of names become one.
 *
 * @throws {TypeError} If the union is of another kind, which would need `anyOf`.
 */
function merged(options: readonly JsonSchema[]): JsonSchema {
  const list = options.find(({ type }) => type === "array");
  if (list && options.length === 2) {
    const single = options.find((option) => option !== list)!;
    if (single.type === list.items?.type) return list;
  }
  const [first] = options;
  if (!first || options.some(({ type }) => type !== first.type) || first.type === "object") {
    throw new TypeError(`No plain schema says ${JSON.stringify(options)}`);
  }
  return {
    type: first.type,
    enum: options.every((option) => option.enum)
      ? [...new Set(options.flatMap((option) => option.enum!))]
      : undefined,
  };
}
