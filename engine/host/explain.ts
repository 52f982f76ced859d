/**
 * Refusals that teach. An assistant can only act on the text it gets, so each names the field, the
 * value, what is allowed, and the nearest thing that would have worked.
 */
import type { z } from "zod";
import { accepted, type JsonSchema as Node, jsonSchemaOf } from "./accepted.ts";
import { UserError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { shortened } from "./text.ts";

type Path = readonly PropertyKey[];

/** A value that its schema refuses. */
export class RefusedValue extends UserError {
  readonly #explain: (nameOf: NameOf) => string;

  constructor(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]) {
    const explain = (nameOf: NameOf) => explainIssues(schema, value, issues, nameOf);
    super(explain(fieldName));
    this.#explain = explain;
  }

  /** The message with other names for the fields, such as those of the command line's options. */
  explained(nameOf: NameOf): string {
    return this.#explain(nameOf);
  }
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
  const given = isPlain(value) ? withoutUndefined(value) : value;
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RefusedValue(schema, given, parsed.error.issues);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object without its fields that are undefined. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** What a field is called, by its place in the value; "" for the value itself. */
export type NameOf = (path: Path) => string;

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
  root: Node,
  value: unknown,
  issue: z.core.$ZodIssue,
  nameOf: NameOf,
): string {
  if (issue.code === "unrecognized_keys") {
    return explainUnknownFields(root, issue.path, issue.keys, nameOf);
  }
  const field = nameOf(issue.path) || "The value";
  const given = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const node = nodeAt(root, issue.path);
  if (issue.code === "custom" || node === undefined) {
    return `${field} is ${show(given)}: ${issue.message}`;
  }
  if (given === undefined) return `${field} is missing: it must be ${accepted(node)}`;
  const options = node.enum?.map(String) ?? [];
  const hint = typeof given === "string" && options.length > 0
    ? `: did you mean ${likeliest(given, options)}?`
    : "";
  return `${field} is ${show(given)}, but must be ${accepted(node)}${hint}`;
}

/** Wrong names of one object: the first few with what each should be, the right ones once. */
function explainUnknownFields(
  root: Node,
  path: Path,
  keys: readonly string[],
  nameOf: NameOf,
): string {
  const place = path.length === 0 ? "" : ` in ${nameOf(path)}`;
  const known = Object.keys(nodeAt(root, path)?.properties ?? {});
  const shown = keys.slice(0, 3).map((key) => {
    const elsewhere = Object.entries(root.properties ?? {})
      .filter(([name, node]) =>
        Object.hasOwn(node.properties ?? {}, key) && name !== fieldName(path)
      ).map(([name]) => name);
    const hint = elsewhere.length > 0
      ? `it belongs in ${elsewhere.join(" or ")}`
      : `did you mean ${likeliest(shortened(key, 80), known)}?`;
    return { text: `There is no field ${show(key)}${place}: ${hint}`, moved: elsewhere.length > 0 };
  });
  const more = keys.length > shown.length
    ? `; nor any of ${keys.length - shown.length} others that were given`
    : "";
  const fields = shown.every(({ moved }) => moved) ? "" : ` (fields: ${known.join(", ")})`;
  return `${shown.map(({ text }) => text).join("; ")}${more}${fields}`;
}

/** What was probably meant: a name that was cut short or drawn out, else the one nearest in edits. */
function likeliest(word: string, names: readonly string[]): string | undefined {
  const related = names.find((name) => name.startsWith(word) || word.startsWith(name));
  return related ?? nearest(word, names, 1)[0];
}

function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) {
    const options: readonly Node[] = node?.anyOf ?? (node ? [node] : []);
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

function fieldName(path: Path): string {
  return path.map((key, i) =>
    typeof key === "number" ? `[${key}]` : `${i ? "." : ""}${String(key)}`
  )
    .join("");
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return shortened(text, 80);
}
