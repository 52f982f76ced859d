/** Statistics of the pictures that tools answer with. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import sharp from "sharp";
import type { Answer } from "./clients.ts";

const SIDE = 28;

/** The digits of a contact sheet in reading order, as 28×28 grey values from 0 to 255. */
export async function digitsOf(answer: Answer, count: number): Promise<Uint8Array[]> {
  const images = answer.content.filter((part) => part.type === "image");
  assert.equal(images.length, 1, "one picture");
  assert.equal(images[0]!.mimeType, "image/png");
  const { data, info } = await sharp(Buffer.from(images[0]!.data!, "base64"))
    .greyscale().raw().toBuffer({ resolveWithObject: true });
  const grey = (x: number, y: number) => data[(y * info.width + x) * info.channels]!;
  const background = grey(0, 0);
  const { rows, columns } = tiles(info.width, info.height, (x, y) => grey(x, y) !== background);
  assert.ok(rows.length * columns.length >= count, `${rows.length} × ${columns.length} tiles`);
  return Array.from({ length: count }, (_, index) => {
    const left = columns[index % columns.length]!;
    const top = rows[Math.floor(index / columns.length)]!;
    const scale = left.length / SIDE;
    assert.ok(Number.isInteger(scale) && top.length === left.length, "whole squares of 28 pixels");
    const at = (span: Span, pixel: number) => span.start + pixel * scale;
    return Uint8Array.from(
      { length: SIDE * SIDE },
      (_, pixel) => grey(at(left, pixel % SIDE), at(top, Math.floor(pixel / SIDE))),
    );
  });
}

interface Span {
  readonly start: number;
  readonly length: number;
}

/** Where the tiles stand: stretches of rows, then of columns, that are mostly not background. */
function tiles(width: number, height: number, drawn: (x: number, y: number) => boolean) {
  const rows = spans(height, (y) => share(width, (x) => drawn(x, y)) > 0.5);
  const inTiles = rows.flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i));
  const columns = spans(width, (x) => share(inTiles.length, (i) => drawn(x, inTiles[i]!)) > 0.5);
  return { rows, columns };
}

/** Unbroken stretches of at least a digit's width. */
function spans(length: number, inside: (index: number) => boolean): Span[] {
  const found: Span[] = [];
  for (let start = 0; start < length;) {
    let end = start;
    while (end < length && inside(end)) end++;
    if (end - start >= SIDE) found.push({ start, length: end - start });
    start = end + 1;
  }
  return found;
}

function share(length: number, holds: (index: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < length; i++) if (holds(i)) count++;
  return count / length;
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
