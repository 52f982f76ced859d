/** Outside of the modalities' own folders and their registry nobody asks which modality a run is of. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readImportGraph } from "./import_directions.ts";
import { walk } from "./walk.ts";

/** Where a modality is itself. */
const OWN = /^experiments\/(image|text)\//;
/** The only place that may import from there. */
const REGISTRY = "experiments/registry/";

/** A comparison with the name of a modality, or a case or an entry for it. */
const QUESTION =
  /\b(?:modality|kind)\b[^\n;]{0,20}[!=]==\s*"(?:image|text)"|"(?:image|text)"\s*[!=]==\s*\w*\.?modality|case "(?:image|text)":|modality(?:Named|Config)\("/g;

Deno.test("no source outside of a modality's own folder asks which modality it is", async () => {
  const asked: string[] = [];
  for (
    const path of await walk([
      "experiments",
      "data",
      "tools",
      "web",
      "journal",
      "figures",
      "main.ts",
    ])
  ) {
    if (OWN.test(path)) continue;
    const source = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
    for (const [question] of source.matchAll(QUESTION)) asked.push(`${path}: ${question}`);
  }
  assert.deepEqual(asked, []);
});

Deno.test("only the registry of modalities imports from their folders", () => {
  const graph = readImportGraph(fileURLToPath(new URL("..", import.meta.url)));
  const folders = new Set<string>();
  const found = [...graph].flatMap(([from, targets]) =>
    targets.filter((to) => OWN.test(to)).flatMap((to) => {
      const [, own] = OWN.exec(to)!;
      folders.add(own!);
      const allowed = from.startsWith(`experiments/${own}/`) || from.startsWith(REGISTRY) ||
        /^(tests|bench)\//.test(from);
      return allowed ? [] : [`${from} imports ${to}`];
    })
  );
  assert.deepEqual([...folders].sort(), ["image", "text"], "the imports were read");
  assert.deepEqual(found, []);
});

Deno.test("the folders of the modalities have files of the same names for the same things", () => {
  const names = (folder: string) => {
    const path = new URL(`../experiments/${folder}/`, import.meta.url);
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  };
  const shared = [
    ...["config.ts", "requests.ts", "settings.ts", "modality.ts"],
    ...["training.ts", "validation.ts", "sampling_job.ts", "evaluation_job.ts", "measure.ts"],
  ];
  for (const folder of ["image", "text"]) {
    assert.deepEqual(shared.filter((name) => !names(folder).includes(name)), [], folder);
  }
});
