/** What a zod schema accepts, in words. */
import { z } from "zod";

/** The part of JSON Schema that zod writes for our schemas. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly multipleOf?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly pattern?: string | undefined;
  readonly items?: JsonSchema | undefined;
  readonly prefixItems?: readonly JsonSchema[] | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
}

const converted = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of what callers may give. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const known = converted.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  converted.set(schema, made);
  return made;
}

/**
 * What a schema accepts, in words: "a whole number from 1 to 1024", "one of linear, cosine".
 *
 * @param schema A zod schema, or a part of the JSON Schema of one.
 */
export function accepted(schema: z.ZodType | JsonSchema): string {
  const node = isZod(schema) ? jsonSchemaOf(schema) : schema;
  if (node.anyOf) return widest(node.anyOf).map(accepted).join(", or ");
  if (node.enum) return `one of ${node.enum.join(", ")}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  switch (node.type) {
    case "integer":
    case "number":
      return `${numberKind(node)} ${boundsOf(node)}`;
    case "string":
      return node.maxLength === undefined
        ? `text${node.pattern ? ` of the form ${node.pattern}` : ""}`
        : `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
    case "array":
      return listOf(node);
    case "boolean":
      return "true or false";
    case "object":
      return node.properties
        ? `an object with the fields ${Object.keys(node.properties).join(", ")}`
        : "an object";
    default:
      return "something else";
  }
}

/** The branches of a union without the ranges that lie within another branch's. */
function widest(branches: readonly JsonSchema[]): readonly JsonSchema[] {
  const contains = (a: JsonSchema, b: JsonSchema) =>
    a.type === "integer" && b.type === "integer" && a.minimum! <= b.minimum! &&
    a.maximum! >= b.maximum!;
  return branches.filter((b, i) =>
    !branches.some((a, j) => i !== j && contains(a, b) && (j < i || !contains(b, a)))
  );
}

/** The range of a number in a few characters, "0.1 to 100"; nothing where it has no two ends. */
export function rangeOf(schema: z.ZodType): string | undefined {
  // A conversion to JSON Schema would take long enough to be felt at every start.
  if (!(schema instanceof z.ZodNumber)) return undefined;
  const { minValue, maxValue } = schema;
  return minValue === null || maxValue === null
    ? undefined
    : `${minValue} to ${shortNumber(maxValue)}`;
}

function numberKind({ type, multipleOf }: JsonSchema): string {
  if (multipleOf !== undefined && multipleOf > 1) return `a multiple of ${multipleOf}`;
  return type === "integer" ? "a whole number" : "a number";
}

function boundsOf({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  return exclusiveMinimum === undefined
    ? `from ${minimum} to ${shortNumber(maximum!)}`
    : `above ${exclusiveMinimum} and at most ${shortNumber(maximum!)}`;
}

function listOf({ items, prefixItems, minItems = 0, maxItems }: JsonSchema): string {
  if (prefixItems) {
    return `a list of ${prefixItems.length} values, each ${accepted(prefixItems[0]!)}`;
  }
  const length = maxItems === undefined ? "" : `${minItems} to ${maxItems} `;
  return `a list of ${length}values, each ${items ? accepted(items) : "anything"}`;
}

/** Irrational bounds are said to four decimals. */
const shortNumber = (value: number) => Number(value.toFixed(4));

function isZod(schema: z.ZodType | JsonSchema): schema is z.ZodType {
  return "_zod" in schema;
}
