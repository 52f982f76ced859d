/** Outside of the modalities' own folders nobody asks which modality a run is of. */
import assert from "node:assert/strict";
import { walk } from "./walk.ts";

/** Where a modality is itself: its folder, its configuration, its view, its rows and its fields. */
const OWN =
  /^(experiments|data|tools)\/(image|text)\/|^experiments\/config\/(image|text)\.ts$|^(web|tools|figures)\/(image|text)_/;

/** A comparison with the name of a modality, or a case for it. */
const QUESTION =
  /\b(?:modality|kind)\b[^\n;]{0,20}[!=]==\s*"(?:image|text)"|"(?:image|text)"\s*[!=]==\s*\w*\.?modality|case "(?:image|text)":/g;

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
