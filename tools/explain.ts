/**
 * Refusals that teach. An assistant can only act on the text it gets, so each names the field, the
 * value, what is allowed, and the nearest thing that would have worked.
 */
import type { z } from "zod";
import { nearest } from "../experiments/mod.ts";
import { type JsonSchema as Node, jsonSchemaOf } from "./published.ts";
import { shortened } from "./text.ts";

type Path = readonly PropertyKey[];

/** One sentence for each thing that is wrong with a tool's arguments. */
export function explainIssues(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): string {
  const root = jsonSchemaOf(schema);
  return issues.slice(0, 5).map((issue) => explainIssue(root, value, issue)).join("; ");
}

function explainIssue(root: Node, value: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return explainUnknownFields(root, issue.path, issue.keys);
  }
  const field = fieldName(issue.path) || "The arguments";
  const given = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const node = nodeAt(root, issue.path);
  if (issue.code === "custom" || node === undefined) {
    return `${field} is ${show(given)}: ${issue.message}`;
  }
  if (given === undefined) return `${field} is missing: it must be ${allowed(node)}`;
  const options = node.enum?.map(String) ?? [];
  const hint = typeof given === "string" && options.length > 0
    ? `: did you mean ${likeliest(given, options)}?`
    : "";
  return `${field} is ${show(given)}, but must be ${allowed(node)}${hint}`;
}

/** Wrong names of one object: the first few with what each should be, the right ones once. */
function explainUnknownFields(root: Node, path: Path, keys: readonly string[]): string {
  const place = path.length === 0 ? "" : ` in ${fieldName(path)}`;
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

/** What a field accepts, in words: "a whole number from 1 to 1024", "one of linear, cosine". */
export function allowed(node: Node): string {
  if (node.anyOf) return node.anyOf.map(allowed).join(", or ");
  if (node.enum) return `one of ${node.enum.join(", ")}`;
  if (node.const !== undefined) return show(node.const);
  switch (node.type) {
    case "integer":
    case "number": {
      const kind = node.type === "integer" ? "a whole number" : "a number";
      return node.exclusiveMinimum === undefined
        ? `${kind} from ${node.minimum} to ${node.maximum}`
        : `${kind} above ${node.exclusiveMinimum} and at most ${node.maximum}`;
    }
    case "string":
      return node.maxLength === undefined
        ? `text${node.pattern ? ` of the form ${node.pattern}` : ""}`
        : `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
    case "array": {
      if (node.prefixItems) {
        return `a list of ${node.prefixItems.length} values, each ${allowed(node.prefixItems[0]!)}`;
      }
      const length = node.maxItems === undefined
        ? ""
        : `${node.minItems ?? 0} to ${node.maxItems} `;
      return `a list of ${length}values, each ${node.items ? allowed(node.items) : "anything"}`;
    }
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
