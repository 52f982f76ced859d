/** What must have reached the model. */
import assert from "node:assert/strict";
import type { Assistant } from "./assistants/mod.ts";
import { READ_RESOURCE, type ScriptedCall } from "./conversation.ts";
import type { ListedTool, ToolResult } from "./model_apis/mod.ts";

/** The answer to a call reached the model, says in Markdown what it must, and holds its pictures. */
export function assertAnswered(
  assistant: Assistant,
  call: ScriptedCall,
  result: ToolResult | undefined,
): void {
  assert.ok(result, `${call.tool}: the assistant gave its model no result`);
  const text = assistant.unwrap?.(result.text) ?? result.text;
  const says = `\n\nThe model was given:\n${text}`;
  for (const pattern of call.says) assert.ok(pattern.test(text), `${pattern} is missing${says}`);
  if (call.tool === READ_RESOURCE) return;
  assert.ok(!holdsJson(text), `JSON stands where text should${says}`);
  if (call.columns) assertTable(text, call.columns, says);
  if (!call.fails) assert.match(text, /^Next: /m, `the answer's end is missing${says}`);
  if (call.picture && assistant.showsPictures) assert.ok(result.pictures > 0, "no picture");
}

/** Bytes that the tools take of a model's context at most, as the assistant declares them. */
const MOST_BYTES = 20_000;
/** Codex drops every description of a tool whose schema is above 5,000 bytes. */
const MOST_BYTES_OF_ONE = 4_800;

/**
 * The declarations are small, and those of no tool have lost their descriptions.
 *
 * @param added - Bytes that the assistant adds to each declaration by itself.
 */
export function assertDeclared(tools: readonly ListedTool[], added: number): void {
  const own = tools.map(({ name, bytes }) => ({ name, bytes: bytes - added }));
  const all = own.reduce((sum, { bytes }) => sum + bytes, 0);
  const says = own.map(({ name, bytes }) => `${name}: ${bytes}`).join("\n");
  assert.ok(all <= MOST_BYTES, `${all} bytes of tools:\n${says}`);
  assert.ok(own.every(({ bytes }) => bytes <= MOST_BYTES_OF_ONE), says);
  for (const { name, descriptions } of tools) assert.ok(descriptions > 1, `${name} is bare`);
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
