import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sampleFromMnist } from "../../data/draw_mnist_6k.ts";
import { loadImageDataset } from "../../data/mod.ts";
import { entryOf } from "./small_mnist.ts";

const HASH = "0505270e83e4c6e8583993ee5e47f6793a44fde58952516cfa191777cfd0b208";

Deno.test("MNIST-6k has as many digits of each class, and MNIST's statistics", async () => {
  const { name, title, hash, train, test, classNames } = await loadImageDataset("mnist-6k");
  assert.deepEqual([name, title, hash], ["mnist-6k", "MNIST-6k", HASH]);
  assert.deepEqual([train.count, test.count, classNames.length], [6000, 1000, 10]);
  for (const [part, each] of [[train, 600], [test, 100]] as const) {
    const counts = Array.from(classNames, (_, label) => part.labels.filter((l) => l === label));
    assert.deepEqual(counts.map(({ length }) => length), Array(10).fill(each));
    // In random order: each hundred has every class.
    for (let i = 0; i < part.count; i += 100) {
      assert.equal(new Set(part.labels.subarray(i, i + 100)).size, 10);
    }
  }
  const mean = train.pixels.reduce((sum, pixel) => sum + pixel, 0) / train.pixels.length / 255;
  // MNIST's mean is 0.1307; even classes and chance leave less than a hundredth.
  assert.ok(Math.abs(mean - 0.1307) < 0.002, `${mean}`);
});

Deno.test("MNIST-6k is loaded whatever directory, cache or mirrors are named", async () => {
  const elsewhere = await loadImageDataset("mnist-6k", { directory: "/nowhere", mirrors: [] });
  assert.equal(elsewhere.hash, HASH);
});

Deno.test("the checksums beside MNIST-6k's files are those that are checked", () => {
  const readme = readFileSync(new URL("../../data/mnist-6k/README.md", import.meta.url), "utf8");
  for (const expected of entryOf("mnist-6k").files!.files) {
    assert.ok("sha256" in expected);
    assert.match(readme, new RegExp(`\`${expected.name}.gz\` *\\| \`${expected.sha256}\``));
  }
  assert.match(readme, /Attribution-ShareAlike 3\.0/);
});

Deno.test("sampleFromMnist() draws the same digits every time, none twice, and mixes the classes", () => {
  // Digit i has pixel values that spell i, so that it can be found again.
  const count = 8000;
  const split = {
    count,
    pixels: Uint8Array.from({ length: 2 * count }, (_, i) => (i >> 1) >> (i % 2 ? 8 : 0)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  };
  const drawn = sampleFromMnist(split, "train");
  assert.equal(drawn.count, 10 * 600);
  const origins = Array.from(
    drawn.labels,
    (_, i) => drawn.pixels[2 * i]! + 256 * drawn.pixels[2 * i + 1]!,
  );
  assert.equal(new Set(origins).size, drawn.count);
  origins.forEach((origin, i) => assert.equal(drawn.labels[i], origin % 10));
  assert.deepEqual(sampleFromMnist(split, "train"), drawn);
  assert.notDeepEqual(
    sampleFromMnist(split, "test").pixels.slice(0, 100),
    drawn.pixels.slice(0, 100),
  );
});
