import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../data/content.ts";
import { gatherWindows, loadTextDataset } from "../../data/mod.ts";
import { readPublicFile } from "../../data/public_dataset.ts";
import { TINY_SHAKESPEARE } from "../../data/shakespeare.ts";
import { closedAddress, serveFiles } from "./file_server.ts";

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }
  [Symbol.dispose]() {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const refused = (work: Promise<unknown>, message: string | RegExp) =>
  assert.rejects(work, { name: "UserError", message });

Deno.test("tiny Shakespeare is downloaded once, with progress", async () => {
  using cache = new Folder();
  const file = new TextEncoder().encode("First Citizen:\n".repeat(1000));
  const dataset = {
    ...TINY_SHAKESPEARE,
    files: { "input.txt": { bytes: file.length, sha256: sha256(file) } },
  };
  await using server = await serveFiles({ "input.txt": file });
  let received = 0;
  const load = () =>
    readPublicFile(dataset, "input.txt", {
      cache: cache.path,
      mirrors: [server.url],
      download: { onProgress: ({ receivedBytes }) => received = receivedBytes },
    });
  assert.deepEqual(await load(), file);
  assert.deepEqual(await load(), file);
  assert.deepEqual(server.requests, ["input.txt"]);
  assert.equal(received, file.length);
});

Deno.test("without tiny Shakespeare, the error names the directory and the made-up verse", async () => {
  using folder = new Folder();
  await refused(
    loadTextDataset("tiny-shakespeare", { cache: folder.path, mirrors: [closedAddress()] }),
    /^Cannot download input\.txt: .* folder `shakespeare` .* `made-up-verse`, which needs no network$/,
  );
  const load = () => loadTextDataset("tiny-shakespeare", { directory: folder.path });
  await refused(
    load(),
    /^Cannot find Tiny Shakespeare: there is neither input\.txt\.gz nor input\.txt in .*shakespeare\. Put /,
  );
  folder.write("shakespeare/input.txt", "To be, or not to be");
  await refused(
    load(),
    /^Cannot use .* as Tiny Shakespeare's input\.txt: its content has SHA-256 /,
  );
});

Deno.test("a text file of one's own is split after nine tenths of its characters", async () => {
  using folder = new Folder();
  const path = folder.write("poem.txt", "\ufeffabcdefg\r\nh\ri😀");
  const { name, title, hash, vocabulary, train, validation } = await loadTextDataset(path);
  assert.deepEqual([name, title], [path, "poem.txt"]);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(vocabulary.characters, ["\n", ..."abcdefghi", "😀"]);
  assert.equal(vocabulary.decode(train), "abcdefg\nh\n");
  assert.equal(vocabulary.decode(validation), "i😀");
});

Deno.test("a file in another encoding is refused with the place that shows it", async () => {
  using folder = new Folder();
  const latin = folder.write("latin.txt", new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x20, 0x62]));
  await refused(
    loadTextDataset(latin),
    `Cannot use ${latin}: it is not UTF-8, byte 3 is 0xe9; save it in UTF-8, for example with ` +
      "`iconv -f WINDOWS-1252 -t UTF-8`",
  );
  const late = folder.write(
    "late.txt",
    new Uint8Array([0xef, 0xbf, 0xbd, 0xc3, 0xa9, 0x61, 0xff, 0x62, 0xff]),
  );
  await refused(loadTextDataset(late), /byte 6 is 0xff;/);
  const cut = folder.write("cut.txt", new Uint8Array([0x61, 0xc3]));
  await refused(loadTextDataset(cut), /byte 1 is 0xc3;/);
  const wide = folder.write("wide.txt", new Uint8Array([0xff, 0xfe, 0x61, 0]));
  await refused(loadTextDataset(wide), `Cannot use ${wide}: it is in UTF-16, save it in UTF-8`);
  const unmarked = folder.write("unmarked.txt", new Uint8Array([0x61, 0, 0x62, 0]));
  await refused(
    loadTextDataset(unmarked),
    /character 1 is a NUL, so it is a binary file or in UTF-16/,
  );
});

Deno.test("a file that is empty, missing or a directory is refused", async () => {
  using folder = new Folder();
  for (const [name, content] of [["empty.txt", ""], ["mark.txt", "\ufeff"]] as const) {
    const path = folder.write(name, content);
    await refused(loadTextDataset(path), `Cannot use ${path}: it is empty`);
  }
  const missing = join(folder.path, "missing.txt");
  await refused(
    loadTextDataset(missing),
    /^Cannot find the text file .*missing\.txt: the working dir/,
  );
  await refused(
    loadTextDataset(`${folder.path}/.`),
    /: it is a directory, name a regular file of at most 268435456 bytes$/,
  );
});

Deno.test("a text too short for the split or for the context is refused", async () => {
  using folder = new Folder();
  const path = folder.write("short.txt", "x".repeat(99));
  assert.equal((await loadTextDataset(path, { context: 10 })).validation.length, 10);
  await refused(
    loadTextDataset(path, { context: 11 }),
    `Cannot use ${path}: it has 99 characters, of which 10 validate, and windows of 11 do not fit; ` +
      "take a text of at least 110 characters or a shorter context",
  );
  const one = folder.write("one.txt", "x");
  await refused(
    loadTextDataset(one),
    /it has 1 characters, of which 1 validate, .* at least 10 char/,
  );
  await refused(
    loadTextDataset(path, { context: 0 }),
    /`context` is 0, it must be an integer from 1$/,
  );
});

Deno.test("a name that is neither a dataset nor a path is refused with what there is", async () => {
  await refused(
    loadTextDataset("tiny-shakespear"),
    "No text `tiny-shakespear`: there are tiny-shakespeare and made-up-verse; " +
      "a file of your own is named with a slash, ./tiny-shakespear",
  );
});

Deno.test("gatherWindows() cuts windows that may overlap, in the order asked for", () => {
  const split = new Uint16Array([5, 6, 7, 8, 9]);
  assert.deepEqual(gatherWindows(split, [3, 0, 1], 2), new Int32Array([8, 9, 5, 6, 6, 7]));
  assert.deepEqual(gatherWindows(split, new Uint32Array([0]), 5), new Int32Array([5, 6, 7, 8, 9]));
  assert.equal(gatherWindows(split, [], 4).length, 0);
  for (const start of [4, -1, 0.5]) {
    assert.throws(() => gatherWindows(split, [start], 2), {
      name: "RangeError",
      message: `Internal: a window of 2 from ${start} is not within the 5 tokens`,
    });
  }
});
