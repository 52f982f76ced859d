/**
 * Interpolated n-gram models with the smoothing of Witten and Bell (1991, method C; the recursive
 * form is equation 17 of Chen and Goodman 1998). With c(h) occurrences of a context h that are
 * followed by something, and T(h) different symbols that follow it,
 *
 *     p(s | h) = (c(h s) + T(h)·p(s | h')) / (c(h) + T(h))
 *
 * where h' is h without its first symbol, and below the empty context stands the uniform
 * distribution. A context that was never seen gives p(s | h').
 */
import { type RandomKey, uniforms, UserError } from "../../engine/host/mod.ts";

export interface NgramOptions {
  /** Length of the longest n-grams that are counted, from 1 to 16. */
  readonly order: number;
  /** Number of symbols; symbols are the integers below it. */
  readonly vocabularySize: number;
}

/** The n-gram models of a training text, of every order from 1 to `order`. */
export interface NgramModel extends NgramOptions {
  /**
   * Returns −log p of each symbol of a text under the model of the largest order, conditioned on the symbols
   * before it, in nats. The first symbols have shorter contexts.
   */
  surprisals(text: ArrayLike<number>): Float64Array;
  /**
   * Returns the cross-entropy of a text under the model of each order, in nats per symbol; element n − 1
   * belongs to the n-gram model.
   *
   * @throws {UserError} If the text is empty.
   */
  crossEntropies(text: ArrayLike<number>): Float64Array;
  /**
   * Returns the probabilities of the next symbol under the model of the largest order, [vocabularySize],
   * which sum to 1.
   */
  distribution(context: ArrayLike<number>): Float64Array;
}

const MAX_ORDER = 16;

/**
 * Fits n-gram models to a text.
 *
 * @throws {UserError} If the order is out of range.
 */
export function fitNgrams(
  text: ArrayLike<number>,
  { order, vocabularySize }: NgramOptions,
): NgramModel {
  if (!(Number.isInteger(order) && order >= 1 && order <= MAX_ORDER)) {
    throw new UserError(
      `Cannot use n-grams of order ${order}: \`order\` must be an integer from 1 to ${MAX_ORDER}`,
    );
  }
  const trie = new NgramTrie();
  const contexts = new Contexts(trie, order);
  for (let i = 0; i < text.length; i++) {
    contexts.count(requireSymbol(text[i]!, vocabularySize));
  }

  /** Calls `visit` with the probability of each symbol under the model of every order. */
  function score(
    text: ArrayLike<number>,
    visit: (position: number, order: number, probability: number) => void,
  ): void {
    const contexts = new Contexts(trie, order);
    for (let i = 0; i < text.length; i++) {
      const symbol = requireSymbol(text[i]!, vocabularySize);
      let probability = 1 / vocabularySize;
      for (let length = 0; length < order; length++) {
        const node = contexts.at(length);
        if (node !== NgramTrie.none) {
          probability = interpolated(trie, node, trie.child(node, symbol), probability);
        }
        visit(i, length + 1, probability);
      }
      contexts.follow(symbol);
    }
  }

  return {
    order,
    vocabularySize,
    surprisals(text) {
      const nats = new Float64Array(text.length);
      score(text, (position, n, probability) => {
        if (n === order) nats[position] = -Math.log(probability);
      });
      return nats;
    },
    crossEntropies(text) {
      if (text.length === 0) throw new UserError("Cannot score an empty text");
      const nats = new Float64Array(order);
      score(text, (_position, n, probability) => nats[n - 1]! -= Math.log(probability));
      return nats.map((sum) => sum / text.length);
    },
    distribution(context) {
      const contexts = new Contexts(trie, order);
      for (let i = Math.max(0, context.length - order + 1); i < context.length; i++) {
        contexts.follow(requireSymbol(context[i]!, vocabularySize));
      }
      const probabilities = new Float64Array(vocabularySize).fill(1 / vocabularySize);
      for (let length = 0; length < order; length++) {
        const node = contexts.at(length);
        if (node === NgramTrie.none) break;
        for (let symbol = 0; symbol < vocabularySize; symbol++) {
          const child = trie.child(node, symbol);
          probabilities[symbol] = interpolated(trie, node, child, probabilities[symbol]!);
        }
      }
      return probabilities;
    },
  };
}

/** Evaluates the equation above; `child` is the context extended by the symbol, `shorter` is p(s | h'). */
function interpolated(trie: NgramTrie, node: number, child: number, shorter: number): number {
  const kinds = trie.kinds(node);
  if (kinds === 0) return shorter;
  const count = child === NgramTrie.none ? 0 : trie.count(child);
  return (count + kinds * shorter) / (trie.continuations(node) + kinds);
}

/** The nodes of the last 0, 1, …, order − 1 symbols while a text is processed. */
class Contexts {
  readonly #trie: NgramTrie;
  readonly #nodes: Int32Array;

  constructor(trie: NgramTrie, order: number) {
    this.#trie = trie;
    this.#nodes = new Int32Array(order).fill(NgramTrie.none);
    this.#nodes[0] = NgramTrie.root;
  }

  /** Returns the node of the last `length` symbols, or none if they do not occur in the training text. */
  at(length: number): number {
    return this.#nodes[length]!;
  }

  /** Advances by a symbol without counting it. */
  follow(symbol: number): void {
    for (let length = this.#nodes.length - 1; length > 0; length--) {
      const shorter = this.#nodes[length - 1]!;
      this.#nodes[length] = shorter === NgramTrie.none
        ? NgramTrie.none
        : this.#trie.child(shorter, symbol);
    }
  }

  /** Advances by a symbol and counts every n-gram that ends with it. */
  count(symbol: number): void {
    for (let length = this.#nodes.length; length > 0; length--) {
      const shorter = this.#nodes[length - 1]!;
      if (shorter === NgramTrie.none) continue;
      const longer = this.#trie.add(shorter, symbol);
      // The longest n-gram is counted, but is never a context.
      if (length < this.#nodes.length) this.#nodes[length] = longer;
    }
  }
}

/** Samples a text of `length` symbols from an n-gram model. */
export function sampleNgrams(
  model: NgramModel,
  { length, key }: { readonly length: number; readonly key: RandomKey },
): Uint16Array {
  const text = new Uint16Array(length);
  uniforms(key, length).forEach((uniform, i) => {
    const context = text.subarray(Math.max(0, i - model.order + 1), i);
    text[i] = symbolAt(model.distribution(context), uniform);
  });
  return text;
}

/** Returns the symbol at a quantile of the cumulative distribution. */
function symbolAt(probabilities: Float64Array, uniform: number): number {
  let left = uniform;
  for (let symbol = 0; symbol < probabilities.length - 1; symbol++) {
    left -= probabilities[symbol]!;
    if (left < 0) return symbol;
  }
  return probabilities.length - 1;
}

function requireSymbol(symbol: number, vocabularySize: number): number {
  if (symbol < vocabularySize) return symbol;
  throw new RangeError(
    `Internal: symbol ${symbol} is outside the vocabulary of ${vocabularySize}`,
  );
}

/**
 * A trie of n-grams: the root is the empty n-gram, and a child is its parent followed by one more symbol.
 * Nodes are numbers; children are found by hashing (parent, symbol) with linear probing.
 */
class NgramTrie {
  #size = 1;
  #parent = new Int32Array(1024).fill(-1);
  #symbol = new Uint16Array(1024);
  /** Number of occurrences of each n-gram. */
  #count = new Int32Array(1024);
  /** Number of occurrences that are followed by a symbol, and number of distinct following symbols. */
  #continuations = new Int32Array(1024);
  #kinds = new Int32Array(1024);
  /** The node in each slot of the hash table, or 0 for an empty slot. */
  #slots = new Int32Array(4096);

  static readonly root = 0;
  static readonly none = -1;

  /** Returns how often the n-gram occurs. */
  count(node: number): number {
    return this.#count[node]!;
  }

  /** Returns how often the n-gram is followed by a symbol: not so at the end of the text. */
  continuations(node: number): number {
    return this.#continuations[node]!;
  }

  /** Returns the number of distinct symbols that follow the n-gram. */
  kinds(node: number): number {
    return this.#kinds[node]!;
  }

  /** Returns the n-gram extended by a symbol, or `NgramTrie.none` if it does not occur. */
  child(node: number, symbol: number): number {
    const found = this.#slots[this.#slot(node, symbol)]!;
    return found === 0 ? NgramTrie.none : found;
  }

  /** Counts an occurrence of an n-gram extended by a symbol, and returns the extended n-gram. */
  add(node: number, symbol: number): number {
    let slot = this.#slot(node, symbol);
    let child = this.#slots[slot]!;
    if (child === 0) {
      if (this.#size === this.#parent.length) {
        this.#grow();
        slot = this.#slot(node, symbol);
      }
      child = this.#size++;
      this.#slots[slot] = child;
      this.#parent[child] = node;
      this.#symbol[child] = symbol;
      this.#kinds[node]!++;
    }
    this.#continuations[node]!++;
    this.#count[child]!++;
    return child;
  }

  /** Returns the slot of the child, or the empty slot where it would be inserted. */
  #slot(node: number, symbol: number): number {
    const mask = this.#slots.length - 1;
    // Two rounds of multiply and shift, so that neighbouring nodes do not fill neighbouring slots.
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(symbol + 1, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (true) {
      const found = this.#slots[slot]!;
      if (found === 0 || (this.#parent[found] === node && this.#symbol[found] === symbol)) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const capacity = 2 * this.#parent.length;
    const enlarged = <T extends Int32Array | Uint16Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    this.#parent = enlarged(this.#parent, new Int32Array(capacity));
    this.#symbol = enlarged(this.#symbol, new Uint16Array(capacity));
    this.#count = enlarged(this.#count, new Int32Array(capacity));
    this.#continuations = enlarged(this.#continuations, new Int32Array(capacity));
    this.#kinds = enlarged(this.#kinds, new Int32Array(capacity));
    this.#slots = new Int32Array(4 * capacity);
    for (let node = 1; node < this.#size; node++) {
      this.#slots[this.#slot(this.#parent[node]!, this.#symbol[node]!)] = node;
    }
  }
}
