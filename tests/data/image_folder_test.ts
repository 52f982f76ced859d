import assert from "node:assert/strict";
import { join } from "node:path";
import sharp from "sharp";
import { loadImageFolder } from "../../data/image_folder.ts";
import { loadImageDataset } from "../../data/mod.ts";
import { Folder, greyPng, plainPng, writeDigits } from "./pictures.ts";

type Options = Omit<Parameters<typeof loadImageFolder>[1], "cache">;
const load = ({ inside, cache }: Folder, options: Options = {}) =>
  loadImageFolder(inside, { cache, ...options });
const refused = (work: Promise<unknown>, message: string | RegExp) =>
  assert.rejects(work, { name: "UserError", message });

Deno.test("subfolders are classes in the order of their names, and a tenth of each is held out", async () => {
  using folder = new Folder();
  await writeDigits(folder, 60, 3);
  folder.write("notes.txt", new Uint8Array(5));
  folder.write("empty/readme.md", new Uint8Array(5));
  const { classNames, classes, train, test, ...facts } = await load(folder);
  assert.deepEqual([classes, classNames], [3, ["digit-0", "digit-1", "digit-2"]]);
  assert.deepEqual([facts.height, facts.width, facts.channels], [28, 28, 1]);
  assert.deepEqual([facts.title, facts.name], ["pictures", folder.inside]);
  assert.deepEqual([train.count, test.count], [54, 6]);
  assert.deepEqual([...test.labels].sort(), [0, 0, 1, 1, 2, 2]);
  // The classes are mixed, so that whatever is cut off the end has all of them.
  assert.equal(new Set(train.labels.subarray(-18)).size, 3);
});

Deno.test("pixels and labels are those of the pictures", async () => {
  using folder = new Folder();
  await writeDigits(folder, 40, 10);
  const { train, test } = await load(folder);
  const digits = (await loadImageDataset("made-up-digits")).train;
  const known = new Map(
    Array.from({ length: 40 }, (_, i) => [
      digits.pixels.subarray(i * 784, (i + 1) * 784).toHex(),
      digits.labels[i],
    ]),
  );
  for (const { count, pixels, labels } of [train, test]) {
    for (let i = 0; i < count; i++) {
      const key = pixels.subarray(i * 784, (i + 1) * 784).toHex();
      assert.equal(known.get(key), labels[i]);
      known.delete(key);
    }
  }
  assert.equal(known.size, 0);
});

Deno.test("the split and the hash depend on names and content, not on place or order", async () => {
  using first = new Folder();
  using second = new Folder();
  const pictures = await Promise.all(
    Array.from({ length: 30 }, (_, i) => plainPng(9, 9, [8 * i, 0, 255 - i])),
  );
  pictures.forEach((png, i) => first.write(`p${i}.png`, png));
  pictures.toReversed().forEach((png, i) => second.write(`p${29 - i}.png`, png));
  const [a, b] = [await load(first), await load(second)];
  assert.equal(a.hash, b.hash);
  assert.deepEqual([a.train, a.test], [b.train, b.test]);
  assert.equal(a.test.count, 3);
  assert.deepEqual(a.classNames, ["pictures"]);
  second.write("p29.png", await plainPng(9, 9, [9, 9, 9]));
  assert.notEqual((await load(second)).hash, a.hash);
});

Deno.test("pictures of every format become squares of one size, in grey or in colour", async () => {
  using folder = new Folder();
  // Red in the middle square of a wide picture, blue beside it: what covers the square is red.
  const wide = sharp({ create: { width: 30, height: 10, channels: 3, background: "blue" } })
    .composite([{
      input: await sharp({ create: { width: 12, height: 10, channels: 3, background: "red" } })
        .png().toBuffer(),
      left: 9,
      top: 0,
    }]);
  const raw = await wide.png().toBuffer();
  for (const format of ["png", "webp", "gif", "tiff", "jpeg"] as const) {
    folder.write(`wide.${format}`, await sharp(raw).toFormat(format).toBuffer());
  }
  const { train, test, ...rgb } = await load(folder, { imageSize: 8, colour: "rgb" });
  assert.deepEqual([rgb.height, rgb.width, rgb.channels], [8, 8, 3]);
  assert.deepEqual([train.count, test.count], [4, 1]);
  for (const { count, pixels } of [train, test]) {
    for (let i = 0; i < count; i++) {
      const centre = pixels.subarray((i * 64 + 4 * 8 + 4) * 3).subarray(0, 3);
      // JPEG and resampling are off by a few.
      [255, 0, 0].forEach((value, k) => assert.ok(Math.abs(centre[k]! - value) < 12, `${centre}`));
    }
  }
  const grey = await load(folder, { imageSize: 16 });
  assert.deepEqual([grey.height, grey.channels, grey.train.pixels.length], [16, 1, 4 * 256]);
});

Deno.test("transparent pixels are white, and of an animation the first frame is taken", async () => {
  using folder = new Folder();
  for (const name of ["a", "b", "c"]) {
    folder.write(`${name}.png`, await plainPng(8, 8, [200, 30, 30, 0]));
  }
  const frames = new Uint8Array(2 * 64 * 3).fill(255, 0, 64 * 3);
  const animated = sharp(frames, {
    raw: { width: 8, height: 16, channels: 3, pageHeight: 8 },
  }).gif();
  folder.write("d.gif", new Uint8Array(await animated.toBuffer()));
  const { train, test } = await load(folder, { imageSize: 8 });
  assert.ok([...train.pixels, ...test.pixels].every((value) => value === 255));
});

Deno.test("decoded pictures are cached until a file or an option changes", async () => {
  using folder = new Folder();
  await writeDigits(folder, 20, 2);
  let decoded = 0;
  const onDecoded = () => void decoded++;
  const first = await load(folder, { onDecoded });
  assert.equal(decoded, 20);
  const second = await load(folder, { onDecoded });
  assert.equal(decoded, 20);
  assert.deepEqual(second, first);
  await load(folder, { onDecoded, imageSize: 12 });
  assert.equal(decoded, 40);
  assert.equal(folder.cached().filter((name) => name.endsWith(".pictures")).length, 2);
  folder.write("digit-0/another.png", await plainPng(28, 28, [1, 2, 3]));
  assert.equal((await load(folder, { onDecoded })).train.count, 19);
  assert.equal(decoded, 61);
  // The state before is forgotten, that of the other size is kept.
  assert.equal(folder.cached().filter((name) => name.endsWith(".pictures")).length, 2);
});

Deno.test("two loads at once decode once", async () => {
  using folder = new Folder();
  await writeDigits(folder, 20, 2);
  let decoded = 0;
  const onDecoded = () => void decoded++;
  const [a, b] = await Promise.all([load(folder, { onDecoded }), load(folder, { onDecoded })]);
  assert.deepEqual(a, b);
  assert.equal(decoded, 20);
});

Deno.test("a cut or damaged cache, or one that was never finished, is made anew", async () => {
  using folder = new Folder();
  await writeDigits(folder, 20, 2);
  const whole = await load(folder);
  const [name] = folder.cached().filter((name) => name.endsWith(".pictures"));
  const path = join(folder.cache, "folders", name!);
  const bytes = Deno.readFileSync(path);
  const flipped = bytes.slice();
  flipped[2000]! ^= 1;
  const damaged = [bytes.subarray(0, 3000), bytes.subarray(0, 10), new Uint8Array(), flipped];
  for (const content of damaged) {
    Deno.writeFileSync(path, content);
    assert.deepEqual(await load(folder), whole);
    assert.deepEqual(Deno.readFileSync(path), bytes);
  }
  Deno.renameSync(path, `${path}.part`);
  assert.deepEqual(await load(folder), whole);
  assert.deepEqual(folder.cached(), [".lock", name]);
});

Deno.test("a damaged picture is named, and nothing is cached", async () => {
  using folder = new Folder();
  await writeDigits(folder, 10, 2);
  const noise = new Uint8Array(64 * 64).map((_, i) => (i * 7919) % 256);
  const png = await greyPng(noise, 64);
  for (
    const content of [png.subarray(0, png.length / 2), new TextEncoder().encode("not a picture")]
  ) {
    const path = folder.write("digit-1/broken.png", content);
    await refused(
      load(folder),
      new RegExp(
        `^Cannot read ${path} as an image: .+; mend it, or take it out of the folder$`,
      ),
    );
  }
  assert.deepEqual(folder.cached(), [".lock"]);
});

Deno.test("damaged pictures are named together, so that they can be mended in one go", async () => {
  using folder = new Folder();
  await writeDigits(folder, 20, 2);
  folder.write("digit-0/page.jpg", new TextEncoder().encode("<html>404 Not Found</html>"));
  folder.write("digit-1/empty.png", new Uint8Array());
  const unreadable = "\\(Input file contains unsupported image format\\)";
  await assert.rejects(loadImageDataset(folder.inside, { cache: folder.cache }), {
    name: "UserError",
    message: new RegExp(
      `^Cannot read 2 files in ${folder.inside} as images: digit-0/page.jpg ${unreadable}, ` +
        `digit-1/empty.png ${unreadable}; mend them, or take them out of the folder$`,
    ),
  });
  for (let i = 0; i < 30; i++) folder.write(`digit-0/empty${i}.png`, new Uint8Array());
  await assert.rejects(
    loadImageDataset(folder.inside, { cache: folder.cache }),
    /Cannot read 1\d files in .*, and perhaps more; mend them/,
  );
});

Deno.test("a picture of which the decoder only warns is read", async () => {
  using folder = new Folder();
  await writeDigits(folder, 20, 2);
  const create = { width: 64, height: 64, channels: 3 as const, background: "teal" };
  const whole = new Uint8Array(await sharp({ create }).jpeg().toBuffer());
  const tables = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xc4);
  const padded = new Uint8Array([...whole.slice(0, tables), 0, 0, 0, ...whole.slice(tables)]);
  folder.write("digit-0/padded.jpg", padded);
  const { train, test } = await loadImageDataset(folder.inside, { cache: folder.cache });
  assert.equal(train.count + test.count, 21);
});

Deno.test("a folder without images, or with too few, is refused with what to do", async () => {
  using folder = new Folder();
  await refused(
    load(folder),
    `Cannot use ${folder.inside}: it holds no images; put PNG, JPEG, WebP, GIF, AVIF or TIFF ` +
      "files into it, or into a subfolder for each class, or IDX files of images and labels",
  );
  folder.write("one.png", await plainPng(8, 8, [1, 2, 3]));
  await refused(
    load(folder),
    `Cannot use ${folder.inside}: it holds one image, at least 3 are needed: one to train on, one ` +
      "to validate with and one to hold out",
  );
  folder.write("below/two.png", await plainPng(8, 8, [1, 2, 3]));
  await refused(load(folder), /: it holds 2 images, at least 3 are needed/);
  folder.write("below/three.png", await plainPng(8, 8, [1, 2, 3]));
  await refused(
    load(folder),
    `Cannot use ${folder.inside}: one.png lies beside subfolders with images (below/three.png); ` +
      "move it into the subfolder of its class",
  );
});

Deno.test("a folder that is missing, a file or unreadable is named", async () => {
  using folder = new Folder();
  const options = { cache: folder.cache };
  const missing = join(folder.path, "nowhere");
  await refused(
    loadImageFolder(missing, options),
    `Cannot find the folder ${missing}: name a folder of images that exists`,
  );
  const file = folder.write("a.png", new Uint8Array(3));
  await refused(
    loadImageFolder(file, options),
    /^Cannot read the folder .*a\.png: Not a directory/,
  );
  // A ring of links cannot be read by anyone, not even by an administrator.
  Deno.symlinkSync(join(folder.inside, "y"), join(folder.inside, "x"));
  Deno.symlinkSync(join(folder.inside, "x"), join(folder.inside, "y"));
  await refused(
    load(folder),
    new RegExp(`^Cannot read the folder ${folder.inside}: .*; make it readable, or name another`),
  );
});

Deno.test("a link to a folder above does not go round for ever", async () => {
  using folder = new Folder();
  await writeDigits(folder, 10, 2);
  Deno.symlinkSync(folder.inside, join(folder.inside, "digit-0", "up"));
  const { train, test } = await load(folder);
  assert.deepEqual([train.count, test.count], [8, 2]);
});

Deno.test("image_size has bounds", async () => {
  using folder = new Folder();
  for (const imageSize of [7, 65, 9.5]) {
    await refused(
      load(folder, { imageSize }),
      `image_size is ${imageSize}, but must be a whole number from 8 to 64`,
    );
  }
});
