/** Arguments as clients send them, brought to the form that a tool's schema describes. */
import type { z } from "zod";
import { UserError } from "../engine/host/mod.ts";
import { type JsonSchema, jsonSchemaOf } from "./published.ts";

/** Fields that a client adds to every call by itself (Gemini CLI), which no tool of ours has. */
const ADDED_BY_CLIENTS: readonly string[] = ["wait_for_previous"];

/** Names that reach into JavaScript's objects instead of naming a field. */
const FORBIDDEN: readonly string[] = ["__proto__"];

/**
 * Removes what a client added without being asked, and `null` and "" where a field may be left out;
 * reads JSON that was sent as a string where an object or a list is wanted. Anything else stays as it
 * is, for the strict schema to judge.
 *
 * @throws {UserError} If a field is called `__proto__`.
 */
export function givenArguments(schema: z.ZodType, given: unknown): unknown {
  const root = jsonSchemaOf(schema);
  const value = given ?? {};
  if (!isObject(value)) return adapted(root, value);
  const known = Object.keys(root.properties ?? {});
  const kept = Object.entries(value)
    .filter(([name]) => known.includes(name) || !ADDED_BY_CLIENTS.includes(name));
  return adapted(root, fromEntries(kept));
}

function adapted(schema: JsonSchema | undefined, given: unknown): unknown {
  const options = schema === undefined ? [] : schema.anyOf ?? [schema];
  const value = typeof given === "string" ? parsed(options, given) : given;
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fromEntries(fields: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const wrong = fields.find(([name]) => FORBIDDEN.includes(name));
  if (wrong) throw new UserError(`There is no field ${JSON.stringify(wrong[0])}: leave it out`);
  return Object.fromEntries(fields);
}
