/** Who sees whom in block diffusion. */

/** A score so low that its weight is zero in float32. */
export const HIDDEN = -1e9;

/**
 * The noisy stream's mask where windows are cut into blocks: slot i, in the block that starts at s,
 * sees the clean slots 0 … s (the last of which has read all characters before s) and the noisy
 * slots of its own block.
 *
 * @param blockSize Divides `length`, or the last block is shorter.
 * @returns Row-major [length, length + length]: clean slots first; 0 to see, {@link HIDDEN} not to.
 */
export function blockMask(length: number, blockSize: number): Float32Array {
  const mask = new Float32Array(length * 2 * length).fill(HIDDEN);
  for (let i = 0; i < length; i++) {
    const start = i - i % blockSize;
    const row = i * 2 * length;
    mask.fill(0, row, row + start + 1);
    mask.fill(0, row + length + start, row + length + Math.min(start + blockSize, length));
  }
  return mask;
}

/**
 * The mask of one block after a prefix, within a program of fixed size.
 *
 * @param slots Clean slots of the program, of which the first `prefix` + 1 are used.
 * @param size Noisy slots of the program, of which the first `length` are used.
 * @returns Row-major [size, slots + size].
 */
export function continuationMask(
  { slots, size, prefix, length }: {
    slots: number;
    size: number;
    prefix: number;
    length: number;
  },
): Float32Array {
  const mask = new Float32Array(size * (slots + size)).fill(HIDDEN);
  for (let i = 0; i < size; i++) {
    const row = i * (slots + size);
    mask.fill(0, row, row + prefix + 1);
    mask.fill(0, row + slots, row + slots + Math.max(length, 1));
  }
  return mask;
}
