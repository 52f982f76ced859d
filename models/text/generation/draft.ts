/** A text in the making. */
import { columns } from "./columns.ts";
import type { TextFrame, TextModel } from "./types.ts";

export interface Draft {
  /** [count, total], filled up to `written`. */
  readonly tokens: Int32Array;
  readonly total: number;
  written: number;
  readonly frames: TextFrame[];
  evaluations: number;
}

/** The last `length` characters written, [count, length]. */
export function lastCharacters(
  { tokens, total, written }: Draft,
  count: number,
  length: number,
): Int32Array {
  const last = new Int32Array(count * length);
  for (let row = 0; row < count; row++) {
    const end = row * total + written;
    last.set(tokens.subarray(end - length, end), row * length);
  }
  return last;
}

/** Logits of the next character, [count, V], given as much of the text as the network sees. */
export async function nextLogits(
  model: TextModel,
  draft: Draft,
  count: number,
): Promise<Float32Array> {
  const length = Math.min(draft.written, model.context - 1);
  const logits = await model.read!(lastCharacters(draft, count, length), count, length);
  const size = model.vocabularySize;
  return columns(logits, count, (length + 1) * size, length * size, (length + 1) * size);
}
