/**
 * Products of matrices by the 32 threads of a warp, and the numbers that they take: mma.m16n8k8 of
 * tf32. https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-fragment-mma-1688
 */

const WARP = 32;

const bits = new Int32Array(1);
const number = new Float32Array(bits.buffer);

/** The bits of a float32 rounded to the 10 bits of mantissa of tf32, halves away from zero. */
export function tf32Bits(x: number): number {
  number[0] = x;
  if (!Number.isFinite(x)) return bits[0]!;
  return (bits[0]! + 0x1000) & ~0x1fff;
}

/**
 * results ← left · right + sums, for every warp of a block. Each array holds one register of all
 * threads. left is of 16 rows by 8 terms, right of 8 terms by 8 columns, both as the bits of floats
 * of which only those of tf32 count.
 */
export function multiplyFragments(
  results: readonly Float32Array[],
  left: readonly Int32Array[],
  right: readonly Int32Array[],
  sums: readonly Float32Array[],
): void {
  const a = new Float32Array(16 * 8);
  const b = new Float32Array(8 * 8);
  const [aBits, bBits] = [new Int32Array(a.buffer), new Int32Array(b.buffer)];
  const lanes = sums[0]!.length;
  if (lanes % WARP !== 0) throw new RangeError(`${lanes} threads are no whole warps`);
  for (let warp = 0; warp < lanes; warp += WARP) {
    for (let lane = 0; lane < WARP; lane++) {
      const [group, member] = [lane >> 2, lane % 4];
      left.forEach((register, i) => {
        const row = group + 8 * (i % 2);
        const term = member + 4 * (i >> 1);
        aBits[8 * row + term] = register[warp + lane]! & ~0x1fff;
      });
      right.forEach((register, i) => {
        bBits[8 * (member + 4 * i) + group] = register[warp + lane]! & ~0x1fff;
      });
    }
    for (let lane = 0; lane < WARP; lane++) {
      const [group, member] = [lane >> 2, lane % 4];
      for (let i = 0; i < 4; i++) {
        const row = group + 8 * (i >> 1);
        const column = 2 * member + i % 2;
        let sum = sums[i]![warp + lane]!;
        for (let term = 0; term < 8; term++) sum += a[8 * row + term]! * b[8 * term + column]!;
        results[i]![warp + lane] = sum;
      }
    }
  }
}
