/** What is kept of a text in a workspace. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { baselinesFor, keptBaselines, textBaselines } from "../../../experiments/text/metrics.ts";
import { withWorkspace } from "../workspace.ts";
import { vocabularyOf } from "../../../data/vocabulary.ts";

function textOf(train: string, validation: string, hash = "a".repeat(64)) {
  const vocabulary = vocabularyOf(train + validation);
  const [name, title] = ["example", "Example"];
  const encoded = { train: vocabulary.encode(train), validation: vocabulary.encode(validation) };
  return { name, title, hash, vocabulary, ...encoded };
}

Deno.test("baselines of two letters in turn are those that Witten and Bell's formula gives", () => {
  // "abab…": 50 of each. Unigrams are (50 + 2·½)/(100 + 2) each; after an "a" comes a "b" 50 times,
  // after a "b" an "a" 49 times, each one kind of symbol.
  const { uniform, ngrams } = textBaselines(textOf("ab".repeat(50), "ab"));
  const unigram = 51 / 102;
  const bigram = (50 + unigram) / 51;
  assert.ok(Math.abs(uniform - Math.log(2)) < 1e-12);
  assert.ok(Math.abs(ngrams[0]! + Math.log(unigram)) < 1e-12);
  assert.ok(Math.abs(ngrams[1]! + (Math.log(unigram) + Math.log(bigram)) / 2) < 1e-12);
  assert.equal(ngrams.length, 6);
});

Deno.test("baselines are computed once for a text, and anew where what was kept is broken", () =>
  withWorkspace((workspace) => {
    const text = textOf("ab".repeat(50), "ab");
    assert.equal(keptBaselines(workspace, text.hash), null);
    const baselines = baselinesFor(workspace, text);
    assert.deepEqual(keptBaselines(workspace, text.hash), baselines);
    // The hash alone says which text it is.
    assert.deepEqual(baselinesFor(workspace, textOf("aab".repeat(50), "ab")), baselines);
    assert.notDeepEqual(
      baselinesFor(workspace, textOf("aab".repeat(50), "ab", "b".repeat(64))),
      baselines,
    );
    const [file] = [...Deno.readDirSync(join(workspace, "baselines"))]
      .filter(({ name }) => name.startsWith("a"));
    Deno.writeTextFileSync(join(workspace, "baselines", file!.name), "{");
    assert.deepEqual(baselinesFor(workspace, text), baselines);
    assert.deepEqual(keptBaselines(workspace, text.hash), baselines);
  }));
