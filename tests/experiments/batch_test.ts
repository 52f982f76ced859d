import assert from "node:assert/strict";
import { type ImageDataset, loadImageDataset } from "../../data/mod.ts";
import { normals } from "../../engine/mod.ts";
import {
  batchSource,
  pixelwiseDenoisingError,
  VALIDATION_GAMMAS,
} from "../../experiments/image/validation.ts";
import { trainingCount, VALIDATION_IMAGES } from "../../experiments/image/pictures.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import { shortConfig } from "./workspace.ts";

const NO_CLASS = 10;

/** Images whose only pixels name their index, to see which ones a batch takes. */
async function numbered(count: number): Promise<ImageDataset> {
  const dataset = await loadImageDataset("made-up-digits");
  const pixels = new Uint8Array(count * 784);
  for (let i = 0; i < count; i++) {
    pixels[i * 784] = i & 255;
    pixels[i * 784 + 1] = i >> 8;
  }
  return { ...dataset, train: { count, pixels, labels: new Uint8Array(count) } };
}

function indicesIn(x: Float32Array): number[] {
  const value = (position: number) => Math.round((x[position]! + 1) * 127.5);
  return Array.from(
    { length: x.length / 784 },
    (_, i) => value(784 * i) + 256 * value(784 * i + 1),
  );
}

Deno.test("an epoch sees every training image once, none of those kept for validation", async () => {
  const dataset = await numbered(10 * VALIDATION_IMAGES);
  const batchAt = batchSource(shortConfig({ batch_size: 24 }), dataset, NO_CLASS);
  const epoch = (first: number) =>
    Array.from({ length: 96 }, (_, i) => indicesIn(batchAt(first + i).x as Float32Array)).flat();
  const all = Array.from({ length: trainingCount(dataset) }, (_, i) => i);
  const [one, two] = [epoch(0), epoch(96)];
  assert.deepEqual(one.toSorted((a, b) => a - b), all);
  assert.deepEqual(two.toSorted((a, b) => a - b), all);
  assert.notDeepEqual(one, two);
});

Deno.test("a batch depends on the step alone, not on the steps before it", async () => {
  const dataset = await loadImageDataset("made-up-digits");
  const config = shortConfig({ batch_size: 16 });
  const walked = batchSource(config, dataset, NO_CLASS);
  for (let step = 0; step < 5; step++) walked(step);
  assert.deepEqual(walked(5), batchSource(config, dataset, NO_CLASS)(5));
  assert.notDeepEqual(walked(6).eps, walked(5).eps);
});

Deno.test("label dropout hides about the asked fraction of the classes", async () => {
  const dataset = await loadImageDataset("made-up-digits");
  const hidden = (label_dropout: number) => {
    const batchAt = batchSource(
      shortConfig({ batch_size: 1000, label_dropout }),
      dataset,
      NO_CLASS,
    );
    return batchAt(0).labels!.filter((label) => label === NO_CLASS).length;
  };
  assert.equal(hidden(0), 0);
  assert.equal(hidden(1), 1000);
  assert.ok(Math.abs(hidden(0.2) - 200) < 60, `${hidden(0.2)} of 1000 labels are hidden`);
});

Deno.test("a small data set keeps a tenth for validation, and one image is too few", async () => {
  for (const [count, kept] of [[5000, 256], [2559, 255], [300, 30], [2, 1]] as const) {
    assert.equal(trainingCount(await numbered(count)), count - kept);
  }
  const one = await numbered(1);
  assert.throws(() => trainingCount(one), {
    name: "UserError",
    message:
      "Made-up digits has 1 training images, of which 1 must be kept for validation: use a " +
      "larger data set",
  });
});

Deno.test("the pixelwise baseline is the error of the estimate it stands for", async () => {
  const dataset = await loadImageDataset("made-up-digits");
  const size = 784, first = trainingCount(dataset);
  const pixel = (i: number, j: number) => dataset.train.pixels[i * size + j]! / 127.5 - 1;
  const moments = Array.from({ length: size }, (_, j) => {
    const values = Array.from({ length: first }, (_, i) => pixel(i, j));
    const mean = values.reduce((sum, value) => sum + value, 0) / first;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / first };
  });
  // The same estimate, with drawn noise in place of its expectation.
  const errors = VALIDATION_GAMMAS.flatMap((gamma, level) => {
    const { alpha, sigma } = alphaSigma(gamma);
    const noise = normals({ seed: 1, stream: "test", step: level }, VALIDATION_IMAGES * size);
    return Array.from({ length: VALIDATION_IMAGES * size }, (_, n) => {
      const j = n % size, x = pixel(first + Math.floor(n / size), j);
      const { mean, variance } = moments[j]!;
      const z = alpha * x + sigma * noise[n]!;
      const gain = alpha * variance / (alpha ** 2 * variance + sigma ** 2);
      return (mean + gain * (z - alpha * mean) - x) ** 2;
    });
  });
  const drawn = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const expected = pixelwiseDenoisingError(dataset);
  assert.ok(Math.abs(drawn / expected - 1) < 0.01, `${drawn} drawn, ${expected} expected`);
});
