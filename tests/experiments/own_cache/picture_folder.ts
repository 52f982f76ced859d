/** A folder of one's own, from `train` to what is drawn. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Lab, openLab, resolveConfig } from "../../../experiments/mod.ts";
import { openStore } from "../../../experiments/store/store.ts";
import { samplePng } from "../../../figures/mod.ts";
import { Folder, plainPng } from "../../data/pictures.ts";
import { SpecialFiles } from "../../data/special_files.ts";
import { queue, shortConfig, withWorkspace } from "../workspace.ts";
import { parseConfig } from "../../../experiments/config/configuration.ts";
import { runWorker } from "../../../experiments/run_worker.ts";

const SHORT = { steps: 4, batch_size: 8, validate_every: 4, checkpoint_every: 4, sample_every: 4 };

Deno.test("a folder of colour pictures is learned, and drawn in colour under its own classes", () =>
  withWorkspace(async (workspace) => {
    using folder = new Folder();
    for (let i = 0; i < 40; i++) {
      const shade = (i * 37) % 200;
      folder.write(`red/${i}.png`, await plainPng(20, 30, [255 - shade, 10, 10]));
      folder.write(`blue/${i}.png`, await plainPng(20, 30, [10, 10, 255 - shade]));
    }
    const config = shortConfig({
      ...SHORT,
      dataset: folder.inside,
      image_size: 16,
      colour: "rgb",
    });
    const store = openStore(workspace);
    const [id] = queue(store, config) as [string];
    await runWorker({ workspace, device: "cpu" });
    const run = store.runs.byId(id)!;
    assert.deepEqual([run.error, run.status], [null, "finished"]);
    assert.deepEqual(run.pictures, {
      height: 16,
      width: 16,
      channels: 3,
      classNames: ["blue", "red"],
    });
    store.close();
    const lab = openLab({ workspace, device: "cpu" });
    try {
      const asked = { run: id, count: 2, steps: 2, class: [1, 0] };
      const sample = await lab.sample(asked);
      const { images, classNames, labels } = await lab.samplePixels(sample.id);
      assert.equal(images.length, 2 * 16 * 16 * 3);
      assert.deepEqual([...labels].map((label) => classNames[label]), ["red", "blue"]);
      assert.ok((await samplePng(lab, sample.id)).png.length > 100);
      await assert.rejects(lab.sample({ ...asked, class: 2 }), {
        message: "class is 2, but must be a whole number from 0 to 1",
      });
      const kept = await lab.sample({ run: id, count: 2, steps: 2, keep: "left", resamples: 1 });
      const { heldOut } = await lab.samplePixels(kept.id);
      assert.equal(heldOut!.images.length, 2 * 16 * 16 * 3);
      assert.equal(heldOut!.recognised, undefined, "no classifier knows these pictures");
      await assert.rejects(lab.evaluate({ run: id, count: 200, steps: 1 }), {
        name: "UserError",
        message: /^pictures has 8 held-out images, and measuring takes two sets of at least 200/,
      });
    } finally {
      lab.close();
    }
  }));

async function refused(
  lab: Lab,
  overrides: Record<string, string | number>,
  message: RegExp,
): Promise<void> {
  await assert.rejects(lab.train({ preset: "mnist-tiny", overrides }), {
    name: "UserError",
    message,
  });
}

Deno.test("a dataset that is not there is refused before anything is queued", () =>
  withWorkspace(async (workspace) => {
    const lab = openLab({ workspace, device: "cpu" });
    try {
      await refused(lab, { dataset: "minst" }, /did you mean mnist\? .* folders, .* \.\/minst$/);
      await refused(
        lab,
        { dataset: "./nowhere" },
        /nowhere cannot be read .* a folder of pictures/,
      );
      await refused(
        lab,
        { dataset: "./deno.json" },
        /deno\.json, which is a file: name the folder/,
      );
      await refused(
        lab,
        { dataset: "mnist", image_size: 32 },
        /^image_size is 32 with dataset mnist/,
      );
      await refused(
        lab,
        { dataset: ".", image_size: 30 },
        /image_size is 30, .* multiple of 4 from 8/,
      );
      await refused(
        lab,
        { dataset: "/dev/zero" },
        /^dataset is \/dev\/zero, which is a device: name a folder of pictures$/,
      );
      assert.deepEqual(lab.runs({}).runs, []);
    } finally {
      lab.close();
    }
  }));

Deno.test("MNIST is refused before anything is queued where it cannot be had, and MNIST-6k is named", () =>
  withWorkspace(async (workspace) => {
    const lab = openLab({ workspace, dataDirectory: join(workspace, "nothing"), device: "cpu" });
    try {
      const wayOn = /^Cannot find MNIST: .*--set dataset=mnist-6k, or overrides .*"mnist-6k"/;
      await refused(lab, {}, wayOn);
      const grid = { dataset: ["mnist-6k", "mnist"] };
      await assert.rejects(lab.train({ preset: "mnist-tiny", grid }), {
        name: "UserError",
        message: wayOn,
      });
      await assert.rejects(lab.train({ preset: "shakespeare-tiny" }), {
        name: "UserError",
        message: /^Cannot find Tiny Shakespeare: .* `made-up-verse`/,
      });
      assert.deepEqual(lab.runs({}).runs, []);
    } finally {
      lab.close();
    }
  }));

Deno.test("a text that is a pipe or a device is refused before anything is queued", () =>
  withWorkspace(async (workspace) => {
    using special = new SpecialFiles();
    const lab = openLab({ workspace, device: "cpu" });
    try {
      for (const [dataset, kind] of [[special.pipe, "named pipe"], ["/dev/zero", "device"]]) {
        await assert.rejects(
          lab.train({ preset: "shakespeare-tiny", overrides: { dataset: dataset! } }),
          {
            name: "UserError",
            message: new RegExp(`it is a ${kind}, name a regular file of at most`),
          },
        );
      }
      assert.deepEqual(lab.runs({}).runs, []);
    } finally {
      lab.close();
    }
  }));

Deno.test("configurations from before folders are read as they were meant", () => {
  const { image_size, colour, ...older } = resolveConfig("mnist-tiny") as ReturnType<
    typeof shortConfig
  >;
  assert.deepEqual([image_size, colour], [28, "grey"]);
  assert.deepEqual(parseConfig(older), resolveConfig("mnist-tiny"));
});
