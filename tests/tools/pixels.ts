/** Statistics of the pictures that tools answer with. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import sharp from "sharp";
import type { Answer } from "./clients.ts";

const SIDE = 28;
const SCALE = 3;

/** The digits of a contact sheet of ten columns, as grey values from 0 to 255 each of 28×28. */
export async function digitsOf(answer: Answer, count: number): Promise<Uint8Array[]> {
  const images = answer.content.filter((part) => part.type === "image");
  assert.equal(images.length, 1, "one picture");
  assert.equal(images[0]!.mimeType, "image/png");
  const { data, info } = await sharp(Buffer.from(images[0]!.data!, "base64"))
    .greyscale().raw().toBuffer({ resolveWithObject: true });
  const grey = (x: number, y: number) => data[(y * info.width + x) * info.channels]!;
  return Array.from({ length: count }, (_, index) => {
    // Margin 12, title 36, gap 4, captions of 18 pixels below each tile.
    const left = 12 + (index % 10) * (SIDE * SCALE + 4);
    const top = 36 + Math.floor(index / 10) * (SIDE * SCALE + 18 + 4);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, pixel) => {
      const [x, y] = [left + (pixel % SIDE) * SCALE, top + Math.floor(pixel / SIDE) * SCALE];
      assert.equal(
        grey(x, y),
        grey(x + SCALE - 1, y + SCALE - 1),
        `digit ${index} is not enlarged by ${SCALE} at (${x}, ${y}): did the sheet's layout change?`,
      );
      return grey(x, y);
    });
  });
}

/** Correlation of horizontally neighbouring pixels: 0 for white noise, 0.83 for MNIST's digits. */
export function neighbourCorrelation(digit: ArrayLike<number>): number {
  const left: number[] = [];
  const right: number[] = [];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x + 1 < SIDE; x++) {
      left.push(digit[y * SIDE + x]!);
      right.push(digit[y * SIDE + x + 1]!);
    }
  }
  const [ml, mr] = [mean(left), mean(right)];
  const covariance = mean(left.map((value, i) => (value - ml) * (right[i]! - mr)));
  const spread = (values: number[], m: number) => Math.sqrt(mean(values.map((v) => (v - m) ** 2)));
  return covariance / (spread(left, ml) * spread(right, mr));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
