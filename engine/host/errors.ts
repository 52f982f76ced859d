/** Callers' mistakes, and the words that say them. */
import { distance } from "fastest-levenshtein";

/**
 * A mistake that the caller can mend: a bad value, a missing file, an impossible combination.
 *
 * The message names the field, the value, what is allowed, and what to do. Anything else that is
 * thrown is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** How Deno begins where an npm package is not in its cache and cannot be fetched. */
const UNFETCHED = /^Failed caching npm package '(.+)@([^@']+)'\s*(?:0: )?(.*)/;

/**
 * What was thrown, as it is to be told: that a package could not be fetched on its first use is
 * nothing that the program did wrong, so it becomes a {@link UserError}. All else is left alone.
 */
export function explained(error: unknown): unknown {
  const found = error instanceof Error ? UNFETCHED.exec(error.message) : null;
  if (!found) return error;
  const [, name, version, reason] = found;
  return new UserError(
    `The npm package ${name} ${version} is needed here for the first time and cannot be fetched ` +
      `(${reason}): run \`deno task setup\` once where the npm registry can be reached, then ask again`,
    { cause: error },
  );
}

let segmenter: Intl.Segmenter | undefined;

/**
 * The first `limit` UTF-16 units of a text at most, ending between two characters as readers see
 * them; `mark` stands for what was cut, and counts.
 */
export function shortened(text: string, limit: number, mark = "..."): string {
  if (text.length <= limit) return text;
  return `${beginning(text, limit - mark.length)}${mark}`;
}

function beginning(text: string, limit: number): string {
  // A character is a few units long; one that goes on for longer is cut between its code points.
  const window = text.slice(0, limit + 64);
  let end = 0;
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { index, segment } of segmenter.segment(window)) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  if (end > 0) return text.slice(0, end);
  const cut = text.slice(0, limit);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** The `count` candidates that differ from `word` by the fewest edits, nearest first. */
export function nearest(word: string, candidates: readonly string[], count: number): string[] {
  return candidates
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
