import assert from "node:assert/strict";
import { RHYMES } from "../../data/made_up.ts";
import { loadTextDataset } from "../../data/mod.ts";
import { hashElsewhere } from "./another_process.ts";

const verse = await loadTextDataset("made-up-verse");
const text = verse.vocabulary.decode(verse.train) + verse.vocabulary.decode(verse.validation);
const speeches = text.trimEnd().split("\n\n").map((speech) => {
  const [speaker, ...lines] = speech.split("\n");
  return { speaker: speaker!.slice(0, -1), lines };
});
const speakers = new Set(speeches.map(({ speaker }) => speaker));

Deno.test("made-up verse is the same in every process", async () => {
  assert.equal(await hashElsewhere("made_up.ts", "madeUpVerse"), verse.hash);
  assert.equal(verse.title, "Made-up verse");
  assert.ok(text.length > 300_000 && text.length < 301_000);
  assert.ok(verse.vocabulary.size < 60, `${verse.vocabulary.size} characters`);
});

Deno.test("every speech names its speaker, who calls on others, and has two, four or six lines", () => {
  assert.ok(speeches.length > 1000 && speakers.size >= 5);
  for (const { speaker, lines } of speeches) {
    assert.match(speaker, /^[A-Z][a-z]+$/);
    assert.ok([2, 4, 6].includes(lines.length), speaker);
    for (const line of lines) {
      assert.match(line, /^[A-Z].*[.,?]$/);
      assert.ok(!line.includes(`O ${speaker},`), `${speaker} speaks to themself`);
    }
  }
});

Deno.test("lines rhyme in couplets, and never on the same word", () => {
  const ending = (line: string) => line.match(/([a-z]+)[.,?]$/)![1]!;
  const sound = (line: string) => RHYMES.findIndex((family) => family.includes(ending(line)));
  for (const { lines } of speeches) {
    for (let i = 0; i < lines.length; i += 2) {
      const [one, other] = [lines[i]!, lines[i + 1]!];
      assert.ok(sound(one) >= 0 && sound(one) === sound(other), `${one}\n${other}`);
      assert.notEqual(ending(one), ending(other));
    }
  }
  const words = RHYMES.flat();
  assert.equal(new Set(words).size, words.length);
});

Deno.test("lines are ten syllables long, by the vowels they are written with", () => {
  let right = 0;
  const lines = speeches.flatMap(({ lines }) => lines).slice(0, 2000);
  for (const line of lines) {
    // Silent: an e at the end of a word or before s, unless it is the only vowel or follows l.
    const groups = line.toLowerCase().match(/[a-z']+/g)!.map((word) => {
      const vowels = word.replace(/([^aeiou'])le(s?)$/, "$1el$2").replace(/(?<=[aeiouy].*)es?$/, "")
        .match(/[aeiouy]+/g);
      return Math.max(1, vowels?.length ?? 0);
    });
    const count = groups.reduce((sum, n) => sum + n, 0);
    if (Math.abs(count - 10) <= 1) right++;
  }
  assert.ok(right > 0.95 * lines.length, `${right} of ${lines.length}`);
});
