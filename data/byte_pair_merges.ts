/** Which pairs of pieces a byte-pair vocabulary joins. */

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
