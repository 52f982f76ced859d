/** Texts as they are held in memory. */
import { UserError } from "../engine/host/mod.ts";
import { bytePairVocabulary } from "./byte_pair.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

export type TextDatasetName = "tiny-shakespeare" | "made-up-verse";

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
