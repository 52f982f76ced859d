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

const fraction = (shape: number[], size: [number, number]): KernelCase => ({
  ...resize(shape, size),
  reference: nearest(...size),
  noGradient: "the cases below are about the gradient",
});

type Resize = typeof tf.image.resizeBilinear;

/** Under each way of choosing the places that elements come from. */
const sampled = (kernel: string, resize: Resize, shape: number[], size: [number, number]) =>
  ([[false, false], [true, false], [false, true]] as const).map(([corners, centres]) => ({
    kernel,
    name: `[${shape}] to ${size.join("×")}${corners ? ", corners aligned" : ""}${
      centres ? ", half-pixel centres" : ""
    }`,
    inputs: [wave(shape)],
    fn: (x: tf.Tensor4D) => resize(x, size, corners, centres),
    // TensorFlow.js's gradients on the cpu backend do not know of half-pixel centres.
    reference: "finite differences" as const,
    atol: 1e-5,
  }));

const { resizeBilinear, resizeNearestNeighbor } = tf.image;

export const resizeCases: readonly KernelCase[] = [
  resize([1, 3, 5, 2], [6, 10]),
  resize([3, 2, 3, 2], [4, 6]),
  resize([2, 3, 2, 1], [9, 2]),
  resize([1, 1, 1, 3], [4, 5]),
  fraction([1, 3, 5, 2], [7, 11]),
  fraction([2, 7, 6, 1], [3, 4]),
  // Sizes at which ⌊i·(h/H)⌋ in floating point falls short of a whole number.
  fraction([1, 6, 15, 1], [14, 22]),
  fraction([1, 41, 49, 1], [47, 98]),
  ...([[[2, 3, 5, 2], [6, 7]], [[1, 6, 4, 1], [3, 5]], [[2, 2, 3, 1], [4, 6]]] as const).flatMap(
    ([shape, size]) => [
      ...sampled(tf.ResizeBilinear, resizeBilinear, [...shape], [...size]),
      ...sampled(tf.ResizeBilinearGrad, resizeBilinear, [...shape], [...size]),
      ...sampled(tf.ResizeNearestNeighborGrad, resizeNearestNeighbor, [...shape], [...size]),
    ],
  ),
  { ...resize([3, 2, 3, 2], [4, 6]), kernel: tf.ResizeNearestNeighborGrad },
  { ...resize([1, 5, 3, 4], [15, 6]), kernel: tf.ResizeNearestNeighborGrad },
];
