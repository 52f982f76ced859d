import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { gatherImages, loadImageDataset } from "../../data/mod.ts";
import { closedAddress, serveFiles } from "./file_server.ts";
import { loadSmallMnist, smallMnistFiles } from "./small_mnist.ts";

const { hash: HASH } = await loadImageDataset("mnist-6k");
const FILE = "t10k-labels-idx1-ubyte";

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  constructor(files: Record<string, Uint8Array> = {}) {
    Deno.mkdirSync(join(this.path, "mnist"));
    for (const [name, bytes] of Object.entries(files)) this.write(name, bytes);
  }
  write(name: string, bytes: Uint8Array) {
    Deno.writeFileSync(join(this.path, "mnist", name), bytes);
  }
  names() {
    return [...Deno.readDirSync(join(this.path, "mnist"))].map(({ name }) => name).sort();
  }
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("gatherImages() scales the chosen examples to [−1, 1], in the order asked for", () => {
  const split = {
    count: 3,
    pixels: new Uint8Array([0, 255, 51, 102, 153, 204]),
    labels: new Uint8Array(3),
  };
  const images = gatherImages(split, 2, [2, 0, 2]);
  const expected = [0.2, 0.6, -1, 1, 0.2, 0.6];
  assert.equal(images.length, 6);
  expected.forEach((value, i) => assert.ok(Math.abs(images[i]! - value) < 1e-6));
  assert.equal(gatherImages(split, 2, []).length, 0);
  assert.throws(
    () => gatherImages(split, 2, new Uint32Array([3])),
    { name: "RangeError", message: "Internal: example 3 does not exist, there are 3" },
  );
});

Deno.test("a directory may hold the files gzipped or not", async () => {
  const files = await smallMnistFiles();
  const { [`${FILE}.gz`]: packed, ...others } = files;
  using folder = new Folder(others);
  folder.write(FILE, gunzipSync(packed!));
  const mnist = await loadSmallMnist({ directory: folder.path });
  assert.equal(mnist.hash, HASH);
});

Deno.test("a directory without the files, or with wrong ones, is refused with what to do", async () => {
  const files = await smallMnistFiles();
  using folder = new Folder(files);
  const path = join(folder.path, "mnist", `${FILE}.gz`);
  const load = () => loadSmallMnist({ directory: folder.path });

  const content = gunzipSync(files[`${FILE}.gz`]!);
  folder.write(`${FILE}.gz`, gzipSync(content.subarray(0, 500)));
  await assert.rejects(load(), {
    name: "UserError",
    message: `Cannot read ${path}: it is cut short, 500 bytes where at least 1008 are due`,
  });

  folder.write(`${FILE}.gz`, files[`${FILE}.gz`]!.subarray(0, 300));
  await assert.rejects(load(), {
    name: "UserError",
    message: /^Cannot use .* as MNIST's t10k-labels-idx1-ubyte: it cannot be decompressed/,
  });

  content[100]! ^= 1;
  folder.write(`${FILE}.gz`, gzipSync(content));
  await assert.rejects(load(), {
    name: "UserError",
    message: /^Cannot use .* as MNIST's t10k-labels-idx1-ubyte: its content has SHA-256 .*, exp/,
  });

  Deno.removeSync(path);
  await assert.rejects(load(), {
    name: "UserError",
    message:
      /^Cannot find MNIST: there is neither t10k-.*\.gz nor .* TEXTDIFFUSION_DATA .* `mnist-6k`, 7,000 of/,
  });
});

Deno.test("MNIST is downloaded once, and a damaged file of the cache once more", async () => {
  using cache = new Folder();
  await using server = await serveFiles(await smallMnistFiles());
  const seen = new Set<string>();
  const load = () =>
    loadSmallMnist({
      cache: cache.path,
      mirrors: [server.url],
      onProgress: ({ file }) => seen.add(file),
    });
  assert.equal((await load()).hash, HASH);
  assert.equal(server.requests.length, 4);
  assert.deepEqual([...seen], server.requests);
  assert.deepEqual(cache.names(), [".lock", ...server.requests.toSorted()]);

  assert.equal((await load()).hash, HASH);
  assert.equal(server.requests.length, 4);

  cache.write(`${FILE}.gz`, new Uint8Array(100));
  assert.equal((await load()).hash, HASH);
  assert.deepEqual(server.requests.slice(4), [`${FILE}.gz`]);
});

Deno.test("two loads at once download each file once", async () => {
  using cache = new Folder();
  await using server = await serveFiles(await smallMnistFiles());
  const load = () => loadSmallMnist({ cache: cache.path, mirrors: [server.url] });
  const [first, second] = await Promise.all([load(), load()]);
  assert.deepEqual([first.hash, second.hash], [HASH, HASH]);
  assert.equal(server.requests.length, 4);
});

Deno.test("without a network, the error names the directory and the digits of the repository", async () => {
  using cache = new Folder();
  const mirrors = [closedAddress(), closedAddress()];
  await assert.rejects(loadImageDataset("mnist", { cache: cache.path, mirrors }), (error) => {
    assert.ok(error instanceof Error && error.name === "UserError");
    for (const mirror of mirrors) assert.ok(error.message.includes(`${mirror}train-images`));
    assert.match(error.message, /Put the four files .* folder `mnist` .* TEXTDIFFUSION_DATA/);
    assert.match(error.message, /or use the dataset `mnist-6k`, .*--set dataset=mnist-6k/);
    return true;
  });
});

Deno.test("a cache that cannot be written is named", async () => {
  using cache = new Folder({ blocker: new Uint8Array(1) });
  const path = join(cache.path, "mnist", "blocker");
  await assert.rejects(loadImageDataset("mnist", { cache: path, mirrors: [closedAddress()] }), {
    name: "UserError",
    message: /^Cannot (write the cache directory|read) .*blocker\/mnist/,
  });
});
