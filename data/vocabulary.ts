/** Vocabularies of characters. */
import { UserError } from "../engine/host/mod.ts";

/** A vocabulary: the tokens of a text and their encoding. */
export interface Vocabulary {
  /** The characters: Unicode code points in ascending order. */
  readonly characters: readonly string[];
  /** The text of each token: single characters and, for byte-pair vocabularies, longer strings. */
  readonly pieces: readonly string[];
  /** Number of characters of each token, [size]. */
  readonly lengths: Uint16Array;
  /** Number of tokens. */
  readonly size: number;
  /**
   * Encodes a text. In a vocabulary of characters each code point is one token.
   *
   * @throws {UserError} If the text has characters outside of the vocabulary; the message names them, their
   * positions and possible replacements.
   */
  encode(text: string): Uint16Array;
  /** Decodes tokens. */
  decode(tokens: ArrayLike<number>): string;
}

/** Largest size of a vocabulary; tokens have 16 bits. */
const MOST_CHARACTERS = 2 ** 16;
/** Largest number of unknown characters that an error names. */
const MOST_NAMED = 5;

/**
 * Returns the vocabulary of a text: its distinct code points in ascending order.
 *
 * @throws {UserError} If there are more than 65,536.
 */
export function vocabularyOf(text: string): Vocabulary {
  const characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (characters.length > MOST_CHARACTERS) {
    throw new UserError(
      `Cannot make a vocabulary: the text has ${characters.length} different characters, ` +
        `the most is ${MOST_CHARACTERS}; is it a text?`,
    );
  }
  const tokens = new Map(characters.map((character, token) => [character, token]));
  return {
    ...tableOf(characters),
    characters,
    encode(text) {
      const encoded = new Uint16Array(text.length);
      let length = 0;
      for (const character of text) {
        const token = tokens.get(character);
        if (token === undefined) throw unknownCharacters(text, characters);
        encoded[length++] = token;
      }
      return length === encoded.length ? encoded : encoded.slice(0, length);
    },
  };
}

/** Returns the parts of a vocabulary that follow from its tokens. */
export function tableOf(
  pieces: readonly string[],
): Pick<Vocabulary, "pieces" | "lengths" | "size" | "decode"> {
  return {
    pieces,
    lengths: Uint16Array.from(pieces, (piece) => [...piece].length),
    size: pieces.length,
    decode(tokens) {
      const text: string[] = [];
      for (let i = 0; i < tokens.length; i++) {
        const piece = pieces[tokens[i]!];
        if (piece === undefined) {
          throw new RangeError(
            `Internal: token ${tokens[i]} does not exist, there are ${pieces.length}`,
          );
        }
        text.push(piece);
      }
      return text.join("");
    },
  };
}

/** Plain replacements of typographic characters. */
const PLAINER: Readonly<Record<string, string>> = {
  "‘": "'",
  "’": "'",
  "`": "'",
  "“": '"',
  "”": '"',
  "–": "-",
  "—": "-",
  "…": ".",
  "\t": " ",
  "\u00a0": " ",
  "\r": "\n",
};

function unknownCharacters(text: string, characters: readonly string[]): UserError {
  const known = new Set(characters);
  const places = new Map<string, number>();
  [...text].forEach((character, i) => {
    if (!known.has(character) && !places.has(character)) places.set(character, i);
  });
  const named = [...places].slice(0, MOST_NAMED).map(([character, place]) => {
    const replacement = nearest(character, known);
    const instead = replacement === undefined ? "" : `, write ${quoted(replacement)} instead`;
    return `${quoted(character)} at position ${place}${instead}`;
  });
  const more = places.size > MOST_NAMED ? `; and ${places.size - MOST_NAMED} more` : "";
  return new UserError(
    `Cannot encode the text: it has characters outside the vocabulary: ${
      named.join("; ")
    }${more}. ` +
      `The vocabulary is ${describeCharacters(characters)}`,
  );
}

/** Returns a known character that is similar to this one: plain instead of typographic, without accents, or
 * in the other case. */
function nearest(character: string, known: ReadonlySet<string>): string | undefined {
  const plain = PLAINER[character] ?? character.normalize("NFKD").replace(/\p{M}/gu, "");
  const candidates = [plain, plain.toLowerCase(), plain.toUpperCase()];
  return candidates.find((candidate) => known.has(candidate));
}

/** Returns a character with its code point, so that invisible characters can be identified. */
function quoted(character: string): string {
  const point = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return `${JSON.stringify(character)} (U+${point})`;
}

/** Lists characters with ranges such as a to z, up to a hundred. */
function describeCharacters(characters: readonly string[]): string {
  const runs: string[][] = [];
  for (const character of characters) {
    const run = runs.at(-1);
    const previous = run?.at(-1)?.codePointAt(0);
    if (previous !== undefined && character.codePointAt(0) === previous + 1) run!.push(character);
    else runs.push([character]);
  }
  const names = runs.flatMap((run) =>
    run.length > 3 ? [`${printable(run[0]!)} to ${printable(run.at(-1)!)}`] : run.map(printable)
  );
  const shown = names.slice(0, 100).join(" ");
  return names.length > 100 ? `${shown} …` : shown;
}

const printable = (character: string) =>
  /[\p{Z}\p{C}]/u.test(character) ? JSON.stringify(character) : character;
