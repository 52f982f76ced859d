import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { formatIdx } from "../../data/idx.ts";
import { loadImageFolder } from "../../data/image_folder.ts";
import { Folder } from "./pictures.ts";

const load = ({ inside, cache }: Folder, options = {}) =>
  loadImageFolder(inside, { cache, ...options });
const refused = (work: Promise<unknown>, message: string | RegExp) =>
  assert.rejects(work, { name: "UserError", message });

/** Pictures whose every pixel is ten times the label. */
function pair(labels: number[], size = 28): { images: Uint8Array; labels: Uint8Array } {
  const area = size * size;
  const data = new Uint8Array(labels.length * area).map((_, i) =>
    10 * labels[Math.floor(i / area)]!
  );
  return {
    images: formatIdx({ shape: [labels.length, size, size], data }),
    labels: formatIdx({ shape: [labels.length], data: new Uint8Array(labels) }),
  };
}

const letters = Array.from({ length: 40 }, (_, i) => [3, 7, 20, 25][i % 4]!);

Deno.test("IDX files of any name make a dataset, gzipped or not, with a tenth held out", async () => {
  using folder = new Folder();
  const { images, labels } = pair(letters);
  folder.write("my-images.idx3", images);
  folder.write("my-labels.idx1.gz", gzipSync(labels));
  const dataset = await load(folder);
  assert.deepEqual(dataset.classNames, ["3", "7", "20", "25"]);
  assert.deepEqual([dataset.train.count, dataset.test.count], [36, 4]);
  assert.deepEqual([...dataset.test.labels].sort(), [0, 1, 2, 3]);
  for (const { count, pixels, labels } of [dataset.train, dataset.test]) {
    for (let i = 0; i < count; i++) {
      assert.equal(pixels[i * 784 + 400], 10 * Number(dataset.classNames[labels[i]!]));
    }
  }
});

Deno.test("a second pair that is called test or t10k is the test set", async () => {
  using folder = new Folder();
  const [train, test] = [pair(letters), pair([20, 3])];
  folder.write("emnist-letters-train-images-idx3-ubyte", train.images);
  folder.write("emnist-letters-train-labels-idx1-ubyte", train.labels);
  folder.write("emnist-letters-test-images-idx3-ubyte", test.images);
  folder.write("emnist-letters-test-labels-idx1-ubyte", test.labels);
  const dataset = await load(folder);
  assert.deepEqual([dataset.train.count, dataset.test.count], [40, 2]);
  assert.deepEqual([...dataset.test.labels], [2, 0]);
  folder.write("more-images-idx3-ubyte", test.images);
  await refused(
    load(folder),
    /its files of images are .*more-images.*; leave one, or two of which/,
  );
});

Deno.test("pictures of another size are scaled, and made three channels where colour is wanted", async () => {
  using folder = new Folder();
  const { images, labels } = pair(letters, 20);
  folder.write("images-idx3", images);
  folder.write("labels-idx1", labels);
  const { train, ...facts } = await load(folder, { imageSize: 16, colour: "rgb" });
  assert.deepEqual([facts.height, facts.channels], [16, 3]);
  assert.equal(train.pixels.length, 36 * 16 * 16 * 3);
  for (let i = 0; i < 36; i++) {
    const value = 10 * Number(facts.classNames[train.labels[i]!]);
    assert.ok(train.pixels.subarray(i * 768, (i + 1) * 768).every((pixel) => pixel === value));
  }
});

Deno.test("IDX files that are cut, do not match or lack their labels are named", async () => {
  using folder = new Folder();
  const { images, labels } = pair(letters);
  const imagesPath = folder.write("images-idx3", images);
  await refused(
    load(folder),
    `Cannot use ${imagesPath}: the file of its labels, labels-idx1 or labels-idx1.gz, is missing; ` +
      "put it beside it",
  );
  const labelsPath = folder.write("labels-idx1", pair(letters.slice(1)).labels);
  await refused(
    load(folder),
    `Cannot use ${labelsPath}: its shape is [39], but ${imagesPath} holds 40 pictures`,
  );
  folder.write("labels-idx1", labels.subarray(0, 20));
  await refused(
    load(folder),
    `Cannot read ${labelsPath}: it is cut short, 20 bytes where at least 48 are due`,
  );
  folder.write("labels-idx1", labels);
  folder.write("images-idx3", images.subarray(0, 5000));
  await refused(
    load(folder),
    `Cannot read ${imagesPath}: it is cut short, 5000 bytes where at least 31376 are due`,
  );
  folder.write("images-idx3", labels);
  await refused(
    load(folder),
    `Cannot use ${imagesPath}: its shape is [40], wanted are [count,height,width]`,
  );
  Deno.removeSync(imagesPath);
  folder.write("images-idx3.gz", gzipSync(images).subarray(0, 100));
  await refused(
    load(folder),
    new RegExp(`^Cannot read ${join(folder.inside, "images-idx3.gz")}: .*`),
  );
});
