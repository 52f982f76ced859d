import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import {
  classifierDataset,
  describeDatasets,
  imageDatasetNames,
  loadImageDataset,
  resolveDataset,
} from "../../data/mod.ts";
import {
  type DatasetEntry,
  imageDatasets,
  isDownloaded,
  textDatasets,
} from "../../data/registry.ts";
import { resolveConfig } from "../../experiments/mod.ts";

const entries: readonly DatasetEntry[] = [...imageDatasets, ...textDatasets];

Deno.test("every data set has a name of its own, and says whose it is", () => {
  assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length);
  for (const { name, title, holds, source, licence } of entries) {
    for (const said of [name, title, holds, source, licence]) assert.ok(said.length > 2, name);
    assert.ok(!/[./\\]/.test(name), `${name} would be taken for a path`);
  }
});

Deno.test("what is downloaded names a data set to take in its place, which is at hand", () => {
  for (const entry of entries) {
    assert.equal(entry.instead !== undefined, isDownloaded(entry), entry.name);
    if (!entry.instead) continue;
    assert.ok(!isDownloaded(entry.instead) && entries.includes(entry.instead));
    assert.ok(entry.files!.unavailableAdvice.includes(`--set dataset=${entry.instead.name}`));
  }
});

Deno.test("configurations take the names of the registry, and their description lists them", () => {
  for (const name of imageDatasetNames) {
    assert.equal(resolveConfig("mnist-tiny", { dataset: name }).dataset, name);
    assert.ok(describeDatasets("image").includes(name));
    assert.equal(resolveDataset(name, "image"), name);
  }
  assert.equal(
    describeDatasets("text"),
    "tiny-shakespeare (downloaded once), made-up-verse (without a network), or the path, with a " +
      "slash in it, of a text file",
  );
});

Deno.test("a name that the registry lacks is refused with those that it has", async () => {
  await assert.rejects(loadImageDataset("mnis"), {
    name: "UserError",
    message: `No dataset \`mnis\`: there are ${imageDatasetNames.join(", ")}; a folder of ` +
      "pictures of your own is named with a slash, ./mnis",
  });
});

Deno.test("a part of a data set is judged by the classifier of the whole", () => {
  assert.equal(classifierDataset("mnist-6k"), "mnist");
  assert.equal(classifierDataset("kmnist"), "kmnist");
  assert.equal(classifierDataset("./pictures"), "./pictures");
  for (const { partOf } of imageDatasets) {
    if (partOf === undefined) continue;
    const weights = `../../models/weights/${partOf}-classifier.safetensors`;
    assert.ok(existsSync(new URL(weights, import.meta.url)));
  }
});

Deno.test("the README's table of data sets is that of the registry", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const start = readme.indexOf("| data set");
  const rows = readme.slice(start, readme.indexOf("\n\n", start)).split("\n").slice(2)
    .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(
    rows,
    entries.map((entry) => [
      `\`${entry.name}\``,
      entry.holds,
      entry.source,
      entry.licence,
      entry.instead ? `a download; without it \`${entry.instead.name}\`` : "nothing",
    ]),
  );
});
