import type { KeptHalf } from "../../experiments/image/requests.ts";
import assert from "node:assert/strict";
import { RefusedValue } from "../../engine/host/mod.ts";
import { gatherImages, loadImageDataset } from "../../data/mod.ts";
import { recognisedShare, type SampleRequest } from "../../experiments/mod.ts";
import { sampleSettings } from "../../experiments/image/settings.ts";
import { samplePng } from "../../figures/mod.ts";
import { shortConfig, withTrainedLab } from "./workspace.ts";

const FEW: SampleRequest = { run: "latest", count: 3, steps: 4, pictures: [5, 0, 17] };

async function heldOut(numbers: readonly number[]) {
  const { test, height, width } = await loadImageDataset(shortConfig().dataset);
  return {
    images: gatherImages(test, height * width, numbers),
    labels: numbers.map((number) => test.labels[number]!),
  };
}

Deno.test("in-painting keeps its half of every held-out picture to the bit, and draws the rest", () =>
  withTrainedLab(async (lab) => {
    const { images: known, labels } = await heldOut([5, 0, 17]);
    const isKept: Record<KeptHalf, (row: number, column: number) => boolean> = {
      left: (_, column) => column < 14,
      right: (_, column) => column >= 14,
      top: (row) => row < 14,
      bottom: (row) => row >= 14,
    };
    await Promise.all(
      Object.entries(isKept).map(async ([keep, kept]) => {
        const sample = await lab.sample({ ...FEW, keep: keep as KeptHalf, resamples: 2 });
        const { images, labels: asked, heldOut } = await lab.samplePixels(sample.id);
        assert.deepEqual([...asked], labels, "each is drawn as the class that it was of");
        assert.deepEqual(heldOut!.images, known);
        let changed = 0;
        images.forEach((value, i) => {
          const pixel = i % 784;
          if (kept(Math.floor(pixel / 28), pixel % 28)) assert.equal(value, known[i]);
          else if (value !== known[i]) changed++;
        });
        assert.ok(changed > 500, `${changed} pixels of the other half were drawn`);
        assert.equal(sample.networkEvaluations, 7, "every step but the last is walked twice");
      }),
    );
  }));

Deno.test("image-to-image stays the nearer to the held-out picture the lower its strength", () =>
  withTrainedLab(async (lab) => {
    const { images: origin } = await heldOut([5, 0, 17]);
    const distance = async (strength: number) => {
      const { images } = await lab.samplePixels((await lab.sample({ ...FEW, strength })).id);
      return images.reduce((sum, value, i) => sum + (value - origin[i]!) ** 2, 0) / images.length;
    };
    const distances = await Promise.all([0.02, 0.4, 1].map(distance));
    const [little, half, full] = distances as [number, number, number];
    assert.ok(little < 0.05 && little < half && half < full, `${distances}`);
  }));

Deno.test("a held-out picture that does not exist is named, and nothing is kept", () =>
  withTrainedLab(async (lab) => {
    const refused = await lab.sample({ ...FEW, keep: "left", pictures: 123_456 })
      .catch((error: unknown) => error);
    assert.ok(refused instanceof RefusedValue, String(refused));
    const reason = /is 123456, but must be a whole number from 0 to \d+$/;
    assert.match(refused.message, new RegExp(`^pictures ${reason.source}`));
    // Only the process that draws knows it, and the command line names its own option all the same.
    assert.match(
      refused.explained((field) => `--${String(field)}`),
      new RegExp(`^--pictures ${reason.source}`),
    );
    assert.equal(lab.job("job-0001").error!.message, refused.message);
    assert.deepEqual(lab.samples("latest"), []);
  }));

Deno.test("the sheet of held-out pictures shows them, a film strip the way", () =>
  withTrainedLab(async (lab) => {
    const heightOf = async (request: SampleRequest) => {
      const sample = await lab.sample(request);
      const { png } = await samplePng(lab, sample.id);
      // At its place in the PNG's first chunk.
      return new DataView(png.buffer).getUint32(20);
    };
    const heights = await Promise.all([
      heightOf({ run: "latest", count: 3, steps: 4 }),
      heightOf({ ...FEW, keep: "top" }),
      heightOf({ ...FEW, keep: "top", film_strip: true }),
    ]);
    const [plain, kept, film] = heights;
    assert.ok(kept > 1.5 * plain, `two rows of pictures: ${heights}`);
    assert.notEqual(film, kept);
  }));

Deno.test("the share that the classifier recognises is of all pictures", () => {
  const heldOut = { images: new Float32Array(), labels: Int32Array.of(1, 2, 3, 4) };
  assert.equal(recognisedShare(heldOut), null);
  assert.equal(recognisedShare({ ...heldOut, recognised: Int32Array.of(1, 2, 3, 9) }), 0.75);
});

const mistakes: [request: Parameters<typeof sampleSettings>[0], message: RegExp][] = [
  [{ pictures: 3 }, /^pictures is 3 without keep or strength/],
  [{ resamples: 3 }, /^resamples is 3 without keep: it belongs to in-painting/],
  [{ strength: 0.5, resamples: 3 }, /^resamples is 3 without keep/],
  [{ strength: 0 }, /^strength is 0, but must be a number from 0.01 to 1$/],
  [{ keep: "left", resamples: 99 }, /^resamples is 99, but must be a whole number from 1 to 50$/],
  [{ keep: "left", pictures: [] }, /^pictures is \[\], but must be .* a list of 1 to 256 values/],
  [{ keep: "left", pictures: -1 }, /^pictures is -1/],
  [
    { keep: "inside" as KeptHalf },
    /^keep is "inside", but must be one of left, right, top, bottom$/,
  ],
];
for (const [request, message] of mistakes) {
  Deno.test(`held-out pictures asked for with ${JSON.stringify(request)} are refused`, () => {
    assert.throws(() => sampleSettings(request, shortConfig()), { name: "UserError", message });
  });
}
