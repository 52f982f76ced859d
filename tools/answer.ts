/** Answers of tools: text and pictures within what clients show their models, which is 25,000 tokens. */
import { explained, shortened, UserError } from "../engine/host/mod.ts";
import type { CallToolResult, ImageContent } from "@modelcontextprotocol/server";

/**
 * Bytes of text in one answer. A token of Markdown tables, the densest text we send, is two bytes or
 * more, so these are at most 20,000 tokens; the other 5,000 are for a picture.
 */
export const MOST_BYTES = 40_000;
/** Bytes of an error's text: it names what is wrong, and needs no more. */
const MOST_ERROR_BYTES = 4_000;

/** The first and the last lines of an answer. */
export interface Frame {
  /** The result, in one or two sentences. */
  readonly summary: string;
  /** Suggested next calls. */
  readonly next: readonly string[];
  /** Page for the person; null where no viewer is up. */
  readonly viewerUrl: string | null;
  /** Where the whole body can be read if it is too long for an answer. */
  readonly rest?: string | undefined;
}

/**
 * An answer: text that says everything, since some clients show their model nothing else, and what
 * can be seen beside it. Empty parts of the body are left out, and the longest are cut where the whole
 * would be more than clients show their models.
 */
export function answer(
  { summary, next, viewerUrl, rest }: Frame,
  body: readonly string[] = [],
  beside: CallToolResult["content"] = [],
): CallToolResult {
  const parts = [
    summary,
    ...body.filter((part) => part !== ""),
    ...(next.length > 0 ? [`Next: ${next.join("; ")}`] : []),
    ...(viewerUrl ? [`Show the person: ${viewerUrl}`] : []),
  ];
  const between = "\n\n";
  const room = MOST_BYTES - between.length * (parts.length - 1);
  const text = bounded(parts, room, rest).join(between);
  return { content: [{ type: "text", text: text.toWellFormed() }, ...beside] };
}

/** A PNG as the assistant sees it. */
export function picture(png: Uint8Array): ImageContent {
  return { type: "image", mimeType: "image/png", data: png.toBase64() };
}

/** A mistake of the caller's is explained; one of ours is named as such and logged. */
export function errorResult(tool: string, failure: unknown): CallToolResult {
  const error = explained(failure);
  const text = error instanceof UserError
    ? `${tool}: ${error.message}`
    : `${tool}: Internal: ${error instanceof Error ? error.message : String(error)}`;
  if (!(error instanceof UserError)) console.error(`${tool}:`, error);
  const [told] = bounded([text.toWellFormed()], MOST_ERROR_BYTES);
  return { content: [{ type: "text", text: told! }], isError: true };
}

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * The parts of a text, the longest of them cut so that all together have at most `limit` bytes. Short
 * parts stay whole. A cut part ends between two characters, at the end of a line where one is near,
 * and a line below it says how much is missing and where the rest is.
 *
 * @param rest Where all of it can be read, or how; "" where nowhere.
 */
export function bounded(parts: readonly string[], limit: number, rest = ""): string[] {
  const sizes = parts.map(bytesOf);
  if (sum(sizes) <= limit) return [...parts];
  const most = levelOf(sizes, limit);
  return parts.map((part, i) => sizes[i]! <= most ? part : cut(part, sizes[i]!, most, rest));
}

/** The size to which the larger ones have to come down so that the sum is at most `limit`. */
function levelOf(sizes: readonly number[], limit: number): number {
  const rising = sizes.toSorted((a, b) => a - b);
  let left = limit;
  for (const [i, size] of rising.entries()) {
    const share = Math.floor(left / (rising.length - i));
    if (size > share) return share;
    left -= size;
  }
  return Infinity;
}

function cut(text: string, size: number, limit: number, rest: string): string {
  const mark = (kept: number) =>
    `\n... (cut here: ${kept} of ${size} bytes${rest === "" ? "" : `; all of it: ${rest}`})`;
  const room = limit - bytesOf(mark(size));
  if (room <= 0) return "";
  const { read } = encoder.encodeInto(text, new Uint8Array(room));
  const characters = shortened(text, read, "");
  const lineEnd = characters.lastIndexOf("\n");
  const kept = lineEnd > characters.length / 2 ? characters.slice(0, lineEnd) : characters;
  return kept + mark(bytesOf(kept));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
