/** What must have reached the model. */
import assert from "node:assert/strict";
import type { Assistant } from "./assistants/mod.ts";
import type { ScriptedCall } from "./conversation.ts";
import type { ToolResult } from "./model_apis/mod.ts";

/** The answer to a call reached the model, says in Markdown what it must, and holds its pictures. */
export function assertAnswered(
  assistant: Assistant,
  call: ScriptedCall,
  result: ToolResult | undefined,
): void {
  assert.ok(result, `${call.tool}: the assistant gave its model no result`);
  const text = assistant.unwrap?.(result.text) ?? result.text;
  const says = `\n\nThe model was given:\n${text}`;
  assert.ok(!holdsJson(text), `JSON stands where text should${says}`);
  for (const pattern of call.says) assert.ok(pattern.test(text), `${pattern} is missing${says}`);
  if (call.columns) assertTable(text, call.columns, says);
  if (!call.fails) assert.match(text, /^Next: /m, `the answer's end is missing${says}`);
  if (call.picture && assistant.showsPictures) assert.ok(result.pictures > 0, "no picture");
}

/** A Markdown table with these columns and at least one row. */
function assertTable(text: string, columns: readonly string[], says: string): void {
  const lines = text.split("\n");
  const found = lines.some((line, i) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const isHead = /^\|( ?:?-+:? ?\|)+$/.test(lines[i + 1] ?? "") && lines[i + 2]?.startsWith("|");
    return isHead && columns.every((column) => cells.includes(column));
  });
  assert.ok(found, `no table with the columns ${columns.join(", ")}${says}`);
}

/**
 * Whether a line, or the whole, is an object or a list of JSON, as structured content would be. A
 * block of code may be JSON: a configuration to be copied.
 */
function holdsJson(text: string): boolean {
  const lines = text.replace(/^```.*?^```$/gms, "").split("\n");
  return [text, ...lines].some((line) => {
    try {
      return typeof JSON.parse(line) === "object";
    } catch {
      return false;
    }
  });
}
