/** The README's animated picture, as `deno task study:picture` drew it. */
import assert from "node:assert/strict";
import sharp from "sharp";

const PATH = new URL("../../docs/forming.gif", import.meta.url);

Deno.test("the README's picture is animated, small, dark and opaque in every frame", async () => {
  const gif = await Deno.readFile(PATH);
  assert.ok(gif.length < 500_000, `${gif.length} bytes`);
  const { pages, delay } = await sharp(gif, { animated: true }).metadata();
  assert.equal(pages, 41);
  assert.ok(delay!.at(-1)! > 10 * delay![0]!, "the last frame stands for a while");
  const { data, info } = await sharp(gif, { animated: true }).ensureAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  assert.ok(data.every((value, i) => i % info.channels !== 3 || value === 255));
  assert.ok(data[0]! < 40);
});
