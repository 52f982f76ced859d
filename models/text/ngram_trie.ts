/** How often each n-gram of a text occurs, for all n up to an order at once. */

/**
 * A tree of contexts: the root is the empty one, and a child is its parent followed by one more
 * symbol. Nodes are numbers; children are found by hashing (parent, symbol), with linear probing.
 */
export class NgramTrie {
  #size = 1;
  #parent = new Int32Array(1024).fill(-1);
  #symbol = new Uint16Array(1024);
  /** Occurrences of the n-gram. */
  #count = new Int32Array(1024);
  /** Occurrences that are followed by something, and how many different symbols follow. */
  #continuations = new Int32Array(1024);
  #kinds = new Int32Array(1024);
  /** A node in each slot, 0 where there is none: the root is nobody's child. */
  #slots = new Int32Array(4096);

  static readonly root = 0;
  static readonly none = -1;

  /** Nodes, the root included. */
  get size(): number {
    return this.#size;
  }

  /** How often the n-gram occurs. */
  count(node: number): number {
    return this.#count[node]!;
  }

  /** How often something follows the n-gram: its occurrences but for one at the text's end. */
  continuations(node: number): number {
    return this.#continuations[node]!;
  }

  /** How many different symbols follow the n-gram. */
  kinds(node: number): number {
    return this.#kinds[node]!;
  }

  /** The n-gram with one more symbol, or `NgramTrie.none` if it does not occur. */
  child(node: number, symbol: number): number {
    const found = this.#slots[this.#slot(node, symbol)]!;
    return found === 0 ? NgramTrie.none : found;
  }

  /** Counts one more occurrence of an n-gram followed by a symbol, and returns the longer n-gram. */
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

  /** Where the child is, or the free slot where it would be. */
  #slot(node: number, symbol: number): number {
    const mask = this.#slots.length - 1;
    // Two rounds of multiply and shift: neighbouring nodes must not fill neighbouring slots.
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
