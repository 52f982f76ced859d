/** Text as numbers, one for each frequent piece of a word. */
import { UserError } from "../engine/host/mod.ts";
import { learnMerges, type Merge } from "./byte_pair_merges.ts";
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
