import assert from "node:assert/strict";
import { openLab, type SampleRequest } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { queue, shortConfig, withTrainedLab, withWorkspace } from "./workspace.ts";

const FEW: SampleRequest = { run: "latest", count: 2, steps: 3 };

/** Answers in the order of the inputs, all asked for at once. */
const forAll = <In, Out>(inputs: readonly In[], ask: (input: In) => Promise<Out>) =>
  Promise.all(inputs.map(ask));

Deno.test("sample() draws in a process of its own, tells its progress, and keeps the pixels", () =>
  withTrainedLab(async (lab) => {
    const progress: number[] = [];
    const sample = await lab.sample({ ...FEW, class: [4, 2], seed: 5 }, {
      onProgress: ({ done, total }) => progress.push(done / total),
      everySeconds: 0,
    });
    assert.deepEqual(lab.samples("latest"), [sample]);
    assert.deepEqual([sample.id, sample.runId, sample.step, sample.kind], [
      "image-0001-sample-001",
      "image-0001",
      6,
      "contact-sheet",
    ]);
    assert.ok(
      progress.length > 1 && progress.every((share) => [0, 0.25, 0.5, 0.75].includes(share)),
    );
    const pixels = await lab.samplePixels(sample.id);
    assert.deepEqual([pixels.count, pixels.height, pixels.images.length], [2, 28, 2 * 28 * 28]);
    assert.deepEqual([...pixels.labels], [4, 2]);
    assert.ok(pixels.images.every((value) => value >= -1 && value <= 1));
  }));

Deno.test("the seed decides the pictures, and nothing else does", () =>
  withTrainedLab(async (lab) => {
    const draw = async (seed: number) => {
      const { id } = await lab.sample({ ...FEW, sampler: "ddpm", guidance_scale: 2, seed });
      return (await lab.samplePixels(id)).images;
    };
    const [first, again, other] = await forAll([1, 1, 2], draw);
    assert.deepEqual(first, again);
    assert.notDeepEqual(first, other);
  }));

Deno.test("a sample says how often it asked the network for each picture", () =>
  withTrainedLab(async (lab) => {
    const expected: [request: Partial<SampleRequest>, cost: number][] = [
      // Two in each step but the last.
      [{ sampler: "heun" }, 5],
      [{ sampler: "dpmpp-2m", guidance_scale: 2, guidance_rescale: 0.7 }, 6],
      // The noisiest level of three lies above 5, the others below.
      [{ guidance_scale: 2, guidance_interval: [-100, 5] }, 5],
      [{ guidance_scale: 2, guidance_interval: [50, 60] }, 3],
    ];
    await forAll(expected, async ([request, cost]) => {
      const { networkEvaluations } = await lab.sample({ ...FEW, ...request });
      assert.equal(networkEvaluations, cost, JSON.stringify(request));
    });
  }));

Deno.test("outside of its interval guidance leaves the pictures as they are without it", () =>
  withTrainedLab(async (lab) => {
    const draw = async (request: Partial<SampleRequest>) => {
      const { id } = await lab.sample({ ...FEW, ...request });
      return (await lab.samplePixels(id)).images;
    };
    const [plain, outside, guided] = await forAll([
      {},
      { guidance_scale: 3, guidance_interval: [50, 60] },
      { guidance_scale: 3 },
    ], draw);
    assert.deepEqual(outside, plain);
    assert.notDeepEqual(guided, plain);
  }));

Deno.test("the frames of a film show the levels at which the network was asked, churn included", () =>
  withTrainedLab(async (lab) => {
    const gammas = async (churn: number) => {
      const { id } = await lab.sample({ ...FEW, sampler: "euler", churn, film_strip: true });
      return (await lab.samplePixels(id)).frames.map(({ gamma }) => gamma);
    };
    const [plain, churned] = await forAll([0, 0.25], gammas);
    churned!.forEach((gamma, i) =>
      assert.ok(Math.abs(gamma - plain![i]! - 2 * Math.log(1.25)) < 1e-9, `${gamma}`)
    );
  }));

Deno.test("a film strip starts at pure noise and ends on the picture", () =>
  withTrainedLab(async (lab) => {
    const { id, kind } = await lab.sample({ ...FEW, steps: 25, film_strip: true });
    const { frames, images } = await lab.samplePixels(id);
    assert.equal(kind, "film-strip");
    assert.deepEqual(frames.map(({ step }) => step), [0, 3, 5, 8, 11, 13, 16, 19, 21, 24]);
    assert.ok(frames.every(({ gamma }, i) => i === 0 || gamma < frames[i - 1]!.gamma));
    const { noisy } = frames[0]!;
    const power = noisy.reduce((sum, value) => sum + value ** 2, 0) / noisy.length;
    assert.ok(Math.abs(power - 1) < 0.1, `the start has power ${power}`);
    assert.deepEqual(frames.at(-1)!.denoised, images);
  }));

Deno.test("what a caller can mend reaches it as a UserError, from either process", () =>
  withTrainedLab(async (lab) => {
    await assert.rejects(lab.sample({ ...FEW, class: 11 }), {
      name: "UserError",
      message: "class is 11, but must be a whole number from 0 to 9",
    });
    const [checkpoint] = lab.inspect("latest").checkpoints;
    for (const { path } of lab.inspect("latest").checkpoints) Deno.truncateSync(path, 100);
    await assert.rejects(lab.sample(FEW), (error: Error) => {
      assert.equal(error.name, "UserError");
      assert.ok(error.message.startsWith("No checkpoint of image-0001 can be read"), error.message);
      assert.ok(error.message.includes(checkpoint!.path));
      return true;
    });
    assert.throws(() => lab.sampleById("image-0001-sample-009"), { name: "UserError" });
  }));

Deno.test("without a checkpoint the refusal names the run to wait for", () =>
  withWorkspace(async (workspace) => {
    const store = openStore(workspace);
    queue(store, shortConfig());
    store.close();
    const lab = openLab({ workspace, device: "cpu" });
    await assert.rejects(lab.sample(FEW), {
      name: "UserError",
      message: "No run has a checkpoint yet: wait for the first of image-0001, which is queued",
    });
    lab.close();
  }));
