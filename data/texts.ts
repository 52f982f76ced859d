/** Text data sets in memory. */
import { basename } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { readRegularFile, requireRegularFile, sha256 } from "./files.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** An encoded text, split into training and validation parts. */
export interface EncodedText {
  readonly vocabulary: Vocabulary;
  readonly train: Uint16Array;
  readonly validation: Uint16Array;
}

/** A text encoded by characters, split into training and validation parts. */
export interface TextDataset extends EncodedText {
  /** Name of a data set, or path of a file as in the configuration. */
  readonly name: string;
  /** Title, such as "Tiny Shakespeare". */
  readonly title: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly hash: string;
  /** Vocabulary of the whole text, so that neither part has unknown characters. */
  readonly vocabulary: Vocabulary;
  /** The training part: the first nine tenths of the characters, rounded down. */
  readonly train: Uint16Array;
  /** The validation part: the rest. */
  readonly validation: Uint16Array;
  /** Both parts as inputs of networks: encoded by characters, or by a byte-pair vocabulary that was learned
   * from `train`. */
  readonly tokenized: EncodedText;
}

/** A text of which its characters are known, and nothing else: its parts are empty. */
export function vocabularyOnly(
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
 * Encodes a text by characters and splits it as nanoGPT does (`data/shakespeare_char/prepare.py`): the first
 * ⌊0.9·n⌋ characters are for training, the rest for validation.
 *
 * @param context Length of a window in tokens, which both parts must contain.
 * @param vocabularySize Size of the byte-pair vocabulary; 0 for characters.
 * @throws {UserError} If the text is too short, or has more characters than the vocabulary has tokens.
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
    : await withBytePairs(byCharacters, vocabularySize);
  requireWindowsFit(name, tokenized, context);
  return { name, title, hash, ...byCharacters, tokenized };
}

async function withBytePairs(
  { vocabulary, train, validation }: EncodedText,
  vocabularySize: number,
): Promise<EncodedText> {
  const { bytePairVocabulary } = await import("./byte_pair.ts");
  const text = vocabulary.decode(train);
  const pieces = await bytePairVocabulary(vocabulary, text, vocabularySize);
  return {
    vocabulary: pieces,
    train: pieces.encode(text),
    validation: pieces.encode(vocabulary.decode(validation)),
  };
}

/** @throws {UserError} If a part is shorter than a window. */
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
 * Gathers windows of a text as a batch of tokens.
 *
 * @param starts Start of each window, from 0 to `split.length − length`.
 * @param length Number of tokens in a window.
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

/** Largest file in bytes; text, tokens and statistics are held in memory. */
const MOST_BYTES = 2 ** 28;

/**
 * Validates the path of a text before it is opened.
 *
 * @throws {UserError} If it is not a regular file, or is too large.
 */
export function requireTextFile(path: string, info: Deno.FileInfo): void {
  requireRegularFile(path, info, MOST_BYTES);
}

/**
 * Reads a UTF-8 text file. A byte order mark is removed, and line ends become "\n".
 *
 * @throws {UserError} If the file does not exist, is not a regular file, is empty, too large or not UTF-8.
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
 * Decodes UTF-8 (RFC 3629) and removes a byte order mark.
 *
 * @param file Name of the file, for error messages.
 * @throws {UserError} If the encoding is another one; the message names the first invalid position.
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
  // Latin text in UTF-16 without a byte order mark is valid UTF-8 in which every other character is NUL.
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw new UserError(
      `Cannot use ${file}: character ${nul} is a NUL, so it is a binary file or in UTF-16; ` +
        "take a text and save it in UTF-8",
    );
  }
  return text;
}

/** Returns the start of the first invalid sequence, which must exist. */
function firstInvalidByte(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let place = 0;
  for (const valid of text.split("\ufffd")) {
    place += encoder.encode(valid).length;
    // The text itself may contain the replacement character.
    if (bytes.subarray(place, place + 3).toHex() !== "efbfbd") break;
    place += 3;
  }
  return place;
}
