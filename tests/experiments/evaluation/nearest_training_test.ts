import assert from "node:assert/strict";
import { gatherImages, loadImageDataset } from "../../../data/mod.ts";
import { openEngine } from "../../../engine/mod.ts";
import { nearestTrainingDistances } from "../../../experiments/image/neighbours.ts";

Deno.test("nearest training images are found: copies are at 0, others where a plain search has them", async () => {
  const { train, test } = await loadImageDataset("made-up-digits");
  const engine = await openEngine({ device: "cpu" });
  // More images than one chunk holds, and a number that no chunk divides.
  const some = { ...train, count: 3333, pixels: train.pixels.subarray(0, 3333 * 784) };
  const copies = gatherImages(train, 784, [0, 1999, 3332]);
  const others = gatherImages(test, 784, [0, 7]);
  const images = Float32Array.from([...copies, ...others]);
  const distances = await nearestTrainingDistances(engine, some, 784, images);
  assert.deepEqual([...distances.subarray(0, 3)], [0, 0, 0]);
  for (const i of [3, 4]) {
    const picture = images.subarray(i * 784, (i + 1) * 784);
    let least = Infinity;
    for (let j = 0; j < some.count; j++) {
      const sum = picture.reduce(
        (sum, value, k) => sum + (value - (some.pixels[j * 784 + k]! / 127.5 - 1)) ** 2,
        0,
      );
      least = Math.min(least, sum);
    }
    assert.ok(Math.abs(distances[i]! - Math.sqrt(least)) < 1e-5, `${distances[i]} ${least}`);
  }
  await engine.dispose();
});
