/** The bytes of a card that is played: which are allocated, and who wrote and read them. */

/** The address of the first byte. */
export const BASE = 0x7f00_0000_0000;
/** Words there are; untouched pages take no memory. */
const WORDS = 2 ** 24;
/** What the driver aligns allocations to, in words. */
const ALIGNMENT = 64;

/** Words of which nobody knows, and words without a value; later numbers are those of launches. */
export const [FREE, UNWRITTEN, FROM_HOST] = [0, 1, 2];

interface Allocation {
  readonly start: number;
  readonly end: number;
}

export class CardMemory {
  readonly words = new Int32Array(WORDS);
  readonly floats = new Float32Array(this.words.buffer);
  /** Of each word: {@link FREE}, {@link UNWRITTEN}, {@link FROM_HOST} or the launch that wrote it. */
  readonly writers = new Int32Array(WORDS);
  /** Of each word, the last launch that read it. */
  readonly readers = new Int32Array(WORDS);
  readonly #allocations: Allocation[] = [];

  allocate(bytes: number): number {
    const length = ALIGNMENT * Math.ceil(bytes / 4 / ALIGNMENT);
    // With a gap on either side, so that what goes beyond an allocation meets no other.
    let start = ALIGNMENT;
    let place = 0;
    for (const allocation of this.#allocations) {
      if (allocation.start - start >= length + ALIGNMENT) break;
      start = allocation.end + ALIGNMENT;
      place++;
    }
    if (start + length > WORDS) throw new RangeError("The card has no memory left");
    this.#allocations.splice(place, 0, { start, end: start + length });
    this.writers.fill(UNWRITTEN, start, start + Math.ceil(bytes / 4));
    return BASE + 4 * start;
  }

  free(address: number): void {
    const start = (address - BASE) / 4;
    const place = this.#allocations.findIndex((allocation) => allocation.start === start);
    if (place < 0) throw new RangeError(`Nothing was allocated at ${address}`);
    const [{ end }] = this.#allocations.splice(place, 1) as [Allocation];
    this.writers.fill(FREE, start, end);
  }

  /** Words that the host writes. */
  write(address: number, words: Int32Array): void {
    const start = this.#range(address, words.length, UNWRITTEN);
    this.words.set(words, start);
    this.writers.fill(FROM_HOST, start, start + words.length);
  }

  /** Words that the host reads: all must have been written. */
  read(address: number, words: Int32Array): void {
    const start = this.#range(address, words.length, FROM_HOST);
    words.set(this.words.subarray(start, start + words.length));
  }

  #range(address: number, length: number, least: number): number {
    const start = (address - BASE) / 4;
    for (let i = start; i < start + length; i++) {
      if (!(this.writers[i]! >= least)) throw new RangeError(this.describe(BASE + 4 * i, -1));
    }
    return start;
  }

  /** What is wrong with an address for a thread of a launch. */
  describe(address: number, launch: number): string {
    const index = (address - BASE) / 4;
    const writer = this.writers[index];
    if (!Number.isInteger(index)) return `${address} is not the address of a word`;
    if (writer === undefined || writer === FREE) return `${address} is not allocated`;
    if (writer === UNWRITTEN) return `${address} was never written`;
    if (writer === launch) return `${address} is written by the same launch`;
    return `${address} is read by the same launch`;
  }
}
