import assert from "node:assert/strict";
import { loadTextDataset } from "../../../data/mod.ts";
import { uniforms } from "../../../engine/host/mod.ts";
import { fitNgrams } from "../../../models/text/mod.ts";
import { sampleNgrams } from "../../../models/text/ngram.ts";

const close = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected} ± ${tolerance}`);

/**
 * Nats per character under n-grams of the same smoothing, kept in dictionaries of contexts: the other
 * implementation that ours is held against.
 */
function dictionaryNats(train: Uint16Array, text: Uint16Array, order: number, symbols: number) {
  const following = new Map<string, Map<number, number>>();
  for (let i = 0; i < train.length; i++) {
    for (let length = 0; length < order && length <= i; length++) {
      const context = train.subarray(i - length, i).join();
      const counts = following.get(context) ?? new Map<number, number>();
      following.set(context, counts.set(train[i]!, (counts.get(train[i]!) ?? 0) + 1));
    }
  }
  const probability = (context: Uint16Array, symbol: number): number => {
    const shorter = context.length === 0 ? 1 / symbols : probability(context.subarray(1), symbol);
    const counts = following.get(context.join());
    if (!counts) return shorter;
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return ((counts.get(symbol) ?? 0) + counts.size * shorter) / (total + counts.size);
  };
  const nats = Array.from(
    text,
    (symbol, i) => -Math.log(probability(text.subarray(Math.max(0, i - order + 1), i), symbol)),
  );
  return nats.reduce((sum, value) => sum + value) / nats.length;
}

Deno.test("n-grams of every order give verse the nats that dictionaries of contexts give it", async () => {
  const { vocabulary: { size }, train, validation } = await loadTextDataset("made-up-verse");
  const [known, unknown] = [train.subarray(0, 50_000), validation.subarray(0, 2000)];
  const nats = fitNgrams(known, { order: 6, vocabularySize: size }).crossEntropies(unknown);
  assert.equal(nats.length, 6);
  nats.forEach((value, i) => close(value, dictionaryNats(known, unknown, i + 1, size), 1e-9));
  assert.ok(nats[4]! < 0.4 * nats[0]!, `${nats}`);
});

Deno.test("fitNgrams() smooths as the equation says", () => {
  // "abab" followed by "c": a, b twice, c once; after "ab" come "a" and "c".
  const fit = (order: number) => fitNgrams([0, 1, 0, 1, 2], { order, vocabularySize: 4 });
  const model = fit(3);
  const unigram = [2, 2, 1, 0].map((count) => (count + 3 / 4) / (5 + 3));
  assert.deepEqual([...fit(1).distribution([])], unigram);
  // "b" occurs twice, followed by two kinds.
  const bigram = [1, 0, 1, 0].map((count, i) => (count + 2 * unigram[i]!) / (2 + 2));
  assert.deepEqual([...fit(2).distribution([1])], bigram);
  const trigram = [1, 0, 1, 0].map((count, i) => (count + 2 * bigram[i]!) / (2 + 2));
  assert.deepEqual([...model.distribution([0, 1])], trigram);
  // A context that never occurred, and one with nothing after it, leave it to the shorter ones.
  assert.deepEqual([...model.distribution([3, 1])], bigram);
  assert.deepEqual([...model.distribution([1, 2])], unigram);
  assert.deepEqual([...model.distribution([3, 3, 0, 1])], trigram);
});

Deno.test("surprisals, cross-entropies and distributions agree", () => {
  const text = Uint16Array.from(
    uniforms({ seed: 3, stream: "ngram-test", step: 0 }, 600),
    (x) => Math.floor(7 * x * x),
  );
  const other = text.toReversed().subarray(0, 80);
  const fit = (order: number) => fitNgrams(text, { order, vocabularySize: 9 });
  const all = fit(4).crossEntropies(other);
  for (const order of [1, 2, 3, 4]) {
    const model = fit(order);
    const nats = model.surprisals(other);
    close(nats.reduce((sum, value) => sum + value) / other.length, all[order - 1]!, 1e-12);
    other.forEach((symbol, i) => {
      const probabilities = model.distribution(other.subarray(0, i));
      close(-Math.log(probabilities[symbol]!), nats[i]!, 1e-12);
      close(probabilities.reduce((sum, value) => sum + value), 1, 1e-12);
      assert.ok(probabilities.every((value) => value > 0));
    });
  }
});

/** A Markov chain over three symbols, with its stationary distribution. */
const CHAIN = [[0.1, 0.8, 0.1], [0.3, 0.1, 0.6], [0.5, 0.25, 0.25]];
const STATIONARY = [105 / 344, 125 / 344, 114 / 344];

function chainText(length: number, step: number): Uint16Array {
  let state = 0;
  return Uint16Array.from(uniforms({ seed: 1, stream: "chain", step }, length), (uniform) => {
    const [first, second] = CHAIN[state] as [number, number];
    return state = uniform < first ? 0 : uniform < first + second ? 1 : 2;
  });
}

Deno.test("on a Markov chain the bigram model finds its entropy, and longer ones nothing more", () => {
  STATIONARY.forEach((share, next) => {
    const flow = STATIONARY.reduce((sum, from, state) => sum + from * CHAIN[state]![next]!, 0);
    close(flow, share, 1e-12);
  });
  const plogp = (sum: number, p: number) => sum - p * Math.log(p);
  const rate = STATIONARY.reduce((sum, p, state) => sum + p * CHAIN[state]!.reduce(plogp, 0), 0);
  const model = fitNgrams(chainText(200_000, 0), { order: 4, vocabularySize: 3 });
  const nats = model.crossEntropies(chainText(200_000, 1));
  close(nats[0]!, STATIONARY.reduce(plogp, 0), 0.005);
  for (const order of [2, 3, 4]) close(nats[order - 1]!, rate, 0.005);
});

Deno.test("sampleNgrams() draws what the model says, and the same for the same key", () => {
  const model = fitNgrams(chainText(50_000, 0), { order: 2, vocabularySize: 3 });
  const key = { seed: 5, stream: "samples", step: 0 };
  const drawn = sampleNgrams(model, { length: 20_000, key });
  assert.deepEqual(sampleNgrams(model, { length: 100, key }), drawn.slice(0, 100));
  assert.notDeepEqual(
    sampleNgrams(model, { length: 100, key: { ...key, seed: 6 } }),
    drawn.slice(0, 100),
  );
  for (const state of [0, 1, 2]) {
    const after = drawn.subarray(1).filter((_, i) => drawn[i] === state);
    for (const next of [0, 1, 2]) {
      const share = after.filter((symbol) => symbol === next).length / after.length;
      close(share, CHAIN[state]![next]!, 0.03);
    }
  }
});

Deno.test("n-gram models refuse orders, texts and symbols they cannot have", () => {
  const fit = (order: number) => fitNgrams([0, 1], { order, vocabularySize: 2 });
  for (const order of [0, 1.5, 17]) {
    assert.throws(() => fit(order), {
      name: "UserError",
      message: `Cannot use n-grams of order ${order}: \`order\` must be an integer from 1 to 16`,
    });
  }
  assert.throws(() => fit(2).crossEntropies([]), { message: "Cannot score an empty text" });
  assert.throws(() => fit(2).surprisals([2]), {
    name: "RangeError",
    message: "Internal: symbol 2 is outside the vocabulary of 2",
  });
});
