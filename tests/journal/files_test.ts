import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createEntryFile,
  entryIds,
  findEntryId,
  replaceEntryFile,
  slugOf,
} from "../../journal/files.ts";

async function inFolder(use: (folder: string) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await use(join(folder, "journal"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("createEntryFile() numbers entries and never writes over one", () =>
  inFolder((folder) => {
    assert.equal(createEntryFile(folder, "First", "1"), "0001-first");
    assert.equal(createEntryFile(folder, "First", "2"), "0002-first");
    assert.equal(Deno.readTextFileSync(join(folder, "0001-first.md")), "1");
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assert.deepEqual(names, ["0001-first.md", "0002-first.md"], "no temporary file stays");
  }));

Deno.test("createEntryFile() gives processes that write at once numbers of their own", () =>
  inFolder(async (folder) => {
    const module = new URL("../../journal/files.ts", import.meta.url).href;
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const script = `import { createEntryFile } from ${JSON.stringify(module)};
      for (let i = 0; i < 10; i++) createEntryFile(${
      JSON.stringify(folder)
    }, "P" + Deno.args[0], "x");`;
    const path = join(folder, "..", "write.ts");
    await Deno.writeTextFile(path, script);
    const writers = [1, 2, 3].map((n) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", `--config=${config}`, path, String(n)],
        stderr: "inherit",
      }).output()
    );
    assert.ok((await Promise.all(writers)).every((writer) => writer.success));
    const numbers = entryIds(folder).map((id) => Number.parseInt(id));
    assert.equal(numbers.length, 30);
    assert.equal(new Set(numbers).size, 30);
  }));

Deno.test("findEntryId() takes an id or a number and never leaves the folder", () =>
  inFolder((folder) => {
    createEntryFile(folder, "Cosine beats linear", "x");
    Deno.writeTextFileSync(join(folder, "..", "0009-secret.md"), "secret");
    assert.equal(findEntryId(folder, "0001-cosine-beats-linear"), "0001-cosine-beats-linear");
    assert.equal(findEntryId(folder, "1"), "0001-cosine-beats-linear");
    for (const reference of ["../0009-secret", "/etc/passwd", "..", "9", "", "%2e%2e"]) {
      assert.throws(() => findEntryId(folder, reference), {
        name: "UserError",
        message: `There is no journal entry ${
          JSON.stringify(reference)
        }: the newest are 0001-cosine-beats-linear`,
      });
    }
  }));

Deno.test("findEntryId() says that the journal is empty", () =>
  inFolder((folder) => {
    assert.throws(() => findEntryId(folder, "1"), {
      message: 'There is no journal entry "1": the journal is empty',
    });
  }));

Deno.test("replaceEntryFile() replaces the whole file", () =>
  inFolder((folder) => {
    const id = createEntryFile(folder, "A", "long content");
    replaceEntryFile(folder, id, "short");
    assert.equal(Deno.readTextFileSync(join(folder, `${id}.md`)), "short");
  }));

Deno.test("slugOf() makes a file name of any title", () => {
  assert.equal(slugOf("Überraschung: cosine > linear?!"), "uberraschung-cosine-linear");
  assert.equal(slugOf("../../etc/passwd"), "etc-passwd");
  assert.equal(slugOf("日本"), "entry");
  assert.ok(slugOf("a ".repeat(100)).length <= 48);
});
