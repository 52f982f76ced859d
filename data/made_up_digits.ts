/**
 * Digits drawn by this program, for tests and for work without a network. They have the shapes and
 * conventions of MNIST (28 × 28 pixels, a height of about 20, ink at 255 on 0, soft edges), but
 * they are easier: ten glyphs of a bitmap font, each shifted, scaled, slanted and blurred at random.
 */
import { uniforms } from "../engine/host/mod.ts";
import { hashAsIdx } from "./idx.ts";
import { DIGIT_NAMES, type ImageDataset, type ImageSplit } from "./images.ts";

const SIZE = 28;
const SEED = 28;

/** The digits 0 to 9 side by side, each 5 × 7 and one column apart. */
const FONT = [
  " ###    #    ###  ##### #   # #####  ###  #####  ###   ### ",
  "#   #  ##   #   #    #  #   # #     #         # #   # #   #",
  "#   #   #       #   #   #   # ####  #        #  #   # #   #",
  "#   #   #     ##     #  ##### #   # ####     #   ###   ####",
  "#   #   #    #        #     #     # #   #   #   #   #     #",
  "#   #   #   #     #   #     # #   # #   #   #   #   #     #",
  " ###   ###  #####  ###      #  ###   ###   #     ###   ### ",
];
const [GLYPH_WIDTH, GLYPH_HEIGHT] = [5, 7];

/** Drawn once in a process, which may train many runs. */
let drawn: ImageDataset | undefined;

/** 4,000 training and 1,000 test digits, the classes in turn; the same ones every time. */
export function madeUpDigits(): ImageDataset {
  return drawn ??= drawDigits();
}

function drawDigits(): ImageDataset {
  const parts = { train: drawSplit("train", 4000), test: drawSplit("test", 1000) };
  return {
    name: "made-up-digits",
    title: "Made-up digits",
    hash: hashAsIdx(parts, [SIZE, SIZE]),
    height: SIZE,
    width: SIZE,
    channels: 1,
    classes: DIGIT_NAMES.length,
    classNames: DIGIT_NAMES,
    ...parts,
  };
}

function drawSplit(name: string, count: number): ImageSplit {
  const pixels = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count).map((_, i) => i % 10);
  for (let i = 0; i < count; i++) {
    const hand = uniforms({ seed: SEED, stream: `made-up-digits/${name}`, step: i }, 7);
    drawDigit(labels[i]!, hand, pixels.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE));
  }
  return { count, pixels, labels };
}

/**
 * Draws a digit into 28 × 28 pixels.
 *
 * @param hand Seven numbers on [0, 1): width, height, slant, shift in x and y, thickness, sharpness.
 */
function drawDigit(digit: number, hand: Float32Array, pixels: Uint8Array): void {
  const between = (i: number, low: number, high: number) => low + (high - low) * hand[i]!;
  // Pixels for each cell of the glyph.
  const [width, height] = [between(0, 2.2, 2.9), between(1, 2.5, 3)];
  const slant = between(2, -0.1, 0.35);
  const [centreX, centreY] = [between(3, 13.2, 14.8), between(4, 13.2, 14.8)];
  const threshold = between(5, 0.3, 0.6);
  // From 0.5 / threshold, below which the background would be grey.
  const sharpness = between(6, 1.7, 4);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const [dx, dy] = [x + 0.5 - centreX, y + 0.5 - centreY];
      const column = (dx + slant * dy) / width + GLYPH_WIDTH / 2 - 0.5;
      const row = dy / height + GLYPH_HEIGHT / 2 - 0.5;
      const ink = 0.5 + sharpness * (coverage(digit, column, row) - threshold);
      pixels[y * SIZE + x] = Math.round(255 * Math.max(0, Math.min(1, ink)));
    }
  }
}

/** The glyph between the centres of its cells, interpolated bilinearly: 0 to 1. */
function coverage(digit: number, column: number, row: number): number {
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [right, down] = [column - left, row - top];
  const cell = (x: number, y: number) =>
    x >= 0 && x < GLYPH_WIDTH && FONT[y]?.[digit * (GLYPH_WIDTH + 1) + x] === "#" ? 1 : 0;
  return (1 - down) * ((1 - right) * cell(left, top) + right * cell(left + 1, top)) +
    down * ((1 - right) * cell(left, top + 1) + right * cell(left + 1, top + 1));
}
