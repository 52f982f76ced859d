/** What is known of MNIST itself, and that MNIST-6k is a part of it. */
import assert from "node:assert/strict";
import { sampleFromMnist } from "../../data/draw_mnist_6k.ts";
import { sha256 } from "../../data/files.ts";
import { loadImageDataset } from "../../data/mod.ts";
import { openEngine } from "../../engine/mod.ts";
import { accuracyOn } from "../../experiments/image/classifier.ts";
import { classifierWeights } from "../../models/image_classifier.ts";

const HASH = "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a";

Deno.test("MNIST has its known size, statistics and first labels", async () => {
  const mnist = await loadImageDataset("mnist");
  assert.equal(mnist.hash, HASH);
  assert.equal(mnist.train.count, 60_000);
  assert.equal(mnist.test.count, 10_000);
  assert.deepEqual([...mnist.train.labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.deepEqual([...mnist.test.labels.subarray(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  const { pixels } = mnist.train;
  let [sum, squares] = [0, 0];
  for (const pixel of pixels) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const mean = sum / pixels.length;
  const deviation = Math.sqrt(squares / pixels.length - mean ** 2);
  // The usual normalisation constants 0.1307 and 0.3081, and 0.6162 on the scale [−1, 1].
  assert.ok(Math.abs(mean / 255 - 0.1307) < 5e-5);
  assert.ok(Math.abs(deviation / 127.5 - 0.6162) < 5e-5);
});

Deno.test("MNIST-6k is what its script draws out of MNIST", async () => {
  const [mnist, small] = [await loadImageDataset("mnist"), await loadImageDataset("mnist-6k")];
  for (const part of ["train", "test"] as const) {
    const drawn = sampleFromMnist(mnist[part], part);
    assert.equal(drawn.count, small[part].count);
    assert.equal(
      sha256(drawn.pixels, drawn.labels),
      sha256(small[part].pixels, small[part].labels),
    );
  }
});

Deno.test("MNIST's kept classifier reaches the accuracy that its file states", async () => {
  const engine = await openEngine({ device: "cpu" });
  const dataset = await loadImageDataset("mnist");
  const { parameters, metadata } = classifierWeights("mnist", dataset);
  const accuracy = await accuracyOn(engine, parameters, dataset, dataset.test);
  assert.equal(metadata.dataset_hash, dataset.hash);
  // Rounding differs between processors and may turn a picture that lies on the edge.
  assert.ok(Math.abs(accuracy - Number(metadata.test_accuracy)) < 3e-4, `${accuracy}`);
  assert.ok(accuracy >= 0.992, `${accuracy}`);
  await engine.dispose();
});
