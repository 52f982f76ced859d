import assert from "node:assert/strict";
import { join } from "node:path";
import { MNIST_6K } from "../../data/mnist_6k.ts";
import { loadImageDataset, loadTextDataset } from "../../data/mod.ts";
import { readRegularFile } from "../../data/regular_file.ts";
import { Folder, writeDigits } from "./pictures.ts";
import { loadSmallMnist, smallMnistFiles } from "./small_mnist.ts";
import { makePipe, SpecialFiles } from "./special_files.ts";

/** Everything here is refused at once: not opened, not read, not waited for. */
const SOON = 5000;

async function refused(work: () => Promise<unknown>, message: string | RegExp) {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it is still being read")), SOON);
  try {
    await assert.rejects(Promise.race([work(), late]), { name: "UserError", message });
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("readRegularFile() reads files and links to them", async () => {
  const folder = Deno.makeTempDirSync();
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  const content = new Uint8Array(300_000).map((_, i) => i * 7);
  Deno.writeFileSync(file, content);
  Deno.symlinkSync(file, link);
  for (const path of [file, link]) assert.deepEqual(await readRegularFile(path, 300_000), content);
  await assert.rejects(readRegularFile(join(folder, "none"), 1), Deno.errors.NotFound);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("readRegularFile() refuses what is no regular file, or a larger one, before it opens it", async () => {
  using special = new SpecialFiles();
  const { pipe, device, huge, path } = special;
  const most = "name a regular file of at most 9 bytes";
  await refused(() => readRegularFile(pipe, 9), `Cannot read ${pipe}: it is a named pipe, ${most}`);
  await refused(() => readRegularFile(device, 9), `Cannot read ${device}: it is a device, ${most}`);
  await refused(() => readRegularFile(path, 9), `Cannot read ${path}: it is a directory, ${most}`);
  await refused(
    () => readRegularFile(huge, 9),
    `Cannot use ${huge}: it has 17179869184 bytes, the most is 9`,
  );
});

Deno.test("a text that is a pipe, a device or too large is refused at once", async () => {
  using special = new SpecialFiles();
  await refused(
    () => loadTextDataset(special.pipe),
    /it is a named pipe, name a regular file of at/,
  );
  await refused(
    () => loadTextDataset(special.device),
    /device: it is a device, name a regular file/,
  );
  await refused(
    () => loadTextDataset("/dev/zero"),
    /^Cannot read \/dev\/zero: it is a device, name/,
  );
  await refused(
    () => loadTextDataset(special.huge),
    /huge: it has 17179869184 bytes, the most is 268435456$/,
  );
});

Deno.test("a folder with a pipe, a device or a link to nothing for a picture is refused at once", async () => {
  for (
    const [make, reason] of [
      [makePipe, "a named pipe"],
      [(path: string) => Deno.symlinkSync("/dev/zero", path), "a device"],
      [(path: string) => Deno.symlinkSync("/nowhere/x.png", path), "a link to nothing"],
    ] as const
  ) {
    for (const name of ["red/x.png", "train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"]) {
      using folder = new Folder();
      Deno.mkdirSync(join(folder.inside, "red"));
      const path = join(folder.inside, name);
      make(path);
      await refused(
        () => loadImageDataset(folder.inside, { cache: folder.cache }),
        `Cannot read ${path}: it is ${reason}, only regular files are read; mend it, or take it ` +
          "out of the folder",
      );
    }
  }
});

Deno.test("what is not named like a picture may be anything", async () => {
  using folder = new Folder();
  await writeDigits(folder, 10, 2);
  makePipe(join(folder.inside, "digit-0", "pipe"));
  Deno.symlinkSync("/nowhere", join(folder.inside, "digit-0", "notes"));
  const { train, test } = await loadImageDataset(folder.inside, { cache: folder.cache });
  assert.equal(train.count + test.count, 10);
});

Deno.test("a picture that is too large is refused before any is decoded", async () => {
  using folder = new Folder();
  await writeDigits(folder, 10, 2);
  const path = folder.write("digit-0/large.png", new Uint8Array());
  Deno.truncateSync(path, 2 ** 34);
  await refused(
    () => loadImageDataset(folder.inside, { cache: folder.cache }),
    `Cannot use ${path}: it has 17179869184 bytes, the most for a picture is 268435456; take it ` +
      "out of the folder, or make it smaller",
  );
});

Deno.test("public files of a directory are regular ones, no larger than what was published", async () => {
  const folder = Deno.makeTempDirSync();
  const inside = join(folder, "mnist");
  Deno.mkdirSync(inside);
  const files = await smallMnistFiles();
  for (const [name, bytes] of Object.entries(files)) Deno.writeFileSync(join(inside, name), bytes);
  const load = () => loadSmallMnist({ directory: folder });
  const path = join(inside, "t10k-images-idx3-ubyte.gz");
  const most = MNIST_6K.files["t10k-images-idx3-ubyte"].bytes + 2 ** 20;
  Deno.removeSync(path);
  makePipe(path);
  await refused(
    load,
    `Cannot read ${path}: it is a named pipe, name a regular file of at most ${most} bytes`,
  );
  Deno.removeSync(path);
  Deno.symlinkSync("/dev/zero", path);
  await refused(
    load,
    `Cannot read ${path}: it is a device, name a regular file of at most ${most} bytes`,
  );
  Deno.removeSync(path);
  Deno.writeFileSync(path, new Uint8Array());
  Deno.truncateSync(path, 2 ** 34);
  await refused(load, `Cannot use ${path}: it has 17179869184 bytes, the most is ${most}`);
  Deno.removeSync(folder, { recursive: true });
});
