/** What an assistant makes of a fresh workspace, whom nobody told that there are pretrained models. */
import assert from "node:assert/strict";
import { gatherImages, loadImageDataset } from "../../data/mod.ts";
import { currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

Deno.test("an assistant finds the pretrained models in its first look at an empty workspace, and samples", () =>
  withLaboratory(async ({ lab, url }) => {
    const assistant = await currentClient("modern", { url: `${url}/mcp` });
    try {
      const first = textOf(await assistant.call("inspect-run", {}));
      assert.match(first, /^There are no runs of your own yet\./);
      // The calls that the answer offers are made as they stand there.
      const offered = [...first.matchAll(/sample (\{.*?\})/g)].map(([, call]) =>
        JSON.parse(call!) as Record<string, unknown>
      );
      assert.deepEqual(offered.map(({ run }) => run), ["study/digits", "study/verse"]);
      const [digits, verse] = offered;
      const pair = { ...digits, count: 4, class: [3, 8], steps: 2, spacing: "linspace" };
      const drawn = await assistant.call("sample", pair);
      assert.ok(!drawn.isError, textOf(drawn));
      assert.ok(drawn.content.some(({ type }) => type === "image"), "the digits can be seen");
      assert.match(textOf(drawn), /study-digits-sample-101/);
      assert.match(textOf(drawn), /guidance 1, spacing linspace, seed 0\), classes 3, 8 in turn/);
      assert.match(
        textOf(drawn),
        /"count": 4, .*"class": \[3, 8\], "spacing": "linspace", .*see the same noise with stronger guid/,
      );
      const written = await assistant.call("sample", { ...verse, count: 1, length: 8, steps: 2 });
      assert.ok(!written.isError, textOf(written));
      assert.match(textOf(written), /study-verse-sample-101/);
      const uris = await assistant.resourceUris();
      const uri = uris.find((uri) => uri.endsWith("runs/study%2Fdigits"));
      assert.ok(uri, uris.join(" "));
      const { run } = JSON.parse((await assistant.read(uri)).text!) as { run: { id: string } };
      assert.equal(run.id, "study/digits");
      const sample = await assistant.read("textdiffusion://samples/study-verse-sample-101");
      assert.equal([...sample.text!].length, 8);
      assert.deepEqual(lab.runs({}).total, 0);
      const looked = textOf(await assistant.call("inspect-run", { run: "study/verse" }));
      assert.match(looked, /sample \{"run": "study\/verse",/);
      const refused = await assistant.call("train", { resume: "study/verse" });
      assert.match(textOf(refused), /comes with the program and is never changed/);
    } finally {
      await assistant.close();
    }
  }));

Deno.test("without MNIST, in-painting with study/digits starts from the test digits of MNIST-6k, and says so", async () => {
  const dataDirectory = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  try {
    await withLaboratory(async ({ lab, url }) => {
      const assistant = await currentClient("modern", { url: `${url}/mcp` });
      try {
        const drawn = await assistant.call("sample", {
          run: "study/digits",
          count: 2,
          steps: 2,
          keep: "top",
          resamples: 1,
          wait_seconds: 50,
        });
        assert.ok(!drawn.isError, textOf(drawn));
        const said =
          /pictures are of mnist-6k, which comes with the program: mnist is not available/;
        assert.match(textOf(drawn), said);
        const [sample] = lab.samples("study/digits").slice(-1);
        assert.equal(sample!.settings.pictures_of, "mnist-6k");
        const { test } = await loadImageDataset("mnist-6k");
        const { heldOut } = await lab.samplePixels(sample!.id);
        assert.deepEqual([...heldOut!.images], [...gatherImages(test, 28 * 28, [0, 1])]);
        assert.deepEqual(sample!.settings.classes, [...test.labels.subarray(0, 2)]);
        // What is measured beside all of MNIST is not measured beside a part of it.
        const refused = await assistant.call("evaluate", { run: "study/digits", wait_seconds: 50 });
        const reason =
          /Cannot find MNIST: .* No other data set will do for study\/digits, which was trained on mnist/;
        assert.match(textOf(refused), reason);
      } finally {
        await assistant.close();
      }
    }, { dataDirectory });
  } finally {
    await Deno.remove(dataDirectory);
  }
});
