import assert from "node:assert/strict";
import { loadTextDataset } from "../../../data/mod.ts";
import {
  fitNgrams,
  textReference,
  textStatisticNotes,
  textStatistics,
} from "../../../models/text/mod.ts";
import { vocabularyOf } from "../../../data/vocabulary.ts";
import { sampleNgrams } from "../../../models/text/ngram.ts";

const close = (actual: number | null, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual! - expected) < tolerance, `${actual} is not ${expected}`);

const TRAINING = "The cat sat on the mat. A dog o'er the hill!";
const vocabulary = vocabularyOf(`${TRAINING} abcdefghijklmnopqrstuvwxyzEOR:,`);
const reference = textReference({ vocabulary, train: vocabulary.encode(TRAINING) });
const measured = (...samples: string[]) => textStatistics(samples, reference).samples;

Deno.test("entropies and the top character come from the frequencies of all samples", () => {
  const statistics = measured("aabb", "aacd");
  assert.deepEqual([statistics.samples, statistics.characters], [2, 8]);
  // Frequencies 1/2, 1/4, 1/8, 1/8; and two different 4-grams.
  close(statistics.characterEntropy, 1.75 * Math.LN2);
  close(statistics.fourGramEntropy, Math.LN2);
  assert.equal(statistics.topCharacter, "a");
  close(statistics.topCharacterShare, 0.5);
  const tie = measured("ba:b:a");
  assert.equal(tie.topCharacter, ":");
  close(measured(":::::::::").topCharacterShare, 1);
  close(measured(":::::::::").characterEntropy, 0);
});

Deno.test("distinct words, pairs and triples leave out words that may be cut", () => {
  // Whole: on the on the cat | the.
  const statistics = measured("xx on the On the cat yy", "xx the y");
  close(statistics.distinctWords, 3 / 6);
  close(statistics.distinctWordPairs, 3 / 4);
  close(statistics.distinctWordTriples, 3 / 3);
  assert.equal(measured("word").distinctWords, null);
  assert.equal(measured(" word ").distinctWords, 1);
  assert.equal(measured(" word ").distinctWordPairs, null);
});

Deno.test("the entropy of words is of their frequencies over all samples, cut words left out", () => {
  // Whole: on the on the | the, so 2/5 and 3/5.
  const frequencies = [2 / 5, 3 / 5];
  const expected = -frequencies.reduce((sum, f) => sum + f * Math.log(f), 0);
  close(measured("xx on the On the yy", "xx the y").wordEntropy, expected);
  assert.equal(measured("word").wordEntropy, null);
});

Deno.test("words are found in the training text whatever their case, with their apostrophes", () => {
  close(measured(" the dog O'ER oer hil 'cat' ").knownWords, 4 / 6);
  assert.equal(measured("....").knownWords, null);
});

Deno.test("repetition is the share of runs of 8 that occurred before in the same sample", () => {
  close(measured("a".repeat(10)).repetition, 2 / 3);
  close(measured("abcdefghabcdefgh").repetition, 1 / 9);
  // Two samples that are equal do not repeat themselves.
  close(measured("abcdefgh", "abcdefgh").repetition, 0);
  assert.equal(measured("abcdefg").repetition, null);
});

Deno.test("the longest copy is the longest of any sample, with its text", () => {
  const statistics = measured("my cat sat here", "on the hill", "x");
  assert.equal(statistics.longestCopy, 9);
  assert.equal(statistics.longestCopyText, " cat sat ");
  assert.equal(measured("zzz").longestCopy, 0);
});

Deno.test("the surprisal is the model's, by characters, each sample on its own", () => {
  const model = fitNgrams(vocabulary.encode(TRAINING), {
    order: 5,
    vocabularySize: vocabulary.size,
  });
  const nats = (text: string) => model.crossEntropies(vocabulary.encode(text))[4]!;
  close(measured("the mat", "dog").ngramNats, (7 * nats("the mat") + 3 * nats("dog")) / 10);
});

Deno.test("real text and n-gram samples of the same lengths stand beside the samples", () => {
  const validation = vocabulary.encode("abcdefghijklmnopqrst");
  const train = vocabulary.encode(TRAINING);
  const prepared = textReference({ vocabulary, train, validation }, { order: 3 });
  const { validation: real, ngrams } = textStatistics(["aaaa", "aaaaaaaa"], prepared);
  assert.deepEqual([real!.samples, real!.characters], [2, 12]);
  assert.deepEqual([ngrams.samples, ngrams.characters], [2, 12]);
  // Windows efgh and jklmnopq: twelve different characters.
  close(real!.characterEntropy, Math.log(12));
  assert.equal(textStatistics(["a".repeat(21)], prepared).validation, null);
  assert.equal(textStatistics(["a"], reference).validation, null);
});

Deno.test("statistics are the same every time, and each that judges has a note", () => {
  const { samples, ngrams } = textStatistics(["the cat."], reference);
  assert.deepEqual(textStatistics(["the cat."], reference).ngrams, ngrams);
  const described = ["samples", "characters", "topCharacter", "longestCopyText"];
  assert.deepEqual(
    Object.keys(samples).filter((name) => !described.includes(name)).sort(),
    Object.keys(textStatisticNotes).sort(),
  );
});

Deno.test("textStatistics() refuses nothing, and characters that the reference does not know", () => {
  for (const samples of [[], ["", ""]]) {
    assert.throws(() => textStatistics(samples, reference), {
      name: "UserError",
      message: `Cannot measure ${samples.length} samples: there must be one that is not empty`,
    });
  }
  assert.throws(() => textStatistics(["naïve"], reference), { name: "UserError", message: /"ï"/ });
  assert.equal(measured("", "cat").characters, 3);
});

Deno.test("on made-up verse, statistics tell real text, recital, n-grams and collapse apart", async () => {
  const verse = await loadTextDataset("made-up-verse");
  const prepared = textReference(verse);
  const { decode, size } = verse.vocabulary;
  const cut = (text: Uint16Array, i: number) => decode(text.subarray(5000 * i, 5000 * i + 500));
  const recital = Array.from({ length: 8 }, (_, i) => cut(verse.train, i));
  const { samples, validation, ngrams } = textStatistics(recital, prepared);
  assert.equal(samples.longestCopy, 500);
  assert.ok(validation!.longestCopy < 80, `${validation!.longestCopy}`);
  assert.equal(samples.knownWords, 1);
  assert.ok(validation!.knownWords! > 0.99 && validation!.knownWords! < 1);
  assert.ok(samples.ngramNats < validation!.ngramNats);
  const bigrams = fitNgrams(verse.train, { order: 2, vocabularySize: size });
  const babble = Array.from({ length: 8 }, (_, step) => {
    return decode(sampleNgrams(bigrams, { length: 500, key: { seed: 1, stream: "babble", step } }));
  });
  const babbled = textStatistics(babble, prepared).samples;
  assert.ok(babbled.ngramNats > validation!.ngramNats + 1);
  assert.ok(babbled.knownWords! < ngrams.knownWords! - 0.1);
  const collapsed = textStatistics(Array(8).fill("from no ".repeat(62) + "from"), prepared).samples;
  assert.ok(collapsed.fourGramEntropy < 0.5 * validation!.fourGramEntropy);
  assert.ok(collapsed.repetition! > 0.95 && collapsed.distinctWords! < 0.01);
});
