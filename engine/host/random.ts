/**
 * Randomness as a function of (seed, stream, step).
 *
 * The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): a keyed bijection of a counter, with no state. Its 64-bit
 * key is (seed, FNV-1a hash of the stream's name); its 64-bit counter is (block, step). Every block
 * yields two words. So the numbers of one step never depend on those of another, a draw of n numbers
 * is the beginning of any longer draw with the same key, and a resumed run sees what an
 * uninterrupted one would have seen.
 *
 * Two draws with the same key share their bits, whatever the distribution: give every independent
 * quantity a stream of its own.
 */
import { UserError } from "./errors.ts";

/** Names one draw of random numbers. */
export interface RandomKey {
  /** An integer from 0 to 2^32 − 1. */
  readonly seed: number;
  /** The purpose of the numbers, such as "noise", "batch" or "dropout". Not empty. */
  readonly stream: string;
  /** An integer from 0 to 2^31 − 1, usually the training step. */
  readonly step: number;
}

/** A key whose stream may be given by the hash of its name ({@link streamHash}). */
export type HashedKey = Omit<RandomKey, "stream"> & { readonly stream: string | number };

const SEED_LIMIT = 2 ** 32;
const STEP_LIMIT = 2 ** 31;
/** No draw is larger than one typed array may be, which keeps the block counter within 32 bits. */
const COUNT_LIMIT = 2 ** 31;
const PARITY = 0x1bd11bda;

/**
 * Numbers uniform on [0, 1), multiples of 2^−24: each is exact in float32 and none rounds up to 1.
 *
 * @throws {UserError} If the key or the count is out of range.
 */
export function uniforms(key: HashedKey, count: number): Float32Array {
  const words = randomWords(key, count);
  const result = new Float32Array(count);
  for (let i = 0; i < count; i++) result[i] = (words[i]! >>> 8) * 2 ** -24;
  return result;
}

/**
 * Numbers from the standard normal distribution, by the transform of Box and Muller (1958) in
 * float64, rounded to float32. The largest magnitude possible is √(64·ln 2) ≈ 6.66.
 *
 * @throws {UserError} If the key or the count is out of range.
 */
export function normals(key: HashedKey, count: number): Float32Array {
  const words = randomWords(key, count + (count & 1));
  const result = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    // The radius' uniform lies in (0, 1]: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(((words[i]! >>> 0) + 1) * 2 ** -32));
    const angle = (2 * Math.PI) * ((words[i + 1]! >>> 0) * 2 ** -32);
    result[i] = radius * Math.cos(angle);
    // At an odd count the last store falls outside the typed array, which ignores it.
    result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}

/**
 * Integers uniform on 0 … below − 1: the high part of a 64-bit word times `below` (Lemire 2019,
 * without rejection, so that number i depends on i alone). Probabilities are off by less than
 * 2^−33 of each other's size.
 *
 * @param below From 1 to 2^31.
 * @throws {UserError} If the key, the count or the bound is out of range.
 */
export function integers(key: HashedKey, count: number, below: number): Int32Array {
  requireInteger("below", below, 1, 2 ** 31);
  const words = randomWords(key, 2 * count);
  const result = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    result[i] = scaledWord(words[2 * i]! >>> 0, words[2 * i + 1]! >>> 0, below);
  }
  return result;
}

/**
 * A uniformly drawn order of 0 … length − 1 (Fisher and Yates, as written by Durstenfeld 1964).
 *
 * @throws {UserError} If the key or the length is out of range.
 */
export function permutation(key: RandomKey, length: number): Uint32Array {
  const words = randomWords(key, 2 * length);
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  for (let i = length - 1; i > 0; i--) {
    const j = scaledWord(words[2 * i]! >>> 0, words[2 * i + 1]! >>> 0, i + 1);
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
  return order;
}

/** The first `count` random words of a key, as signed 32-bit integers. */
function randomWords({ seed, stream, step }: HashedKey, count: number): Int32Array {
  requireInteger("seed", seed, 0, SEED_LIMIT - 1);
  requireInteger("step", step, 0, STEP_LIMIT - 1);
  requireInteger("count", count, 0, COUNT_LIMIT);
  const words = new Int32Array(count + (count & 1));
  const hash = typeof stream === "number" ? stream : streamHash(stream);
  threefry2x32([seed, hash], [0, step], words);
  return words;
}

/**
 * Threefry-2x32-20 over the counters (c, d), (c + 1, d), (c + 2, d) …: fills `words` two by two, as
 * signed 32-bit integers.
 */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
  words: Int32Array,
): void {
  const [k0, k1] = [key[0] | 0, key[1] | 0];
  const [c0, c1] = counter;
  const k2 = PARITY ^ k0 ^ k1;
  // Unrolled with the paper's rotations: one round is an addition, a rotation and an exclusive or;
  // after every four, the key schedule is added.
  for (let i = 0; i + 1 < words.length; i += 2) {
    let a = (c0 + (i >>> 1) + k0) | 0;
    let b = (c1 + k1) | 0;

    a = (a + b) | 0, b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0, b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0, b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0, b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k1) | 0, b = (b + k2 + 1) | 0;

    a = (a + b) | 0, b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0, b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0, b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0, b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k2) | 0, b = (b + k0 + 2) | 0;

    a = (a + b) | 0, b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0, b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0, b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0, b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k0) | 0, b = (b + k1 + 3) | 0;

    a = (a + b) | 0, b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0, b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0, b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0, b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k1) | 0, b = (b + k2 + 4) | 0;

    a = (a + b) | 0, b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0, b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0, b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0, b = ((b << 6) | (b >>> 26)) ^ a;
    words[i] = (a + k2) | 0;
    words[i + 1] = (b + k0 + 5) | 0;
  }
}

/** Arithmetic of 32-bit words in whatever form they are: expressions of a kernel, nodes of a graph. */
export interface WordArithmetic<Word> {
  constant(value: number): Word;
  add(x: Word, y: Word): Word;
  exclusiveOr(x: Word, y: Word): Word;
  /** The bits turned left. */
  rotate(x: Word, by: number): Word;
}

const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
/** Four rounds each. */
const GROUPS = 5;

/** One block of {@link threefry2x32}, its two words, by any arithmetic of words. */
export function threefryBlock<Word>(
  { constant, add, exclusiveOr, rotate }: WordArithmetic<Word>,
  key: readonly [Word, Word],
  counter: readonly [Word, Word],
): [Word, Word] {
  const keys = [...key, exclusiveOr(exclusiveOr(constant(PARITY), key[0]), key[1])];
  let [a, b] = [add(counter[0], key[0]), add(counter[1], key[1])];
  for (let group = 0; group < GROUPS; group++) {
    for (const by of ROTATIONS[group % 2]!) {
      a = add(a, b);
      b = exclusiveOr(rotate(b, by), a);
    }
    a = add(a, keys[(group + 1) % 3]!);
    b = add(add(b, keys[(group + 2) % 3]!), constant(group + 1));
  }
  return [a, b];
}

/** ⌊(high·2^32 + low)·below / 2^64⌋, exactly, in products that stay under 2^53. */
function scaledWord(high: number, low: number, below: number): number {
  const belowHigh = Math.floor(below / 65536);
  const belowLow = below & 0xffff;
  const carry = Math.floor((low * belowHigh + Math.floor(low * belowLow / 65536)) / 65536);
  return Math.floor((high * belowHigh + Math.floor((high * belowLow + carry) / 65536)) / 65536);
}

/**
 * What a stream's name stands for in a key: FNV-1a, 32 bits, over its UTF-8 bytes (Fowler, Noll, Vo;
 * RFC 9923).
 *
 * @throws {UserError} If the name is empty.
 */
export function streamHash(name: string): number {
  if (name === "") {
    throw new UserError("Cannot draw random numbers: the stream has no name, give it one");
  }
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UserError(
      `Cannot draw random numbers: \`${name}\` is ${value}, it must be an integer from ${least} to ${most}`,
    );
  }
}
