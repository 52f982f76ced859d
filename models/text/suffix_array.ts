/** Suffix arrays, to find the spans that a text copies from another. */

/**
 * Returns the suffix array of a text: the start positions of all suffixes in lexicographic order. Computed
 * by prefix doubling (Manber and Myers 1993) with radix sort in O(n·log r), where r is the length of the
 * longest repeat.
 */
export function suffixArray(text: Uint16Array): Int32Array {
  const n = text.length;
  let ranks = Int32Array.from(text), nextRanks = new Int32Array(n);
  const order = new Int32Array(n), starts = new Int32Array(n);
  // There are about a dozen rounds for a million symbols, so arrays of this length are allocated once.
  const places = new Int32Array(Math.max(n, 2 ** 16) + 1);
  for (let start = 0; start < n; start++) starts[start] = start;
  sortByRank(starts, ranks, 2 ** 16, places, order);
  renumber(order, (a, b) => text[a] === text[b], nextRanks);
  [ranks, nextRanks] = [nextRanks, ranks];
  for (let length = 1; n > 0 && ranks[order[n - 1]!]! < n - 1; length *= 2) {
    // Sort by second halves: suffixes that are too short to have one come first, the others in the
    // order of the suffixes that begin there.
    let filled = 0;
    for (let start = Math.max(0, n - length); start < n; start++) starts[filled++] = start;
    for (let i = 0; i < n; i++) {
      if (order[i]! >= length) starts[filled++] = order[i]! - length;
    }
    sortByRank(starts, ranks, ranks[order[n - 1]!]! + 1, places, order);
    const half = (start: number) => start + length < n ? ranks[start + length]! : -1;
    renumber(order, (a, b) => ranks[a] === ranks[b] && half(a) === half(b), nextRanks);
    [ranks, nextRanks] = [nextRanks, ranks];
  }
  return order;
}

/** Stable sort of suffixes by rank. */
function sortByRank(
  starts: Int32Array,
  ranks: Int32Array,
  classes: number,
  places: Int32Array,
  sorted: Int32Array,
): void {
  places.fill(0, 0, classes + 1);
  for (let i = 0; i < starts.length; i++) places[ranks[i]! + 1]!++;
  for (let rank = 0; rank < classes; rank++) places[rank + 1]! += places[rank]!;
  for (let i = 0; i < starts.length; i++) sorted[places[ranks[starts[i]!]!]!++] = starts[i]!;
}

/** Returns the rank of every suffix; equal neighbours share a rank. */
function renumber(
  order: Int32Array,
  same: (a: number, b: number) => boolean,
  ranks: Int32Array,
): void {
  let rank = 0;
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && !same(order[i - 1]!, order[i]!)) rank++;
    ranks[order[i]!] = rank;
  }
}

/** A span of a text. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** Returns the longest span of a sample that occurs in a text, the first of several. */
export function longestCopiedSpan(
  sample: ArrayLike<number>,
  text: Uint16Array,
  suffixes: Int32Array,
): Span {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start + longest.length < sample.length; start++) {
    const length = longestPrefix(sample, start, text, suffixes);
    if (length > longest.length) longest = { start, length };
  }
  return longest;
}

/** Returns the length of the longest prefix of the sample from `start` on that occurs in the text. */
function longestPrefix(
  sample: ArrayLike<number>,
  start: number,
  text: Uint16Array,
  suffixes: Int32Array,
): number {
  // The suffixes below `low` sort before the sample, those from `high` on after it; the common
  // prefix with what lies between is at least the shorter of those with the two neighbours.
  let [low, high] = [0, suffixes.length];
  let [commonLow, commonHigh] = [0, 0];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const suffix = suffixes[middle]!;
    let common = Math.min(commonLow, commonHigh);
    while (
      start + common < sample.length && suffix + common < text.length &&
      sample[start + common] === text[suffix + common]
    ) common++;
    if (start + common === sample.length) return common;
    if (suffix + common === text.length || text[suffix + common]! < sample[start + common]!) {
      [low, commonLow] = [middle + 1, common];
    } else {
      [high, commonHigh] = [middle, common];
    }
  }
  return Math.max(commonLow, commonHigh);
}
