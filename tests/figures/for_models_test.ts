import { decodePng, encodePng } from "../../figures/png.tsx";
import assert from "node:assert/strict";
import { uniforms } from "../../engine/host/mod.ts";
import { pngForModel } from "../../figures/mod.ts";
import { MOST_BYTES, MOST_SIDE } from "../../figures/for_models.ts";

/** A picture of nothing but noise, which no format makes small. */
function noise(width: number, height: number, channels: number): Promise<Uint8Array<ArrayBuffer>> {
  const values = uniforms({ seed: 1, stream: "noise", step: 0 }, width * height * channels);
  return encodePng({ width, height, channels, data: Uint8Array.from(values, (v) => 256 * v) });
}

Deno.test("pngForModel() leaves a small picture as it is", async () => {
  const png = await noise(100, 100, 1);
  assert.equal(await pngForModel(png, "small"), png);
  assert.equal(await pngForModel(png, "full"), png);
});

Deno.test("pngForModel() keeps to its sides and bytes, even of noise in colour", async () => {
  for (const [width, height, channels] of [[400, 300, 1], [600, 400, 3], [2400, 300, 3]] as const) {
    const png = await noise(width, height, channels);
    const small = await pngForModel(png, "small");
    assert.ok(small.length <= MOST_BYTES, `${small.length} bytes`);
    const full = await decodePng(await pngForModel(png, "full"));
    assert.ok(Math.max(full.width, full.height) <= MOST_SIDE, `${full.width} × ${full.height}`);
    const { width: w, height: h } = await decodePng(small);
    assert.ok(Math.abs(w / h - width / height) < 0.05 * width / height, "it keeps its shape");
  }
});

Deno.test("pngForModel() reduces colours before it shrinks", async () => {
  const png = await noise(300, 250, 1);
  assert.ok(png.length > MOST_BYTES);
  const small = await decodePng(await pngForModel(png, "small"));
  assert.deepEqual([small.width, small.height], [300, 250]);
});
