/**
 * Refusals that teach. An assistant can only act on the text it gets, so each names the field, the
 * value, what is allowed, and the nearest thing that would have worked.
 */
import { z } from "zod";
import { didYouMean, shortened, UserError } from "./errors.ts";

type Path = readonly PropertyKey[];

/** A request that cannot be accepted: a field's schema refuses it, or two fields contradict each other. */
export class RefusedValue extends UserError {
  readonly #explain: (nameOf: NameOf) => string;

  /** @param explain Returns the message; it calls `nameOf` for every field that it mentions. */
  constructor(explain: (nameOf: NameOf) => string) {
    super(explain(fieldName));
    this.#explain = explain;
  }

  /** The message with other names for the fields, such as those of the command line's options. */
  explained(nameOf: NameOf): string {
    return this.#explain(nameOf);
  }
}

/** Characters that stand around the names of fields in {@link markedMessage}. */
const [OPENING, CLOSING] = ["\u2068", "\u2069"];

/** The message of an error in a form from which another process makes the error again by {@link errorOfMarked}. */
export function markedMessage(error: Error): string {
  if (!(error instanceof RefusedValue)) return error.message;
  return error.explained((...path) => `${OPENING}${path.join(".")}${CLOSING}`);
}

/** The error of a {@link markedMessage}: a {@link RefusedValue} if it names fields. */
export function errorOfMarked(marked: string): UserError {
  const parts = marked.split(new RegExp(`${OPENING}([^${CLOSING}]*)${CLOSING}`));
  if (parts.length === 1) return new UserError(marked);
  const path = (name: string) =>
    name.split(".").map((key) => /^\d+$/.test(key) ? Number(key) : key);
  return new RefusedValue((nameOf) =>
    parts.map((part, i) => i % 2 === 0 ? part : nameOf(...path(part))).join("")
  );
}

/**
 * A value as its schema reads it. A field that is undefined is one that was left out.
 *
 * @throws {RefusedValue} If it does not fit, with what would.
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const present = isObject(value) ? withoutUndefined(value) : value;
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  throw new RefusedValue((nameOf) => explainIssues(schema, present, issues, nameOf));
}

/** Whether a value is an object and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object without its fields that are undefined. */
export function withoutUndefined<T extends object>(
  value: T,
): { [Field in keyof T]: Exclude<T[Field], undefined> } {
  const kept = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(kept) as ReturnType<typeof withoutUndefined<T>>;
}

/** Returns the name of a field from its path in the value; "" for the value itself. */
export type NameOf = (...path: Path) => string;

/** One sentence for each thing that is wrong with a value. */
export function explainIssues(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  nameOf: NameOf = fieldName,
): string {
  const root = jsonSchemaOf(schema);
  const sentences = issues.slice(0, 5).map((issue) => explainIssue(root, value, issue, nameOf));
  return [...new Set(sentences)].join("; ");
}

function explainIssue(
  root: JsonSchema,
  value: unknown,
  issue: z.core.$ZodIssue,
  nameOf: NameOf,
): string {
  if (issue.code === "unrecognized_keys") {
    return explainUnknownFields(root, issue.path, issue.keys, nameOf);
  }
  const field = nameOf(...issue.path) || "The value";
  const found = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const node = nodeAt(root, issue.path);
  if (issue.code === "custom" || node === undefined) {
    return `${field} is ${show(found)}: ${issue.message}`;
  }
  if (found === undefined) return `${field} is missing: it must be ${accepted(node)}`;
  const options = node.enum?.map(String) ?? [];
  const hint = typeof found === "string" ? didYouMean(found, options) : "";
  return `${field} is ${show(found)}, but must be ${accepted(node)}${hint}`;
}

/** Wrong names of one object: the first few with what each should be, the right ones once. */
function explainUnknownFields(
  root: JsonSchema,
  path: Path,
  keys: readonly string[],
  nameOf: NameOf,
): string {
  const place = path.length === 0 ? "" : ` in ${nameOf(...path)}`;
  // A field that can have one value only is no choice.
  const known = Object.entries(nodeAt(root, path)?.properties ?? {})
    .filter(([, node]) => node.const === undefined).map(([name]) => name);
  const shown = keys.slice(0, 3).map((key) => {
    const elsewhere = Object.entries(root.properties ?? {})
      .filter(([name, node]) =>
        Object.hasOwn(node.properties ?? {}, key) && name !== fieldName(...path)
      ).map(([name]) => name);
    const hint = elsewhere.length > 0
      ? `: it belongs in ${elsewhere.join(" or ")}`
      : didYouMean(shortened(key, 80), known);
    return { text: `There is no field ${show(key)}${place}${hint}`, moved: elsewhere.length > 0 };
  });
  const more = keys.length > shown.length
    ? `; nor any of ${keys.length - shown.length} others that were given`
    : "";
  const fields = shown.every(({ moved }) => moved) ? "" : ` (fields: ${known.join(", ")})`;
  return `${shown.map(({ text }) => text).join("; ")}${more}${fields}`;
}

function nodeAt(root: JsonSchema, path: Path): JsonSchema | undefined {
  let node: JsonSchema | undefined = root;
  for (const key of path) {
    const options: readonly JsonSchema[] = node?.anyOf ?? (node ? [node] : []);
    node = options
      .map((option) => {
        if (typeof key === "number") return option.prefixItems?.[key] ?? option.items;
        const extra = option.additionalProperties;
        return Object.hasOwn(option.properties ?? {}, key)
          ? option.properties![String(key)]
          : typeof extra === "object"
          ? extra
          : undefined;
      })
      .find((child) => child !== undefined);
  }
  return node;
}

function fieldName(...path: Path): string {
  return path.map((key, i) =>
    typeof key === "number" ? `[${key}]` : `${i ? "." : ""}${String(key)}`
  )
    .join("");
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return shortened(text, 80);
}

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
  readonly examples?: readonly unknown[] | undefined;
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
      return [numberKind(node), ...boundsOf(node)].join(" ");
    case "string":
      if (node.examples) return `text such as ${node.examples.join(", ")}`;
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
      return "any value of JSON";
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

/** "from 1 to 1024", "above 0 and at most 1"; nothing for a number without bounds. */
function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string[] {
  if (minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) {
    return [`from ${shortNumber(minimum)} to ${shortNumber(maximum)}`];
  }
  const bounds = [
    [exclusiveMinimum, "above"],
    [isExplicitBound(minimum) ? minimum : undefined, "at least"],
    [exclusiveMaximum, "below"],
    [isExplicitBound(maximum) ? maximum : undefined, "at most"],
  ] as const;
  const told = bounds.flatMap(([bound, word]) =>
    bound === undefined ? [] : [`${word} ${shortNumber(bound)}`]
  );
  return told.length === 0 ? [] : [told.join(" and ")];
}

/** Whether a bound is one of ours; zod gives every whole number those of the safe integers. */
function isExplicitBound(bound: number | undefined): boolean {
  return bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

function listOf({ items, prefixItems, minItems = 0, maxItems }: JsonSchema): string {
  if (prefixItems) {
    return `a list of ${prefixItems.length} values, each ${accepted(prefixItems[0]!)}`;
  }
  const length = maxItems === undefined ? "" : `${minItems} to ${maxItems} `;
  return `a list of ${length}values, each ${items ? accepted(items) : "anything"}`;
}

/** Irrational bounds are said to four decimals, all others as they are: 0.99999 is not 1. */
const shortNumber = (value: number) => String(value).length <= 8 ? value : Number(value.toFixed(4));

function isZod(schema: z.ZodType | JsonSchema): schema is z.ZodType {
  return "_zod" in schema;
}
