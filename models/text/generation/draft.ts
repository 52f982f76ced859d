/** The texts of a request while they are being generated. */
import { uniforms } from "../../../engine/host/mod.ts";
import { choose, type Logits } from "./choose.ts";
import type { GenerationRequest, TextFrame, TextModel } from "./types.ts";

export interface Draft {
  /** [count, total]; the first `written` columns are final, and −1 stands for a missing character. */
  readonly tokens: Int32Array;
  /** Number of characters in a text when it is complete. */
  readonly total: number;
  written: number;
  readonly frames: TextFrame[];
  evaluations: number;
}

/** Returns the texts with nothing but their prompt or template. */
export function draftOf({ count, prompt, length, template }: GenerationRequest): Draft {
  const total = template ? template.length : prompt.length + length;
  const tokens = new Int32Array(count * total).fill(-1);
  for (let row = 0; row < count; row++) tokens.set(template ?? prompt, row * total);
  return { tokens, total, written: template ? 0 : prompt.length, frames: [], evaluations: 0 };
}

/**
 * Returns columns `from` to `to` − 1 of every row: [count, width] → [count, to − from], row-major.
 * Returns `values` itself where these are all columns.
 */
export function columns<Values extends Float32Array | Int32Array>(
  values: Values,
  width: number,
  from: number,
  to: number,
): Values {
  if (from === 0 && to === width) return values;
  const count = values.length / width;
  const kept = values.slice(0, count * (to - from)) as Values;
  for (let row = 0; row < count; row++) {
    kept.set(values.subarray(row * width + from, row * width + to), row * (to - from));
  }
  return kept;
}

/** Returns the `length` characters before column `end` of every text, [count, length]. */
export function lastCharacters(
  { tokens, total, written }: Draft,
  length: number,
  end = written,
): Int32Array {
  return columns(tokens, total, end - length, end);
}

/**
 * Returns the logits of the next character, [count, V], conditioned on as much of the text as the context
 * holds.
 */
export async function nextLogits(
  model: TextModel,
  draft: Draft,
  count: number,
): Promise<Float32Array> {
  const { context, vocabularySize: size } = model;
  const length = Math.min(draft.written, context - 1);
  const logits = await model.read!(lastCharacters(draft, length), count, length);
  return columns(logits, (length + 1) * size, length * size, (length + 1) * size);
}

/**
 * Samples the next character of every text, and appends it.
 *
 * @param logitsOf Returns the logits of the next character of a text.
 */
export function appendCharacters(
  draft: Draft,
  request: GenerationRequest,
  logitsOf: (row: number) => Logits,
): void {
  const { seed, count } = request;
  const draws = uniforms({ seed, stream: "text/characters", step: draft.written }, count);
  for (let row = 0; row < count; row++) {
    const place = row * draft.total + draft.written;
    draft.tokens[place] = choose(logitsOf(row), request, draws[row]!);
  }
  draft.written++;
}
