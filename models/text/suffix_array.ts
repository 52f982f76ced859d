/** Finding what a text copies from another. */

/**
 * The starts of all suffixes of a text, in lexicographic order of the suffixes: prefix doubling
 * (Manber and Myers 1993) with radix sort, O(n·log r) where r is the longest repeat.
 */
export function suffixArray(text: Uint16Array): Int32Array {
  const n = text.length;
  let ranks: Int32Array = Int32Array.from(text);
  let order: Int32Array = sortedByRank(Int32Array.from(text, (_, i) => i), ranks, 2 ** 16);
  let next = new Int32Array(n);
  ranks = renumbered(order, (a, b) => text[a] === text[b]);
  for (let length = 1; n > 0 && ranks[order[n - 1]!]! < n - 1; length *= 2) {
    // By their second halves: suffixes too short to have one come first, the others follow in the
    // order of the suffixes that begin there.
    let filled = 0;
    for (let start = Math.max(0, n - length); start < n; start++) next[filled++] = start;
    for (let i = 0; i < n; i++) {
      if (order[i]! >= length) next[filled++] = order[i]! - length;
    }
    const classes = ranks[order[n - 1]!]! + 1;
    const previous = ranks;
    const sorted = sortedByRank(next, ranks, classes);
    next = order as Int32Array<ArrayBuffer>;
    order = sorted;
    const half = (start: number) => start + length < n ? previous[start + length]! : -1;
    ranks = renumbered(order, (a, b) => previous[a] === previous[b] && half(a) === half(b));
  }
  return order;
}

/** Suffixes in the order of their ranks; those of one rank stay in the order given. */
function sortedByRank(starts: Int32Array, ranks: Int32Array, classes: number): Int32Array {
  const places = new Int32Array(classes + 1);
  for (let i = 0; i < starts.length; i++) places[ranks[i]! + 1]!++;
  for (let rank = 0; rank < classes; rank++) places[rank + 1]! += places[rank]!;
  const sorted = new Int32Array(starts.length);
  for (let i = 0; i < starts.length; i++) sorted[places[ranks[starts[i]!]!]!++] = starts[i]!;
  return sorted;
}

/** The rank of every suffix, where neighbours that are the same share one. */
function renumbered(order: Int32Array, same: (a: number, b: number) => boolean): Int32Array {
  const ranks = new Int32Array(order.length);
  let rank = 0;
  for (let i = 1; i < order.length; i++) {
    if (!same(order[i - 1]!, order[i]!)) rank++;
    ranks[order[i]!] = rank;
  }
  return ranks;
}

/** A part of a text, from `start` on. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** The first of the longest parts of a sample that occur in a text, which comes with its suffix
 * array. */
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

/** How many symbols of the sample from `start` on occur in the text one after the other. */
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
