/**
 * Statistics of generated text that need no language model: its diversity, the share of known words, its
 * repetitions and what it copies from the training text. Each statistic is reported together with that of
 * real text and of n-gram samples of the same lengths, without which it cannot be interpreted.
 */
import { UserError } from "../../engine/host/mod.ts";
import { fitNgrams, type NgramModel, sampleNgrams } from "./ngram.ts";
import type { TextStatistics } from "./statistic_notes.ts";
import { longestCopiedSpan, suffixArray } from "./suffix_array.ts";

/** A text to compare samples with, such as a text data set. */
export interface ReferenceText {
  readonly vocabulary: {
    readonly size: number;
    encode(text: string): Uint16Array;
    decode(tokens: ArrayLike<number>): string;
  };
  readonly train: Uint16Array;
  readonly validation?: Uint16Array | undefined;
}

/** A reference text prepared for computing statistics of any number of samples. */
export interface TextReference extends ReferenceText {
  readonly ngrams: NgramModel;
  readonly words: ReadonlySet<string>;
  readonly suffixes: Int32Array;
}

/**
 * Prepares a text for `textStatistics()`. About a second for a million characters.
 *
 * @param order Order of the n-gram model that scores samples and generates the baseline.
 */
export function textReference(
  { vocabulary, train, validation }: ReferenceText,
  { order = 5 }: { readonly order?: number } = {},
): TextReference {
  return {
    vocabulary,
    train,
    validation,
    ngrams: fitNgrams(train, { order, vocabularySize: vocabulary.size }),
    words: new Set(wordsOf(vocabulary.decode(train))),
    suffixes: suffixArray(train),
  };
}

/** Statistics of samples, with those of other texts of the same number and lengths. */
export interface TextComparison {
  readonly samples: TextStatistics;
  /** Statistics of evenly spaced windows of the validation text: the values of real text. Null if there is
   * no validation text, or it is shorter than a sample. */
  readonly validation: TextStatistics | null;
  /** Statistics of samples from the n-gram model: a baseline. */
  readonly ngrams: TextStatistics;
}

/**
 * Computes the statistics of samples.
 *
 * @throws {UserError} If there are none, all are empty, or one has characters outside the
 * reference's vocabulary.
 */
export function textStatistics(
  samples: readonly string[],
  reference: TextReference,
): TextComparison {
  const encoded = samples.map((sample) => reference.vocabulary.encode(sample));
  const lengths = encoded.map(({ length }) => length);
  if (!lengths.some((length) => length > 0)) {
    throw new UserError(
      `Cannot measure ${samples.length} samples: there must be one that is not empty`,
    );
  }
  const real = evenlySpaced(reference.validation ?? new Uint16Array(), lengths);
  return {
    samples: measureTexts(encoded, reference),
    validation: real && measureTexts(real, reference),
    ngrams: measureTexts(ngramSamples(lengths, reference), reference),
  };
}

/** Returns samples of the reference's n-gram model with a fixed seed. */
export function ngramSamples(lengths: readonly number[], { ngrams }: TextReference): Uint16Array[] {
  return lengths.map((length, step) =>
    sampleNgrams(ngrams, { length, key: { seed: 0, stream: "ngram-baseline", step } })
  );
}

/**
 * Returns evenly spaced windows of these lengths from a text, or null if one is longer than the text.
 *
 * @param set Index of the set of windows, below `sets`. The sets are interleaved and share no window.
 */
export function evenlySpaced(
  text: Uint16Array,
  lengths: readonly number[],
  set = 0,
  sets = 1,
): Uint16Array[] | null {
  if (lengths.some((length) => length > text.length)) return null;
  return lengths.map((length, i) => {
    const start = Math.floor((text.length - length) * (i + (set + 0.5) / sets) / lengths.length);
    return text.subarray(start, start + length);
  });
}

/** Computes the statistics of encoded texts, of which at least one is not empty. */
export function measureTexts(
  samples: readonly Uint16Array[],
  reference: TextReference,
): TextStatistics {
  const texts = samples.map((sample) => reference.vocabulary.decode(sample));
  const characters = samples.reduce((sum, { length }) => sum + length, 0);
  const words = texts.map(wholeWords);
  const flat = words.flat();
  const nats = samples.map((sample) => total(reference.ngrams.surprisals(sample)));
  const unigrams = counted(samples.flatMap((sample) => runs(sample, 1)));
  const top = [...unigrams].sort(([a, m], [b, n]) => n - m || Number(a) - Number(b))[0]!;
  const copies = samples.map((sample, i) => {
    const { start, length } = longestCopiedSpan(sample, reference.train, reference.suffixes);
    return {
      length,
      text: reference.vocabulary.decode(samples[i]!.subarray(start, start + length)),
    };
  });
  const copy = copies.reduce((best, other) => other.length > best.length ? other : best);
  return {
    samples: samples.length,
    characters,
    ngramNats: total(nats) / characters,
    characterEntropy: entropy(unigrams),
    fourGramEntropy: entropy(counted(samples.flatMap((sample) => runs(sample, 4)))),
    topCharacter: reference.vocabulary.decode([Number(top[0])]),
    topCharacterShare: top[1] / characters,
    wordEntropy: flat.length === 0 ? null : entropy(counted(flat)),
    distinctWords: distinctShare(words, 1),
    distinctWordPairs: distinctShare(words, 2),
    distinctWordTriples: distinctShare(words, 3),
    knownWords: share(flat.filter((word) => reference.words.has(word)).length, flat.length),
    repetition: repeatedShare(samples.map((sample) => runs(sample, REPEATED_RUN))),
    longestCopy: copy.length,
    longestCopyText: copy.text,
  };
}

const REPEATED_RUN = 8;
const WORD = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;

/** Returns the words in lower case: letters, with apostrophes between them. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** Returns the words of a sample that touch neither of its ends. */
function wholeWords(sample: string): string[] {
  const text = sample.toLowerCase();
  return [...text.matchAll(WORD)]
    .filter(({ index, 0: word }) => index > 0 && index + word.length < text.length)
    .map(([word]) => word);
}

/** Returns all n-grams as keys. */
function runs(symbols: ArrayLike<unknown>, n: number): string[] {
  return Array.from(
    { length: Math.max(0, symbols.length - n + 1) },
    (_, i) => Array.from({ length: n }, (_, j) => symbols[i + j]).join(" "),
  );
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Returns the entropy −Σ f·ln f of relative frequencies f, in nats. */
function entropy(counts: ReadonlyMap<string, number>): number {
  const all = total(counts.values());
  return total(counts.values().map((count) => -count / all * Math.log(count / all)));
}

function distinctShare(words: readonly (readonly string[])[], n: number): number | null {
  const all = words.flatMap((sample) => runs(sample, n));
  return share(new Set(all).size, all.length);
}

function repeatedShare(runs: readonly (readonly string[])[]): number | null {
  const repeated = runs.map((sample) => sample.length - new Set(sample).size);
  return share(total(repeated), runs.flat().length);
}

const share = (part: number, whole: number): number | null => whole === 0 ? null : part / whole;

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
