import assert from "node:assert/strict";
import { openLab } from "../../experiments/mod.ts";
import {
  scheduleNames,
  targetNames,
  timeSamplingNames,
  weightingNames,
} from "../../models/diffusion/mod.ts";
import type { ImageDataset } from "../../data/mod.ts";
import { batchSource } from "../../experiments/image/validation.ts";
import { queue, shortConfig, withStore } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

Deno.test("every target, schedule, weighting and distribution of levels trains", () =>
  withStore(async (store) => {
    // Each of them at least once; "vlb" takes uniform times only.
    const configs = scheduleNames.map((schedule, i) => {
      const weighting = weightingNames[i % weightingNames.length]!;
      return shortConfig({
        steps: 20,
        validate_every: 10,
        schedule,
        target: targetNames[i % targetNames.length]!,
        weighting,
        time_sampling: weighting === "vlb"
          ? "uniform"
          : timeSamplingNames[i % timeSamplingNames.length]!,
      });
    });
    const ids = queue(store, ...configs);
    await runWorker({ workspace: store.workspace, device: "cpu" });
    for (const [i, id] of ids.entries()) {
      const run = store.runs.byId(id)!;
      assert.deepEqual([run.status, run.error], ["finished", null], JSON.stringify(configs[i]));
      const { denoising_mse: errors } = store.metrics.curves(id, ["denoising_mse"]);
      const [first, last] = [errors![0]!.value, errors!.at(-1)!.value];
      assert.ok(last < first, `${JSON.stringify(configs[i])}: ${first} became ${last}`);
    }
  }));

Deno.test("both kinds of network train with either optimiser, self-conditioned or not, and draw", () =>
  withStore(async (store) => {
    const kinds = [["dit-4", 0, 0.5], ["dit-4", 0.01, 0], ["unet", 0.01, 0.5]] as const;
    const ids = queue(
      store,
      ...kinds.map(([network, muon_learning_rate, self_condition]) =>
        shortConfig({ steps: 40, validate_every: 20, network, muon_learning_rate, self_condition })
      ),
    );
    await runWorker({ workspace: store.workspace, device: "cpu" });
    const lab = openLab({ workspace: store.workspace, device: "cpu" });
    await Promise.all(ids.map(async (id) => {
      assert.equal(store.runs.byId(id)!.error, null);
      const { denoising_mse: errors } = store.metrics.curves(id, ["denoising_mse"]);
      assert.ok(errors!.at(-1)!.value < errors![0]!.value, id);
      const request = { run: id, count: 2, steps: 3, guidance_scale: 2 };
      assert.equal((await lab.sample(request)).networkEvaluations, 6);
    }));
    lab.close();
  }));

Deno.test("a schedule rescaled to pure noise trains, and samples start in pure noise", () =>
  withStore(async (store) => {
    const [id] = queue(
      store,
      shortConfig({ steps: 6, schedule: "cosine", terminal_snr: "zero", target: "v" }),
    );
    await runWorker({ workspace: store.workspace, device: "cpu" });
    assert.equal(store.runs.byId(id!)!.error, null);
    const lab = openLab({ workspace: store.workspace, device: "cpu" });
    const sample = await lab.sample({ run: id!, count: 1, steps: 3, film_strip: true });
    const { frames } = await lab.samplePixels(sample.id);
    assert.equal(frames[0]!.gamma, Infinity);
    assert.ok(frames[1]!.gamma < Infinity);
    lab.close();
  }));

Deno.test("what cannot be trained to pure noise, or limited, is refused before it is queued", () =>
  withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace, device: "cpu" });
    const refused = (overrides: Record<string, string | number>, message: RegExp) =>
      assert.rejects(lab.train({ preset: "mnist-tiny", overrides }), {
        name: "UserError",
        message,
      });
    await refused({ target: "epsilon", terminal_snr: "zero" }, /which ends in pure noise/);
    await refused({ snr_limit: 3 }, /^snr_limit is 3 with weighting "uniform": only "min-snr"/);
    assert.deepEqual(lab.runs({}).runs, []);
    lab.close();
  }));

Deno.test("snr_limit is where min-snr weights stop growing", () => {
  const dataset = {
    height: 1,
    width: 1,
    channels: 1,
    train: { count: 40, pixels: new Uint8Array(40), labels: new Uint8Array(40) },
  } as unknown as ImageDataset;
  const highest = (snr_limit: number) => {
    const config = shortConfig({ weighting: "min-snr", target: "x0", snr_limit, batch_size: 32 });
    return Math.max(...batchSource(config, dataset, 10)(0).weight!);
  };
  assert.deepEqual([highest(2), highest(7)], [2, 7]);
});

Deno.test("EDM's target samples with the data's own deviation, as it was trained", () =>
  withStore(async (store) => {
    const [id] = queue(store, shortConfig({ target: "edm", schedule: "edm" }));
    await runWorker({ workspace: store.workspace, device: "cpu" });
    const lab = openLab({ workspace: store.workspace, device: "cpu" });
    try {
      const { images } = await lab.samplePixels(
        (await lab.sample({ run: id!, count: 2, steps: 4 })).id,
      );
      assert.ok(images.every((pixel) => pixel >= -1 && pixel <= 1));
    } finally {
      lab.close();
    }
  }));

Deno.test("a combination that cannot work is refused before anything is queued", () =>
  withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace });
    try {
      const overrides = { weighting: "vlb", time_sampling: "logit-normal" } as const;
      await assert.rejects(lab.train({ preset: "mnist-tiny", overrides }), {
        name: "UserError",
        message: /^weighting is "vlb" with times "logit-normal": the bound is an even mean/,
      });
      assert.equal(lab.runs().total, 0);
    } finally {
      lab.close();
    }
  }));
