/** Pictures and texts as lines of a terminal. */
import assert from "node:assert/strict";
import { beside, blockLines, browserCommand, mosaic, textLines } from "../../tools/cli/terminal.ts";

const envOf = (variables: Record<string, string>) => ({
  get: (name: string) => variables[name],
});

Deno.test("mosaic() puts pictures side by side with a gap, each pixel the mean of several", () => {
  // Two pictures of 2 × 2: half white, and white beyond the range.
  const images = Float32Array.of(1, 1, -1, -1, 3, 1, 1, 1);
  const fine = mosaic(images, { side: 2, columns: 2, factor: 1 });
  assert.deepEqual([fine.width, fine.height], [5, 2]);
  assert.deepEqual([...fine.values], [1, 1, 0, 1, 1, 0, 0, 0, 1, 1]);
  const coarse = mosaic(images, { side: 2, columns: 1, factor: 2 });
  assert.deepEqual([coarse.width, coarse.height], [1, 2]);
  assert.deepEqual([...coarse.values], [0.5, 1]);
});

Deno.test("blockLines() draws two rows of pixels in a line, in greys or in shades", () => {
  const raster = { width: 3, height: 2, values: Float32Array.of(0, 1, 1, 0, 1, 0) };
  assert.deepEqual(blockLines(raster, 0), [" █▒"]);
  assert.deepEqual(blockLines(raster, 24), [
    "\x1b[38;5;232;48;5;232m▀\x1b[38;5;255;48;5;255m▀\x1b[38;5;255;48;5;232m▀\x1b[0m",
  ]);
  assert.deepEqual(blockLines({ ...raster, width: 1, height: 1 }, 256), [
    "\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[0m",
  ]);
});

Deno.test("textLines() breaks lines where the text does and at the width, and dims the unsure", () => {
  const text = { written: "Ay,\nno", part: "xyz", confidence: [0.9, 0.1, 0.5] };
  assert.deepEqual(textLines(text, 4, 0), ["Ay,", "noxy", "z"]);
  assert.deepEqual(textLines(text, 4, 24), ["Ay,", "nox\x1b[2my\x1b[22m", "z"]);
});

Deno.test("beside() measures lines without what colours them", () => {
  assert.deepEqual(beside(["\x1b[2ma\x1b[22m", "bc"], ["x", "y", "z"], 4), [
    "\x1b[2ma\x1b[22m   x",
    "bc  y",
    "    z",
  ]);
});

Deno.test("a browser is opened only where somebody would see it", () => {
  assert.deepEqual(browserCommand("linux", envOf({ DISPLAY: ":0" })), ["xdg-open"]);
  assert.equal(browserCommand("linux", envOf({})), null);
  assert.equal(browserCommand("darwin", envOf({ SSH_CONNECTION: "10.0.0.1" })), null);
  assert.equal(browserCommand("windows", envOf({ CI: "true" })), null);
  assert.deepEqual(browserCommand("darwin", envOf({})), ["open"]);
});
