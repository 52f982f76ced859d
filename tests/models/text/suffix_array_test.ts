import assert from "node:assert/strict";
import { loadTextDataset } from "../../../data/mod.ts";
import { integers } from "../../../engine/host/mod.ts";
import { longestCopiedSpan, suffixArray } from "../../../models/text/suffix_array.ts";

const symbols = (text: string) => Uint16Array.from(text, (letter) => letter.charCodeAt(0));
const random = (length: number, below: number, step: number) =>
  Uint16Array.from(integers({ seed: 2, stream: "suffixes", step }, length, below));

/** Orders two suffixes symbol by symbol; a prefix comes first. */
function compare(text: Uint16Array, a: number, b: number): number {
  while (a < text.length && b < text.length && text[a] === text[b]) [a, b] = [a + 1, b + 1];
  if (a === text.length || b === text.length) return b - a;
  return text[a]! - text[b]!;
}

Deno.test("suffixArray() orders the suffixes of small texts", () => {
  assert.deepEqual(suffixArray(symbols("")), new Int32Array());
  assert.deepEqual(suffixArray(symbols("x")), new Int32Array([0]));
  assert.deepEqual(suffixArray(symbols("banana")), new Int32Array([5, 3, 1, 0, 4, 2]));
  assert.deepEqual(suffixArray(symbols("aaaa")), new Int32Array([3, 2, 1, 0]));
  assert.deepEqual(suffixArray(new Uint16Array([65535, 0, 65535])), new Int32Array([1, 2, 0]));
});

Deno.test("suffixArray() agrees with comparing suffixes", () => {
  for (let step = 0; step < 60; step++) {
    const text = random(1 + step * 5, 1 + step % 4, step);
    const expected = Int32Array.from(text, (_, i) => i).sort((a, b) => compare(text, a, b));
    assert.deepEqual(suffixArray(text), expected);
  }
});

Deno.test("suffixArray() orders a million characters", async () => {
  const { train: verse, vocabulary } = await loadTextDataset("made-up-verse");
  // Verse forwards and backwards, twice, the second time in other letters.
  const both = [...verse, ...verse.toReversed()];
  const text = Uint16Array.from([...both, ...both.map((letter) => (letter + 1) % vocabulary.size)]);
  assert.ok(text.length > 1_000_000, `${text.length}`);
  const suffixes = suffixArray(text);
  assert.equal(new Set(suffixes).size, text.length);
  for (let i = 1; i < suffixes.length; i++) {
    assert.ok(compare(text, suffixes[i - 1]!, suffixes[i]!) < 0);
  }
});

Deno.test("suffixArray() is not lost in a text of one character", () => {
  const suffixes = suffixArray(new Uint16Array(200_000));
  assert.ok(suffixes.every((start, i) => start === 199_999 - i));
});

Deno.test("longestCopiedSpan() finds the first of the longest common parts", () => {
  const text = symbols("the cat sat on the mat");
  const suffixes = suffixArray(text);
  const copied = (sample: string) => {
    const { start, length } = longestCopiedSpan(symbols(sample), text, suffixes);
    return sample.slice(start, start + length);
  };
  assert.equal(copied("a cat sat in the mat"), " cat sat ");
  assert.equal(copied("the mat"), "the mat");
  assert.equal(copied("sat mat"), "sat ");
  assert.equal(copied("xyz"), "");
  assert.equal(copied(""), "");
  assert.equal(copied("the cat sat on the mat"), "the cat sat on the mat");
  assert.equal(copied("the cat sat on the mat!"), "the cat sat on the mat");
  assert.deepEqual(longestCopiedSpan([1], new Uint16Array(), new Int32Array()), {
    start: 0,
    length: 0,
  });
});

Deno.test("longestCopiedSpan() agrees with trying every part", () => {
  for (let step = 0; step < 60; step++) {
    const text = random(80, 3, 100 + step);
    const sample = random(40, 3, 200 + step);
    const [all, part] = [text, sample].map((tokens) => tokens.join(""));
    let expected = { start: 0, length: 0 };
    for (let start = 0; start < 40; start++) {
      for (let length = expected.length + 1; start + length <= 40; length++) {
        if (all!.includes(part!.slice(start, start + length))) expected = { start, length };
      }
    }
    assert.deepEqual(longestCopiedSpan(sample, text, suffixArray(text)), expected);
  }
});
