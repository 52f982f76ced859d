/** Byte-pair vocabularies. */
import { UserError } from "../engine/host/mod.ts";
import { tableOf, type Vocabulary } from "./vocabulary.ts";

/** Pre-tokenisation, similar to GPT-2: words, numbers and punctuation with the space before them, line
 * breaks, and other white space. Tokens do not cross these boundaries. */
const WORD = / ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\n+|[^\S\n]+(?=[^\S\n])|\s/gu;
/** Longest word: the cost of a merge grows with the length of words, and a text may have no spaces. */
const LONGEST_WORD = 32;
const CUT = new RegExp(`.{1,${LONGEST_WORD}}`, "gsu");

/**
 * Returns a byte-pair vocabulary: all characters, followed by the most frequent merged tokens of `text`.
 * The same text always gives the same vocabulary. The merges are learned by {@link learnMerges} and
 * applied by the tokenizers library of Hugging Face, whose JavaScript version does not learn them.
 *
 * @param text The text to learn the merges from.
 * @param size Number of tokens; there are fewer if no pair of tokens occurs twice.
 * @throws {UserError} If `size` is not larger than the number of characters.
 */
export async function bytePairVocabulary(
  characters: Vocabulary,
  text: string,
  size: number,
): Promise<Vocabulary> {
  if (size <= characters.size) {
    throw new UserError(
      `vocabulary_size is ${size}, but the text has ${characters.size} different characters, which ` +
        `are all tokens: use 0 for characters alone, or more than ${characters.size}`,
    );
  }
  const { merges, pieces } = learnMerges(counted(wordsOf(text)), characters.characters, size);
  const encodeWord = await wordEncoder(pieces, merges);
  const known = new Map<string, readonly number[]>();
  return {
    ...tableOf(pieces),
    characters: characters.characters,
    encode(text) {
      // Reports unknown characters, which the library would drop silently.
      const encoded = characters.encode(text);
      let length = 0;
      for (const word of wordsOf(text)) {
        let tokens = known.get(word);
        if (!tokens) known.set(word, tokens = encodeWord(word));
        encoded.set(tokens, length);
        length += tokens.length;
      }
      return encoded.slice(0, length);
    },
  };
}

function wordsOf(text: string): string[] {
  return (text.match(WORD) ?? []).flatMap((word) =>
    word.length > LONGEST_WORD ? word.match(CUT)! : word
  );
}

function counted(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Returns a function that applies the merges to a word, in the order in which they were learned. */
async function wordEncoder(
  pieces: readonly string[],
  merges: readonly Merge[],
): Promise<(word: string) => readonly number[]> {
  // Loaded on demand: few processes need it, and it would delay the start of every server.
  const { Tokenizer } = await import("@huggingface/tokenizers");
  const tokenizer = new Tokenizer({
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      vocab: Object.fromEntries(pieces.map((piece, token) => [piece, token])),
      merges,
      ignore_merges: false,
    },
  }, {});
  return (word) => tokenizer.encode(word, { add_special_tokens: false }).ids;
}

/** Two adjacent tokens that are merged. */
type Merge = readonly [left: string, right: string];

/** A word as a list of tokens, with its frequency in the text. */
interface Word {
  pieces: readonly number[];
  readonly count: number;
}

/** Pairs of adjacent tokens with their frequencies. */
interface Pairs {
  readonly counts: Map<number, number>;
  /** Words that contain the pair, or did so before a merge. */
  readonly words: Map<number, Set<Word>>;
}

/** Tokens have 16 bits, so a pair of tokens fits in one number. */
const RADIX = 2 ** 16;

/**
 * Learns byte-pair merges (Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words
 * with Subword Units", algorithm 1) over code points instead of bytes: the most frequent pair of adjacent
 * tokens within words is merged repeatedly. Ties are resolved in favour of the pair whose tokens are
 * older, so that the result is deterministic.
 *
 * @param words Frequency of each word; merges do not cross word boundaries.
 * @param characters The initial tokens, which must include all characters of the words.
 * @param size Number of tokens; learning ends earlier if no pair occurs twice.
 * @returns The merges in the order of learning, and the tokens: the characters, then the merged ones.
 */
export function learnMerges(
  words: ReadonlyMap<string, number>,
  characters: readonly string[],
  size: number,
): { merges: readonly Merge[]; pieces: readonly string[] } {
  const pieces = [...characters];
  const tokens = new Map(pieces.map((piece, token) => [piece, token]));
  const pairs: Pairs = { counts: new Map(), words: new Map() };
  for (const [text, count] of words) {
    note(pairs, { pieces: Array.from(text, (character) => tokens.get(character)!), count }, 1);
  }
  const merges = new Map<number, Merge>();
  while (pieces.length < size) {
    const pair = mostFrequent(pairs);
    if (pair === undefined) break;
    const [left, right] = [Math.floor(pair / RADIX), pair % RADIX];
    const merge: Merge = [pieces[left]!, pieces[right]!];
    merges.set(pair, merge);
    const piece = merge.join("");
    // Another pair may have produced the same token: "a" with "bc", "ab" with "c".
    const joined = tokens.get(piece) ?? pieces.push(piece) - 1;
    tokens.set(piece, joined);
    for (const word of pairs.words.get(pair)!) {
      note(pairs, word, -1);
      word.pieces = join(word.pieces, left, right, joined);
      note(pairs, word, 1);
    }
    pairs.words.delete(pair);
  }
  return { merges: [...merges.values()], pieces };
}

/** Adds the pairs of a word to the counts, or subtracts them. */
function note({ counts, words }: Pairs, word: Word, sign: 1 | -1): void {
  for (let i = 1; i < word.pieces.length; i++) {
    const pair = word.pieces[i - 1]! * RADIX + word.pieces[i]!;
    const count = (counts.get(pair) ?? 0) + sign * word.count;
    if (count === 0) counts.delete(pair);
    else counts.set(pair, count);
    if (sign < 0) continue;
    const known = words.get(pair);
    if (known) known.add(word);
    else words.set(pair, new Set([word]));
  }
}

/** Returns the most frequent pair, or undefined if no pair occurs twice. */
function mostFrequent({ counts }: Pairs): number | undefined {
  let best: number | undefined, most = 1;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) {
      [best, most] = [pair, count];
    }
  }
  return best;
}

/** Replaces every occurrence of a pair, from the left, by the merged token. */
function join(pieces: readonly number[], left: number, right: number, joined: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < pieces.length; i++) {
    if (pieces[i] === left && pieces[i + 1] === right) {
      result.push(joined);
      i++;
    } else result.push(pieces[i]!);
  }
  return result;
}
