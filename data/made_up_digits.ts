/**
 * Digits drawn by this program, for work without a network. They stand in for MNIST: the same
 * shapes and conventions (a box of 20 pixels, centred by mass, soft edges), but no person
 * wrote them, and they are easier.
 */
import { normals, type RandomKey, uniforms } from "../engine/host/mod.ts";
import { DIGIT_NAMES } from "./class_names.ts";
import { sha256 } from "./content.ts";
import { formatIdx } from "./idx.ts";
import type { ImageDataset, ImageSplit } from "./images.ts";
import { DIGIT_SKELETONS, type Point, type Skeleton, type Stroke } from "./strokes.ts";

const SIZE = 28;
const TRAIN_COUNT = 4000;
const TEST_COUNT = 1000;
const SEED = 28;
/** The pen included, digits fill a box of this side. */
const BOX = 20;
/** No skeleton has more control points. */
const MOST_POINTS = 32;
/** Straight pieces for each span of a curve. */
const PIECES = 5;

/** A straight piece of a stroke, in pixels. */
type Segment = readonly [x0: number, y0: number, x1: number, y1: number];

/** Drawing them takes as long as many training steps, and a process may train many runs. */
let drawn: ImageDataset | undefined;

/** 4,000 training and 1,000 test digits, the classes in turn; the same ones every time. */
export function madeUpDigits(): ImageDataset {
  return drawn ??= drawDigits();
}

function drawDigits(): ImageDataset {
  const train = drawSplit("train", TRAIN_COUNT);
  const test = drawSplit("test", TEST_COUNT);
  const files = [train, test].flatMap(({ count, pixels, labels }) => [
    formatIdx({ shape: [count, SIZE, SIZE], data: pixels }),
    formatIdx({ shape: [count], data: labels }),
  ]);
  return {
    name: "made-up-digits",
    title: "Made-up digits",
    hash: sha256(...files),
    height: SIZE,
    width: SIZE,
    channels: 1,
    classes: 10,
    classNames: DIGIT_NAMES,
    train,
    test,
  };
}

function drawSplit(name: string, count: number): ImageSplit {
  const pixels = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 10;
    const key = { seed: SEED, stream: `made-up-digits/${name}`, step: i };
    const picture = pixels.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
    drawDigit(labels[i]!, key, picture);
  }
  return { count, pixels, labels };
}

/** Draws one digit in a hand of its own into 28×28 pixels. */
function drawDigit(digit: number, key: RandomKey, pixels: Uint8Array): void {
  const draws = uniforms({ ...key, stream: `${key.stream}/pen` }, 4);
  const [choice, width, softness, ink] = [...draws] as [number, number, number, number];
  const hand = normals({ ...key, stream: `${key.stream}/hand` }, 3 + 2 * MOST_POINTS);
  const variants = DIGIT_SKELETONS[digit]!;
  const strokes = written(variants[Math.floor(choice * variants.length)]!, hand.subarray(3));
  const lean = affine(hand.subarray(0, 3));
  const radius = 0.9 + 0.9 * width;
  const segments = centred(
    strokes.flatMap((stroke) => curve(stroke.map(lean))),
    BOX - 2 * radius,
  );
  rasterise(segments, radius, 0.9 + 0.6 * softness, 235 + 20 * ink, pixels);
}

/** The skeleton with every control point a little off. */
function written(skeleton: Skeleton, normal: Float32Array): Stroke[] {
  let point = -1;
  return skeleton.map((stroke) =>
    stroke.map(([x, y], i): Point => {
      const previous = stroke[i - 1];
      // Both halves of a corner stay together.
      if (previous?.[0] !== x || previous[1] !== y) point++;
      return [x + 0.032 * normal[2 * point]!, y + 0.032 * normal[2 * point + 1]!];
    })
  );
}

/** Width, slant and rotation of a hand, around the middle of the unit square. */
function affine(normal: Float32Array): (point: Point) => Point {
  const clipped = (i: number) => Math.max(-2, Math.min(2, normal[i]!));
  const width = 0.76 + 0.1 * clipped(0);
  const slant = 0.15 + 0.17 * clipped(1);
  const angle = 0.1 * clipped(2);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ([x, y]) => {
    const v = y - 0.5;
    const u = (x - 0.5) * width - slant * v;
    return [cos * u - sin * v, sin * u + cos * v];
  };
}

/** A smooth curve through the points (Catmull and Rom 1974), as straight pieces. */
function curve(points: Stroke): Segment[] {
  const segments: Segment[] = [];
  const at = (i: number) => points[Math.max(0, Math.min(points.length - 1, i))]!;
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    if (b[0] === c[0] && b[1] === c[1]) continue;
    let previous = b;
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      const through = (axis: 0 | 1) =>
        0.5 * (2 * b[axis] + (c[axis] - a[axis]) * t +
          (2 * a[axis] - 5 * b[axis] + 4 * c[axis] - d[axis]) * t ** 2 +
          (3 * b[axis] - a[axis] - 3 * c[axis] + d[axis]) * t ** 3);
      const point: Point = [through(0), through(1)];
      segments.push([previous[0], previous[1], point[0], point[1]]);
      previous = point;
    }
  }
  return segments;
}

/** The segments scaled to fill a square box and moved so that their centre of mass is the middle of
 * the picture. */
function centred(segments: readonly Segment[], box: number): Segment[] {
  let [mass, momentX, momentY] = [0, 0, 0];
  for (const [x0, y0, x1, y1] of segments) {
    const length = Math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2);
    mass += length;
    momentX += length * (x0 + x1) / 2;
    momentY += length * (y0 + y1) / 2;
  }
  const scale = box / Math.max(extent(segments, 0), extent(segments, 1));
  const [dx, dy] = [SIZE / 2 - scale * momentX / mass, SIZE / 2 - scale * momentY / mass];
  return segments.map(([x0, y0, x1, y1]) => [
    scale * x0 + dx,
    scale * y0 + dy,
    scale * x1 + dx,
    scale * y1 + dy,
  ]);
}

/** How far the segments reach along an axis. */
function extent(segments: readonly Segment[], axis: 0 | 1): number {
  const ends = segments.flatMap((segment) => [segment[axis]!, segment[axis + 2]!]);
  return Math.max(...ends) - Math.min(...ends);
}

/** Ink falls off linearly over `softness` pixels around the pen's radius. */
function rasterise(
  segments: readonly Segment[],
  radius: number,
  softness: number,
  ink: number,
  pixels: Uint8Array,
): void {
  const reach = radius + softness / 2;
  const nearest = new Float64Array(SIZE * SIZE).fill(Infinity);
  for (const segment of segments) {
    const [x0, y0, x1, y1] = segment;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(SIZE - 1, Math.floor(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(SIZE - 1, Math.floor(Math.max(y0, y1) + reach));
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const distance = squaredDistance(column + 0.5, row + 0.5, segment);
        const pixel = row * SIZE + column;
        if (distance < nearest[pixel]!) nearest[pixel] = distance;
      }
    }
  }
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    const coverage = (reach - Math.sqrt(nearest[pixel]!)) / softness;
    pixels[pixel] = Math.round(ink * Math.max(0, Math.min(1, coverage)));
  }
}

function squaredDistance(x: number, y: number, [x0, y0, x1, y1]: Segment): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.max(0, Math.min(1, along));
  return (x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2;
}
