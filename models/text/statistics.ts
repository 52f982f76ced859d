/**
 * What can be said of generated text without a language model: how varied it is, how much of it is
 * words, how much it repeats itself and what it copies. No number means much alone: each stands
 * beside that of real text and of n-gram samples with the same lengths.
 */
import { UserError } from "../../engine/host/mod.ts";
import { fitNgrams, type NgramModel, sampleNgrams } from "./ngram.ts";
import type { TextStatistics } from "./statistic_notes.ts";
import { longestCopiedSpan, suffixArray } from "./suffix_array.ts";

/** A text to compare with. Datasets of `data/` are such. */
export interface ReferenceText {
  readonly vocabulary: {
    readonly size: number;
    encode(text: string): Uint16Array;
    decode(tokens: ArrayLike<number>): string;
  };
  readonly train: Uint16Array;
  readonly validation?: Uint16Array | undefined;
}

/** What the statistics need of a text, prepared once for any number of samples. */
export interface TextReference extends ReferenceText {
  readonly ngrams: NgramModel;
  readonly words: ReadonlySet<string>;
  readonly suffixes: Int32Array;
}

/**
 * Prepares a text for `textStatistics()`. About a second for a million characters.
 *
 * @param order Of the n-gram model that judges samples and makes the baseline.
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

/** Statistics of samples, beside those of other texts with the same number and lengths. */
export interface TextComparison {
  readonly samples: TextStatistics;
  /** Of windows of the validation text, evenly spaced: what real text would get. Null where there is
   * none, or it is shorter than a sample. */
  readonly validation: TextStatistics | null;
  /** Of samples from the n-gram model: what almost no effort would get. */
  readonly ngrams: TextStatistics;
}

/**
 * Measures samples.
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

/** Samples of the reference's n-gram model, always the same. */
export function ngramSamples(lengths: readonly number[], { ngrams }: TextReference): Uint16Array[] {
  return lengths.map((length, step) =>
    sampleNgrams(ngrams, { length, key: { seed: 0, stream: "ngram-baseline", step } })
  );
}

/**
 * Windows of these lengths from all over a text; null where one is longer than the text.
 *
 * @param set Of `sets` such sets, which take turns, so that none has a window of another.
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

/** Statistics of encoded texts, not all of them empty. */
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

/** Words in lower case: letters, with apostrophes between them. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** The words of a sample that touch neither of its ends. */
function wholeWords(sample: string): string[] {
  const text = sample.toLowerCase();
  return [...text.matchAll(WORD)]
    .filter(({ index, 0: word }) => index > 0 && index + word.length < text.length)
    .map(([word]) => word);
}

/** Every n symbols in a row, as a key. */
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

/** −Σ f·ln f over the frequencies f, in nats. */
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
