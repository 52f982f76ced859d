import { decodePng, type Pixels } from "../../figures/png.tsx";
import { contactSheet, filmStrip } from "../../figures/contact_sheet.ts";
import assert from "node:assert/strict";

const SIZE = 28;

/** A picture whose every pixel tells where it is. */
function ramp(seed: number): Float32Array {
  return Float32Array.from(
    { length: SIZE * SIZE },
    (_, index) => ((index * 37 + seed * 101) % 256) / 127.5 - 1,
  );
}

function join(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

function at(picture: Pixels, x: number, y: number): number {
  return picture.data[(y * picture.width + x) * picture.channels] ?? -1;
}

/** Whether the tile at (x, y) shows exactly these values, each as a block of scale × scale pixels. */
function showsTile(picture: Pixels, x: number, y: number, values: Float32Array, scale: number) {
  for (let row = 0; row < SIZE * scale; row++) {
    for (let column = 0; column < SIZE * scale; column++) {
      const value = values[Math.floor(row / scale) * SIZE + Math.floor(column / scale)] ?? 0;
      if (at(picture, x + column, y + row) !== Math.round((value + 1) * 127.5)) return false;
    }
  }
  return true;
}

/** Where the tile stands in the picture, found by looking. */
function findTile(picture: Pixels, values: Float32Array, scale: number) {
  for (let y = 0; y + SIZE * scale <= picture.height; y++) {
    for (let x = 0; x + SIZE * scale <= picture.width; x++) {
      if (showsTile(picture, x, y, values, scale)) return { x, y };
    }
  }
  return undefined;
}

/** Number of pixels in a rectangle that are clearly lighter than the sheet's ground. */
function ink(picture: Pixels, x: number, y: number, width: number, height: number): number {
  let count = 0;
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      if (at(picture, column, row) > 90) count++;
    }
  }
  return count;
}

Deno.test("contactSheet() shows every picture exactly, each pixel enlarged to a block", async () => {
  const pictures = Array.from({ length: 7 }, (_, index) => ramp(index));
  for (const scale of [1, 2, 4]) {
    const png = await contactSheet({
      images: join(pictures),
      count: 7,
      height: SIZE,
      width: SIZE,
      columns: 4,
      scale,
    });
    const sheet = await decodePng(png);
    const places = pictures.map((picture) => findTile(sheet, picture, scale));
    assert.ok(places.every((place) => place !== undefined), `a tile is missing at scale ${scale}`);
    assert.equal(new Set(places.map((place) => place?.y)).size, 2, "seven in fours make two rows");
    assert.equal(places[4]?.x, places[0]?.x, "the fifth stands below the first");
  }
});

Deno.test("contactSheet() stays within 740 pixels for ten columns and is greyscale", async () => {
  const png = await contactSheet({
    images: new Float32Array(40 * SIZE * SIZE),
    count: 40,
    height: SIZE,
    width: SIZE,
    columns: 10,
  });
  const sheet = await decodePng(png);
  assert.ok(sheet.width <= 740 && sheet.width > 560, `width ${sheet.width}`);
  // The colour type in the header of the PNG specification, section 11.2.1.
  assert.equal(png[25], 0);
});

Deno.test("contactSheet() draws its title, captions and row captions", async () => {
  const base = {
    images: new Float32Array(4 * SIZE * SIZE).fill(-1),
    count: 4,
    height: SIZE,
    width: SIZE,
    columns: 2,
    scale: 3,
  };
  const plain = await decodePng(await contactSheet(base));
  assert.equal(ink(plain, 0, 0, plain.width, plain.height), 0, "black tiles alone have no ink");
  const titled = await decodePng(await contactSheet({ ...base, title: "image-0001" }));
  assert.ok(ink(titled, 10, 8, 90, 20) > 60, "ink where the title stands");
  const captioned = await decodePng(
    await contactSheet({ ...base, captions: ["0", "1", "2", "3"] }),
  );
  const below = 12 + SIZE * 3;
  assert.ok(ink(captioned, 12, below + 1, SIZE * 3, 16) > 8, "ink below the first tile");
  const rows = await decodePng(await contactSheet({ ...base, rowCaptions: ["linear", "cosine"] }));
  assert.ok(rows.width > plain.width, "row captions have room of their own");
  assert.ok(ink(rows, 0, 40, rows.width - 2 * SIZE * 3 - 20, 30) > 20, "ink left of the first row");
});

Deno.test("contactSheet() clips values outside [-1, 1] and checks values that are not numbers", async () => {
  const images = new Float32Array(SIZE * SIZE).fill(7);
  images[0] = -9;
  const clipped = await decodePng(
    await contactSheet({ images, count: 1, height: SIZE, width: SIZE, scale: 1 }),
  );
  assert.equal(at(clipped, 12, 12), 0);
  assert.equal(at(clipped, 13, 12), 255);
  const broken = await decodePng(
    await contactSheet({
      images: images.fill(NaN),
      count: 1,
      height: SIZE,
      width: SIZE,
      scale: 1,
    }),
  );
  assert.deepEqual([at(broken, 12, 12), at(broken, 13, 12), at(broken, 12, 13)], [0, 255, 255]);
});

Deno.test("filmStrip() puts each example's x_t right above its denoised picture", async () => {
  const noisy = [ramp(1), ramp(2)];
  const denoised = [ramp(3), ramp(4)];
  const later = [ramp(5), ramp(6)];
  const strip = await decodePng(
    await filmStrip({
      frames: [
        { caption: "99 %", noisy: join(noisy), denoised: join(denoised) },
        { caption: "50 %", noisy: join(later), denoised: join(denoised) },
      ],
      count: 2,
      height: SIZE,
      width: SIZE,
      scale: 2,
      captions: ["3", "8"],
    }),
  );
  for (const example of [0, 1]) {
    const above = findTile(strip, noisy[example] ?? ramp(0), 2);
    const below = findTile(strip, denoised[example] ?? ramp(0), 2);
    const next = findTile(strip, later[example] ?? ramp(0), 2);
    assert.ok(above && below && next);
    assert.equal(above.x, below.x);
    assert.ok(below.y > above.y + SIZE * 2 - 1 && below.y < above.y + SIZE * 2 + 10);
    assert.ok(next.x > above.x && next.y === above.y, "time runs to the right");
  }
});
