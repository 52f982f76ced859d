/** Text as numbers, one for each frequent piece of a word. */
import { UserError } from "../engine/host/mod.ts";
import { tableOf, type Vocabulary } from "./vocabulary.ts";

/** Words, numbers and punctuation with the space before them, ends of lines, and other spaces: pieces
 * do not go beyond one of these, much as in GPT-2. */
const WORD = / ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\n+|[^\S\n]+(?=[^\S\n])|\s/gu;
/** Every merge goes over the words that it is in, and a text without spaces would be one long word. */
const LONGEST_WORD = 32;
const CUT = new RegExp(`.{1,${LONGEST_WORD}}`, "gsu");

/**
 * A byte-pair vocabulary of the characters and of the pieces that `text` has most of. The characters
 * come first, so that whatever is made of them can be encoded; the same text gives the same
 * vocabulary. The merges are learnt by {@link learnMerges}, and applied to words by the library of
 * Hugging Face, which does not learn them.
 *
 * @param text What the pieces are learnt from.
 * @param size Tokens wanted; there are fewer where no pair of pieces occurs twice.
 * @throws {UserError} If `size` leaves no room beside the characters.
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
      // For its errors: the library leaves out what it does not know.
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

/** The merges at work on one word, the first learnt first. */
async function wordEncoder(
  pieces: readonly string[],
  merges: readonly Merge[],
): Promise<(word: string) => readonly number[]> {
  // Loaded here because few processes need it, and every server's start would wait for it.
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

/** Two pieces that stand side by side and are joined. */
export type Merge = readonly [left: string, right: string];

/** A word as the pieces it consists of, and how often the text has it. */
interface Word {
  pieces: readonly number[];
  readonly count: number;
}

/** What has been seen in how many places. */
interface Pairs {
  readonly counts: Map<number, number>;
  /** Words that have the pair, or had it. */
  readonly words: Map<number, Set<Word>>;
}

/** Tokens are kept in 16 bits, so that a pair of them is a number. */
const RADIX = 2 ** 16;

/**
 * Learns byte-pair merges (Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words
 * with Subword Units", algorithm 1), over code points in place of bytes: time after time the pair
 * that stands side by side most often within words becomes a piece. Of pairs that are equally
 * frequent, the one whose pieces were there first is taken, so that the same words always give the
 * same merges.
 *
 * @param words How often the text has each word; pieces do not go beyond a word.
 * @param characters The pieces to begin with, all characters of the words among them.
 * @param size As many pieces are wanted; it ends sooner where no pair occurs twice.
 * @returns The merges in the order of learning, and the pieces: the characters, then the joined ones.
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
    // Another pair may have made the same piece: "a" with "bc", "ab" with "c".
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

/** Counts a word's pairs in, or out again. */
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

/** None where no pair occurs twice. */
function mostFrequent({ counts }: Pairs): number | undefined {
  let best: number | undefined, most = 1;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) {
      [best, most] = [pair, count];
    }
  }
  return best;
}

/** Every such pair, from the left, as one piece. */
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
