import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { sha256 } from "../../data/files.ts";
import { formatIdx } from "../../data/idx.ts";
import { loadImageDataset } from "../../data/mod.ts";
import type { LoadOptions } from "../../data/public_files.ts";
import { idxDataset } from "../../data/registry.ts";
import { closedAddress, serveFiles } from "./file_server.ts";
import { entryOf } from "./small_mnist.ts";

/** Clothes as wide as their label says, 30 to train on and 10 to test with. */
function pictures(count: number): [Uint8Array, Uint8Array] {
  const labels = new Uint8Array(count).map((_, i) => i % 10);
  const data = new Uint8Array(count * 784).map((_, i) =>
    i % 28 <= 2 * labels[Math.floor(i / 784)]! ? 200 + i % 50 : 0
  );
  return [
    formatIdx({ shape: [count, 28, 28], data }),
    formatIdx({ shape: [count], data: labels }),
  ];
}

const CONTENTS = [...pictures(30), ...pictures(10)];
const FASHION_MNIST = entryOf("fashion-mnist");
const names = FASHION_MNIST.files!.files.map(({ name }) => name);
const packed = Object.fromEntries(
  names.map((name, i) => [`${name}.gz`, new Uint8Array(gzipSync(CONTENTS[i]!))]),
);

/** As Fashion-MNIST, but with the sums of the files above. */
const CLOTHES = idxDataset({
  ...FASHION_MNIST,
  classNames: "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    .split(","),
  counts: [30, 10],
  checksums: {
    gzipMd5: names.map((name) => createHash("md5").update(packed[`${name}.gz`]!).digest("hex")) as [
      string,
      string,
      string,
      string,
    ],
  },
  mirrors: FASHION_MNIST.files!.mirrors,
});

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly inside = join(this.path, "fashion-mnist");
  constructor(files: Record<string, Uint8Array> = {}) {
    Deno.mkdirSync(this.inside);
    for (const [name, bytes] of Object.entries(files)) {
      Deno.writeFileSync(join(this.inside, name), bytes);
    }
  }
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const load = (options: LoadOptions) => CLOTHES.open(options);

Deno.test("a dataset known by MD5 sums is downloaded once, from the next mirror if one is down", async () => {
  using cache = new Folder();
  await using server = await serveFiles(packed);
  const source = { cache: cache.path, mirrors: [closedAddress(), server.url] };
  for (const _ of [1, 2]) {
    const dataset = await load(source);
    assert.equal(dataset.hash, sha256(...CONTENTS));
    assert.deepEqual([dataset.train.count, dataset.test.count], [30, 10]);
    assert.deepEqual([dataset.height, dataset.width, dataset.channels], [28, 28, 1]);
    assert.equal(dataset.classNames[dataset.train.labels[19]!], "Ankle boot");
    assert.deepEqual(server.requests, names.map((name) => `${name}.gz`));
  }
});

Deno.test("a download with another MD5 sum is removed and both sums are named", async () => {
  using cache = new Folder();
  const wrong = new Uint8Array(gzipSync(CONTENTS[2]!));
  await using server = await serveFiles({ ...packed, "train-images-idx3-ubyte.gz": wrong });
  await assert.rejects(load({ cache: cache.path, mirrors: [server.url] }), {
    name: "UserError",
    message: new RegExp(
      `train-images-idx3-ubyte.gz: the file has MD5 [0-9a-f]{32}, the published gzipped one ` +
        `[0-9a-f]{32}; the file was removed. Put the four published files, gzipped as they are, ` +
        "into a folder `fashion-mnist`",
    ),
  });
  assert.deepEqual([...Deno.readDirSync(cache.inside)].map(({ name }) => name), [".lock"]);
});

Deno.test("in a directory the published gzipped files count, and nothing else", async () => {
  using folder = new Folder(packed);
  const source = { directory: folder.path };
  assert.equal((await load(source)).hash, sha256(...CONTENTS));

  const path = join(folder.inside, `${names[3]}.gz`);
  const whole = gunzipSync(packed[`${names[3]}.gz`]!);
  Deno.writeFileSync(path, gzipSync(whole.subarray(0, 12)));
  await assert.rejects(load(source), {
    name: "UserError",
    message: `Cannot read ${path}: it is cut short, 12 bytes where at least 18 are due`,
  });

  Deno.removeSync(path);
  await assert.rejects(load(source), {
    name: "UserError",
    message: new RegExp(
      `^Cannot find Fashion-MNIST: there is no ${names[3]}.gz in .*TEXTDIFFUSION_DATA`,
    ),
  });
});

Deno.test("Fashion-MNIST and KMNIST refuse files that were not published", async () => {
  for (const name of ["fashion-mnist", "kmnist"]) {
    const { files } = entryOf(name).files!;
    using folder = new Folder(packed);
    if (name === "kmnist") Deno.renameSync(folder.inside, join(folder.path, name));
    const { gzipMd5 } = files[0] as { gzipMd5: string } & typeof files[0];
    await assert.rejects(loadImageDataset(name, { directory: folder.path }), {
      name: "UserError",
      message: new RegExp(`the file has MD5 [0-9a-f]{32}, the published gzipped one ${gzipMd5}$`),
    });
    assert.equal(files[2]!.bytes, 16 + 10_000 * 784);
  }
});
