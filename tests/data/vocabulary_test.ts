import assert from "node:assert/strict";
import { vocabularyOf } from "../../data/vocabulary.ts";

const refused = (work: () => unknown, message: string | RegExp) =>
  assert.throws(work, { name: "UserError", message });

Deno.test("vocabularyOf() sorts by code point and makes the same vocabulary of its characters", () => {
  const vocabulary = vocabularyOf("zß😀a\uffeea ");
  assert.deepEqual(vocabulary.characters, [" ", "a", "z", "ß", "\uffee", "😀"]);
  assert.equal(vocabulary.size, 6);
  assert.deepEqual(
    vocabularyOf(vocabulary.characters.join("")).characters,
    vocabulary.characters,
  );
  assert.equal(vocabularyOf("").size, 0);
});

Deno.test("encode() gives one token for each code point, and decode() undoes it", () => {
  const vocabulary = vocabularyOf("ab😀");
  assert.deepEqual(vocabulary.encode("b😀a"), new Uint16Array([1, 2, 0]));
  assert.deepEqual(vocabulary.encode(""), new Uint16Array());
  assert.equal(vocabulary.decode(vocabulary.encode("😀😀ab")), "😀😀ab");
  assert.equal(vocabulary.decode([1, 0]), "ba");
});

Deno.test("encode() names unknown characters, where they stand and what to write instead", () => {
  const vocabulary = vocabularyOf("abcdefgh e'\nZ");
  refused(
    () => vocabulary.encode("b’é"),
    'Cannot encode the text: it has characters outside the vocabulary: "’" (U+2019) at position 1, ' +
      'write "\'" (U+0027) instead; "é" (U+00E9) at position 2, write "e" (U+0065) instead. ' +
      'The vocabulary is "\\n" " " \' Z a to h',
  );
  refused(
    () => vocabulary.encode("😀z9"),
    /"😀" \(U\+1F600\) at position 0; "z" .* at position 1, write "Z"/,
  );
  refused(() => vocabulary.encode("\t"), /"\\t" \(U\+0009\) at position 0, write " " \(U\+0020\)/);
  refused(() => vocabulary.encode("0123456"), /"4" \(U\+0034\) at position 4; and 2 more\. The/);
});

Deno.test("encode() refuses half of a surrogate pair", () => {
  refused(() => vocabularyOf("a😀").encode("😀".slice(0, 1)), /\(U\+D83D\) at position 0/);
});

Deno.test("decode() refuses tokens that do not exist as a bug", () => {
  assert.throws(() => vocabularyOf("ab").decode([0, 2]), {
    name: "RangeError",
    message: "Internal: token 2 does not exist, there are 2",
  });
});
