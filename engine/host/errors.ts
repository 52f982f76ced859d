/** Errors of callers, and the wording of messages: near names, lists, counts and durations. */
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

/** Deno's message for an npm package that is not in its cache and cannot be fetched. */
const UNFETCHED = /^Failed caching npm package '(.+)@([^@']+)'\s*(?:0: )?(.*)/;

/** What SQLite, Deno and Node say of a disk without room, and of one that cannot be written. */
const FULL_DISK = /database or disk is full|no space left on device|disk quota exceeded/i;
const READ_ONLY_DISK = /attempt to write a readonly database|read-only file system/i;

/**
 * Returns what was thrown as it is to be told. A package that could not be fetched on its first use,
 * and a disk that cannot be written, are no faults of the program, so they become a {@link UserError}.
 * All else is left alone.
 */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const message = explanationOf(error.message);
  return message === undefined ? error : new UserError(message, { cause: error });
}

function explanationOf(message: string): string | undefined {
  if (FULL_DISK.test(message)) {
    return `There is no room left on the disk (${message}): free some, then ask again; what was ` +
      "stored before is still there";
  }
  if (READ_ONLY_DISK.test(message)) {
    return `Nothing can be written there (${message}): make the folder writable, or start the ` +
      "server with another --workspace";
  }
  const [, name, version, reason] = UNFETCHED.exec(message) ?? [];
  return name === undefined
    ? undefined
    : `The npm package ${name} ${version} is needed here for the first time and cannot be fetched ` +
      `(${reason}): run \`deno task setup\` once where the npm registry can be reached, then ask again`;
}

/**
 * Makes a thing when it is first needed, and keeps it. A failure is not kept: what could not be
 * loaded may be had the next time.
 */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
}

/** Returns what a look-up finds; undefined where it throws a {@link UserError}. */
export function orUndefined<Found>(lookUp: () => Found): Found | undefined {
  try {
    return lookUp();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
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

/** The part of a word's letters that may be wrong before another word is no longer what was meant. */
const MISSPELT = 0.4;
/** Letters that a whole part of a name needs to tell something. */
const TELLING = 3;

/** ": did you mean steps?", or "" where no candidate has enough in common with the word. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const candidate = closestCandidate(word, candidates);
  return candidate === undefined ? "" : `: did you mean ${candidate}?`;
}

/**
 * The candidate that was probably meant by a word: one that the word begins or that begins it, one
 * that differs in few letters, or one that shares a whole part ("guidance" and "guidance_scale");
 * undefined where no candidate has that much in common with it.
 */
function closestCandidate(word: string, candidates: readonly string[]): string | undefined {
  const small = word.toLowerCase();
  const begun = candidates.find((candidate) =>
    small !== "" && (candidate.toLowerCase().startsWith(small) || small.startsWith(candidate))
  );
  if (begun !== undefined) return begun;
  const [near] = nearest(small, candidates, 1);
  if (near === undefined) return undefined;
  const letters = Math.max(small.length, near.length);
  if (distance(small, near.toLowerCase()) <= MISSPELT * letters) return near;
  const parts = partsOf(small);
  return candidates.find((candidate) => partsOf(candidate).some((part) => parts.includes(part)));
}

function partsOf(name: string): string[] {
  return name.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((part) => part.length >= TELLING);
}

const lists = new Intl.ListFormat("en-GB");

/**
 * "a, b and c"; a longer list ends in the number of the others, "a, b and 7 more".
 *
 * @param most Largest number of words that are named.
 */
export function listed(words: readonly string[], most = 10): string {
  const left = words.length - most;
  return lists.format(left > 0 ? [...words.slice(0, most), `${left} more`] : words);
}

/** The text with a capital letter at its beginning. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The text with a small letter at its beginning. */
export function uncapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** "one run", "4 runs". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : `${count} ${plural}`;
}

const lasting = new Intl.DurationFormat("en", { style: "short" });
const inSeconds = new Intl.DurationFormat("en", {
  style: "short",
  secondsDisplay: "always",
  milliseconds: "numeric",
});

/** "0.4 sec", "45 sec", "12 min", "3 hr, 5 min", "2 days, 4 hr"; "unknown" for what is no duration. */
export function duration(seconds: number): string {
  if (!(seconds >= 0 && seconds < Infinity)) return "unknown";
  if (seconds < 90) {
    const tenths = seconds < 9.95 ? Math.round(10 * seconds) : 10 * Math.round(seconds);
    return inSeconds.format({
      seconds: Math.floor(tenths / 10),
      milliseconds: 100 * (tenths % 10),
    });
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return lasting.format({ minutes });
  const hours = Math.round(minutes / 60);
  return hours < 36
    ? lasting.format({ hours: Math.floor(minutes / 60), minutes: minutes % 60 })
    : lasting.format({ days: Math.floor(hours / 24), hours: hours % 24 });
}
