/** What is known of tiny Shakespeare. */
import assert from "node:assert/strict";
import { loadTextDataset } from "../../data/mod.ts";
import { fitNgrams, textReference, textStatistics } from "../../models/text/mod.ts";
import { sampleNgrams } from "../../models/text/ngram.ts";

const HASH = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed";

Deno.test("tiny Shakespeare has nanoGPT's vocabulary and split", async () => {
  const { name, title, hash, vocabulary, train, validation } = await loadTextDataset(
    "tiny-shakespeare",
  );
  assert.deepEqual([name, title, hash], ["tiny-shakespeare", "Tiny Shakespeare", HASH]);
  assert.equal(
    vocabulary.characters.join(""),
    "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
  );
  assert.deepEqual([train.length, validation.length], [1_003_854, 111_540]);
  assert.equal(vocabulary.decode(train.subarray(0, 14)), "First Citizen:");
  assert.equal(vocabulary.decode(validation.subarray(0, 12)), "?\n\nGREMIO:\nG");
});

Deno.test("n-grams reach their known nats per character on tiny Shakespeare", async () => {
  const { vocabulary, train, validation } = await loadTextDataset("tiny-shakespeare");
  const model = fitNgrams(train, { order: 6, vocabularySize: vocabulary.size });
  const nats = model.crossEntropies(validation);
  // From an implementation with nested dictionaries.
  const expected = [3.347, 2.486, 2.049, 1.774, 1.669, 1.698];
  expected.forEach((value, i) =>
    assert.ok(Math.abs(nats[i]! - value) < 0.0006, `${nats[i]} is not ${value}`)
  );
});

Deno.test("on Shakespeare, statistics tell real text, recital, n-grams and collapse apart", async () => {
  const shakespeare = await loadTextDataset("tiny-shakespeare");
  const prepared = textReference(shakespeare);
  const { decode } = shakespeare.vocabulary;
  const cut = (text: Uint16Array, i: number) => decode(text.subarray(5000 * i, 5000 * i + 500));
  const recital = Array.from({ length: 8 }, (_, i) => cut(shakespeare.train, i));
  const { samples, validation, ngrams } = textStatistics(recital, prepared);
  assert.equal(samples.longestCopy, 500);
  assert.ok(validation!.longestCopy < 80, `${validation!.longestCopy}`);
  assert.equal(samples.knownWords, 1);
  assert.ok(validation!.knownWords! > 0.93 && validation!.knownWords! < 1);
  assert.ok(ngrams.knownWords! < validation!.knownWords! - 0.03);
  assert.ok(samples.ngramNats < validation!.ngramNats);
  const bigrams = fitNgrams(shakespeare.train, { order: 2, vocabularySize: 65 });
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
