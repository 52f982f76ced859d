/** The one place that keeps answers within what clients show their models: 25,000 tokens. */
import { shortened } from "../engine/host/mod.ts";

/**
 * Bytes of text in one answer. A token of Markdown tables, the densest text we send, is two bytes or
 * more, so these are at most 20,000 tokens; the other 5,000 are for a picture.
 */
export const MOST_BYTES = 40_000;
/** Bytes of an error's text: it names what is wrong, and needs no more. */
export const MOST_ERROR_BYTES = 4_000;

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
