/** Texts as they are held in memory. */
import { basename } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { bytePairVocabulary } from "./byte_pair.ts";
import { readRegularFile, requireRegularFile, sha256 } from "./files.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** A text, encoded, in two parts. */
export interface EncodedText {
  readonly vocabulary: Vocabulary;
  readonly train: Uint16Array;
  readonly validation: Uint16Array;
}

/** A text, encoded by its characters, in two parts. */
export interface TextDataset extends EncodedText {
  /** A name of ours, or the path of a file as it was given. */
  readonly name: string;
  /** For people: "Tiny Shakespeare". */
  readonly title: string;
  /** SHA-256, in hexadecimal, of the file's bytes. */
  readonly hash: string;
  /** Of the whole text, so that neither part has unknown characters. */
  readonly vocabulary: Vocabulary;
  /** The first nine tenths of the characters, rounded down. */
  readonly train: Uint16Array;
  /** The rest. */
  readonly validation: Uint16Array;
  /** The same two parts as networks read them: by characters too, or by the pieces of a byte-pair
   * vocabulary that was learnt from `train`. */
  readonly tokenized: EncodedText;
}

/** A text of which its characters are known, and nothing else: its parts are empty. */
export function vocabularyAlone(
  { name, hash, characters }: Pick<RawText, "name" | "hash"> & { readonly characters: string },
): TextDataset {
  const vocabulary = vocabularyOf(characters);
  const empty = { vocabulary, train: new Uint16Array(), validation: new Uint16Array() };
  return { name, title: name, hash, ...empty, tokenized: empty };
}

/** A text before it is encoded. */
export interface RawText {
  readonly name: string;
  readonly title: string;
  readonly hash: string;
  readonly text: string;
}

/**
 * Encodes a text by the characters it has, and splits it as nanoGPT does (`data/shakespeare_char/
 * prepare.py`): the first ⌊0.9·n⌋ characters train, the rest validates.
 *
 * @param context The longest window, in tokens, that each part must hold.
 * @param vocabularySize Of the byte-pair vocabulary for networks; 0 gives them the characters.
 * @throws {UserError} If the text is too short for that, or has too many characters for the
 * vocabulary.
 */
export async function splitText(
  { name, title, hash, text }: RawText,
  context: number,
  vocabularySize = 0,
): Promise<TextDataset> {
  if (!(Number.isInteger(context) && context >= 1)) {
    throw new UserError(
      `Cannot load ${name}: \`context\` is ${context}, it must be an integer from 1`,
    );
  }
  const vocabulary = vocabularyOf(text);
  const tokens = vocabulary.encode(text);
  const trainLength = Math.floor(tokens.length * 0.9);
  const validationLength = tokens.length - trainLength;
  if (Math.min(trainLength, validationLength) < context) {
    throw new UserError(
      `Cannot use ${name}: it has ${tokens.length} characters, of which ${validationLength} ` +
        `validate, and windows of ${context} do not fit; take a text of at least ` +
        `${10 * context} characters${context > 1 ? " or a shorter context" : ""}`,
    );
  }
  const byCharacters: EncodedText = {
    vocabulary,
    train: tokens.subarray(0, trainLength),
    validation: tokens.subarray(trainLength),
  };
  const tokenized = vocabularySize === 0
    ? byCharacters
    : await byPieces(byCharacters, vocabularySize);
  requireWindowsFit(name, tokenized, context);
  return { name, title, hash, ...byCharacters, tokenized };
}

async function byPieces(
  { vocabulary, train, validation }: EncodedText,
  vocabularySize: number,
): Promise<EncodedText> {
  const text = vocabulary.decode(train);
  const pieces = await bytePairVocabulary(vocabulary, text, vocabularySize);
  return {
    vocabulary: pieces,
    train: pieces.encode(text),
    validation: pieces.encode(vocabulary.decode(validation)),
  };
}

/** @throws {UserError} If a part has fewer tokens than a window. */
function requireWindowsFit(
  name: string,
  { vocabulary, train, validation }: EncodedText,
  context: number,
): void {
  if (Math.min(train.length, validation.length) >= context) return;
  throw new UserError(
    `Cannot use ${name}: ${vocabulary.size} pieces make ${
      train.length + validation.length
    } tokens ` +
      `of it, of which ${validation.length} validate, and windows of ${context} do not fit; take a ` +
      "longer text, a shorter context or a smaller vocabulary_size",
  );
}

/**
 * Windows of a text, as a batch of tokens.
 *
 * @param starts Where each window begins, from 0 to `split.length − length`.
 * @param length Tokens in one window.
 * @returns Row-major [starts.length, length].
 */
export function gatherWindows(
  split: Uint16Array,
  starts: ArrayLike<number>,
  length: number,
): Int32Array {
  const windows = new Int32Array(starts.length * length);
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    if (!(Number.isInteger(start) && start >= 0 && start + length <= split.length)) {
      throw new RangeError(
        `Internal: a window of ${length} from ${start} is not within the ${split.length} tokens`,
      );
    }
    windows.set(split.subarray(start, start + length), i * length);
  }
  return windows;
}

/** A text, its tokens and its statistics are held in memory. */
const MOST_BYTES = 2 ** 28;

/**
 * Checks what the path of a text leads to, before it is opened.
 *
 * @throws {UserError} If it is not a regular file, or is too large.
 */
export function requireTextFile(path: string, info: Deno.FileInfo): void {
  requireRegularFile(path, info, MOST_BYTES);
}

/**
 * Reads a text file in UTF-8. A byte order mark is dropped, and line ends become "\n".
 *
 * @throws {UserError} If there is no such file, or it is no regular one, empty, too large or not UTF-8.
 */
export async function readTextFile(path: string): Promise<RawText> {
  const bytes = await readBytes(path);
  const text = decodeUtf8(bytes, path).replaceAll(/\r\n?/g, "\n");
  if (text === "") throw new UserError(`Cannot use ${path}: it is empty`);
  return { name: path, title: basename(path), hash: sha256(bytes), text };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MOST_BYTES);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(
        `Cannot find the text file ${path}: the working directory is ${Deno.cwd()}`,
      );
    }
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/**
 * The text that bytes hold in UTF-8 (RFC 3629), without a byte order mark.
 *
 * @param file The file's name, for the message.
 * @throws {UserError} If they are in another encoding, with the first place that shows it.
 */
export function decodeUtf8(bytes: Uint8Array, file: string): string {
  const mark = bytes.subarray(0, 2).toHex();
  if (mark === "fffe" || mark === "feff") {
    throw new UserError(`Cannot use ${file}: it is in UTF-16, save it in UTF-8`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const place = firstInvalidByte(bytes);
    throw new UserError(
      `Cannot use ${file}: it is not UTF-8, byte ${place} is 0x${
        bytes.subarray(place, place + 1).toHex()
      }; save it in UTF-8, for example with \`iconv -f WINDOWS-1252 -t UTF-8\``,
    );
  }
  // Latin text in UTF-16 without its mark is valid UTF-8, with every other character a NUL.
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw new UserError(
      `Cannot use ${file}: character ${nul} is a NUL, so it is a binary file or in UTF-16; ` +
        "take a text and save it in UTF-8",
    );
  }
  return text;
}

/** Where the first sequence begins that is no character. There is one. */
function firstInvalidByte(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let place = 0;
  for (const valid of text.split("\ufffd")) {
    place += encoder.encode(valid).length;
    // The replacement character may also stand in the text itself.
    if (bytes.subarray(place, place + 3).toHex() !== "efbfbd") break;
    place += 3;
  }
  return place;
}
