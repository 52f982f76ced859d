import assert from "node:assert/strict";
import { loadTextDataset } from "../../data/mod.ts";
import {
  ADJECTIVES,
  ADVERBS,
  INTRANSITIVE_VERBS,
  NOUNS,
  RHYMES,
  SPEAKERS,
} from "../../data/verse_words.ts";

const verse = await loadTextDataset("made-up-verse");
const text = verse.vocabulary.decode(verse.train) + verse.vocabulary.decode(verse.validation);
const speeches = text.trimEnd().split("\n\n").map((speech) => {
  const [speaker, ...lines] = speech.split("\n");
  return { speaker: speaker!, lines };
});
const lastWord = (line: string) => line.match(/([a-z]+)[.,;?!]$/)?.[1] ?? "";

Deno.test("made-up verse is the same every time and everywhere", () => {
  assert.equal(verse.hash, "043ce01ab45a6c7e9f84859ed57585b633f3bfd637dafe7d23ff5d5f79e44e50");
  assert.equal(verse.title, "Made-up verse");
  assert.ok(text.length > 300_000 && text.length < 310_000);
  assert.equal(verse.vocabulary.size, 50);
});

Deno.test("every speech names its speaker and has two to eight lines", () => {
  assert.ok(speeches.length > 1000);
  for (const { speaker, lines } of speeches) {
    assert.ok(speaker.slice(0, -1) in SPEAKERS && speaker.endsWith(":"), speaker);
    assert.ok(lines.length >= 2 && lines.length <= 8 && lines.length % 2 === 0, speaker);
    assert.match(lines.at(-1)!, /[.?!]$/);
  }
});

Deno.test("every speech rhymes, in couplets or in alternate lines, and never on the same word", () => {
  const sound = (line: string) =>
    RHYMES.findIndex((family) => family.split(" ").includes(lastWord(line)));
  const rhymesAt = (lines: string[], partner: number) =>
    lines.length % (2 * partner) === 0 && lines.every((line, i) => {
      if (i % (2 * partner) >= partner) return true;
      const other = lines[i + partner]!;
      return sound(line) >= 0 && sound(line) === sound(other) && lastWord(line) !== lastWord(other);
    });
  let couplets = 0;
  for (const { lines } of speeches) {
    assert.ok(rhymesAt(lines, 1) || rhymesAt(lines, 2), lines.join("\n"));
    if (rhymesAt(lines, 1)) couplets++;
  }
  assert.ok(couplets > 0.4 * speeches.length && couplets < 0.8 * speeches.length);
});

Deno.test("words that rhyme are of a kind that may end a line, and are in one family", () => {
  const words = RHYMES.flatMap((family) => family.split(" "));
  assert.equal(new Set(words).size, words.length);
  const enders = [NOUNS, ADJECTIVES, INTRANSITIVE_VERBS, ADVERBS].flatMap((kind) =>
    Object.values(kind).flatMap((words) => words.split(" "))
  );
  assert.deepEqual(words.filter((word) => !enders.includes(word)), []);
  assert.deepEqual(RHYMES.filter((family) => !family.includes(" ")), []);
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

Deno.test("articles and verbs agree with their nouns", () => {
  assert.doesNotMatch(text, /\b[Aa] [aeiou]/);
  assert.doesNotMatch(text, /\b[Aa]n [^aeiou]/);
  // "These kings sing", "the king sings".
  assert.match(text, /these [a-z]+s sing\b/i);
  assert.doesNotMatch(text, /\b(these|those) (kings|birds|nights) (sings|is|sleeps)\b/i);
});
