import { tf } from "../../../../engine/mod.ts";
import { type ArrayInput, wave } from "../inputs.ts";
import type { KernelCase } from "../parity.ts";

/** Nearest neighbours by whole-number arithmetic: element (i, j) is that at (⌊i·h/H⌋, ⌊j·w/W⌋). */
const nearest = (H: number, W: number) => ({ shape, data }: ArrayInput): number[] => {
  const [n, h, w, c] = shape as [number, number, number, number];
  const result: number[] = [];
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < H; i++) {
      for (let j = 0; j < W; j++) {
        const at = ((b * h + Math.floor(i * h / H)) * w + Math.floor(j * w / W)) * c;
        result.push(...data.subarray(at, at + c));
      }
    }
  }
  return result;
};

const resize = (shape: number[], size: [number, number]): KernelCase => ({
  kernel: tf.ResizeNearestNeighbor,
  name: `[${shape}] to ${size.join("×")}`,
  inputs: [wave(shape)],
  fn: (x: tf.Tensor4D) => tf.image.resizeNearestNeighbor(x, size),
  // TensorFlow.js's gradient on the cpu backend reads the wrong image at batches above 1.
  reference: "finite differences",
});

const withoutGradient = (shape: number[], size: [number, number]): KernelCase => ({
  ...resize(shape, size),
  reference: nearest(...size),
  noGradient: "only that of enlargement by whole factors can be compiled",
});

export const resizeCases: readonly KernelCase[] = [
  resize([1, 3, 5, 2], [6, 10]),
  resize([3, 2, 3, 2], [4, 6]),
  resize([2, 3, 2, 1], [9, 2]),
  resize([1, 1, 1, 3], [4, 5]),
  withoutGradient([1, 3, 5, 2], [7, 11]),
  withoutGradient([2, 7, 6, 1], [3, 4]),
  // Sizes at which ⌊i·(h/H)⌋ in floating point falls short of a whole number.
  withoutGradient([1, 6, 15, 1], [14, 22]),
  withoutGradient([1, 41, 49, 1], [47, 98]),
  { ...resize([3, 2, 3, 2], [4, 6]), kernel: tf.ResizeNearestNeighborGrad },
  { ...resize([1, 5, 3, 4], [15, 6]), kernel: tf.ResizeNearestNeighborGrad },
];
