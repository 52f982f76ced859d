import assert from "node:assert/strict";
import fc from "fast-check";
import { bytePairVocabulary, learnMerges } from "../../data/byte_pair.ts";
import { splitText } from "../../data/texts.ts";
import { vocabularyOf } from "../../data/vocabulary.ts";

/** The words of Sennrich et al., with an apostrophe, a digit, and what is hard for others. */
const TEXT = "low lower newest widest 's  lowest\n\n\nnewer 10 100 😀😀 ß́\t\u00a0– low. ".repeat(7);
const CHARACTERS = vocabularyOf(TEXT);

/** The pieces of a word by the rule itself: the pair that was learnt first, wherever it is. */
function piecesOf(word: string, merges: readonly (readonly [string, string])[]): string[] {
  let pieces = [...word];
  for (;;) {
    const found = merges.find(([left, right]) =>
      pieces.some((piece, i) => piece === left && pieces[i + 1] === right)
    );
    if (!found) return pieces;
    const joined: string[] = [];
    for (let i = 0; i < pieces.length; i++) {
      if (pieces[i] === found[0] && pieces[i + 1] === found[1]) {
        joined.push(found.join(""));
        i++;
      } else joined.push(pieces[i]!);
    }
    pieces = joined;
  }
}

Deno.test("learnMerges() learns the merges of Sennrich et al.'s example", () => {
  const words = new Map([["low", 5], ["lower", 2], ["newest", 6], ["widest", 3]]);
  const { merges, pieces } = learnMerges(words, [..."deilnorstw"], 16);
  // Counted by hand: es 9 (st 9 is later in the alphabet), est 9, lo 7, low 7, then ew, n‿ew with 6.
  assert.deepEqual(merges, [
    ["e", "s"],
    ["es", "t"],
    ["l", "o"],
    ["lo", "w"],
    ["e", "w"],
    ["n", "ew"],
  ]);
  assert.deepEqual(pieces, [..."deilnorstw", "es", "est", "lo", "low", "ew", "new"]);
});

Deno.test("learnMerges() joins from the left, and ends where no pair occurs twice", () => {
  const { merges, pieces } = learnMerges(new Map([["aaaaa", 1], ["b", 9]]), ["a", "b"], 100);
  // aa·aa·a: now aa+aa and aa+a occur once each.
  assert.deepEqual(merges, [["a", "a"]]);
  assert.deepEqual(pieces, ["a", "b", "aa"]);
});

Deno.test("bytePairVocabulary() is the same every time, with all characters first", async () => {
  const make = () => bytePairVocabulary(CHARACTERS, TEXT, CHARACTERS.size + 12);
  const [a, b] = [await make(), await make()];
  assert.deepEqual(a.pieces, b.pieces);
  assert.deepEqual(a.encode(TEXT), b.encode(TEXT));
  assert.deepEqual(a.pieces.slice(0, CHARACTERS.size), CHARACTERS.characters);
  assert.equal(a.size, CHARACTERS.size + 12);
  assert.deepEqual([...a.lengths], a.pieces.map((piece) => [...piece].length));
  assert.ok(a.encode(TEXT).length < CHARACTERS.encode(TEXT).length / 1.4);
});

Deno.test("decode() undoes encode() for any text of known characters", async () => {
  const vocabulary = await bytePairVocabulary(CHARACTERS, TEXT, CHARACTERS.size + 30);
  const text = fc.array(fc.constantFrom(...CHARACTERS.characters, "low", "est", "  ", "\n"))
    .map((parts) => parts.join(""));
  fc.assert(fc.property(text, (text) => {
    const tokens = vocabulary.encode(text);
    assert.equal(vocabulary.decode(tokens), text);
    const characters = tokens.reduce((sum, token) => sum + vocabulary.lengths[token]!, 0);
    assert.equal(characters, [...text].length);
  }));
});

Deno.test("encode() joins the pair that was learnt first, as the definition says", async () => {
  const words = ["abcabcabacbbcaabccabcbabcaabbcb", "bcabaccaabcbcbabcaabcabcc", "cabbacabcacbabc"];
  // Ends of lines are words of their own, which have no pairs.
  const text = words.join("\n");
  const characters = vocabularyOf(text);
  const { merges } = learnMerges(
    new Map(words.map((word) => [word, 1])),
    characters.characters,
    16,
  );
  const vocabulary = await bytePairVocabulary(characters, text, 16);
  assert.ok(merges.length >= 7, `${merges.length}`);
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."abc"), minLength: 1 }), (word) => {
    const pieces = Array.from(vocabulary.encode(word), (token) => vocabulary.pieces[token]);
    assert.deepEqual(pieces, piecesOf(word, merges));
  }));
});

Deno.test("a text without spaces is cut into words of at most 32 characters", async () => {
  const text = "ab".repeat(200);
  const vocabulary = await bytePairVocabulary(vocabularyOf(text), text, 100);
  assert.deepEqual([...vocabulary.lengths], [1, 1, 2, 4, 8, 16, 32]);
  assert.equal(vocabulary.decode(vocabulary.encode(text)), text);
});

Deno.test("encode() names characters outside of a byte-pair vocabulary, and makes nothing of them", async () => {
  const vocabulary = await bytePairVocabulary(CHARACTERS, TEXT, CHARACTERS.size + 5);
  assert.throws(() => vocabulary.encode("low é"), {
    name: "UserError",
    message: /characters outside the vocabulary: "é" \(U\+00E9\) at position 4, write "e"/,
  });
});

Deno.test("a vocabulary without room beside the characters is refused with what there is", async () => {
  await assert.rejects(bytePairVocabulary(CHARACTERS, TEXT, CHARACTERS.size), {
    name: "UserError",
    message:
      `vocabulary_size is ${CHARACTERS.size}, but the text has ${CHARACTERS.size} different ` +
      `characters, which are all tokens: use 0 for characters alone, or more than ${CHARACTERS.size}`,
  });
});

Deno.test("a text's pieces are learnt from what trains, and both parts are spelled with them", async () => {
  const of = async (held: string) => {
    const text = "the cat and the hat ".repeat(45) + held;
    return await splitText({ name: "a", title: "a", hash: "", text }, 8, 20);
  };
  const held = "cat hat ".repeat(13).slice(0, 100);
  const [text, other] = [await of(held), await of("n".repeat(100))];
  assert.deepEqual(text.tokenized.vocabulary.pieces, other.tokenized.vocabulary.pieces);
  const { vocabulary, train, validation } = text.tokenized;
  assert.equal(vocabulary.decode(train), "the cat and the hat ".repeat(45));
  assert.equal(vocabulary.decode(validation), held);
  assert.equal(text.vocabulary.decode(text.validation), held);
  const characters = await splitText({ name: "a", title: "a", hash: "", text: held }, 8);
  assert.equal(characters.tokenized.train, characters.train);
});

Deno.test("a text whose tokens are too few for the context is refused with what to do", async () => {
  const text = "the cat and the hat ".repeat(50);
  await assert.rejects(splitText({ name: "a", title: "a", hash: "", text }, 90, 40), {
    name: "UserError",
    message:
      /^Cannot use a: \d+ pieces make \d+ tokens of it, of which \d+ validate, and windows of 90 /,
  });
});
