import assert from "node:assert/strict";
import { findRun, findRuns } from "../../experiments/registry/modalities.ts";
import { finishedRun, queue, shortConfig, withStore } from "./workspace.ts";

Deno.test("a run is found by its id, a unique prefix, latest and best", () =>
  withStore((store) => {
    finishedRun(store, shortConfig(), 0.3);
    finishedRun(store, shortConfig({ seed: 1 }), 0.1);
    queue(store, shortConfig({ seed: 2 }));
    const refs = ["image-0001", "image-0002", "latest", "best"];
    assert.deepEqual(refs.map((ref) => findRun(store, ref).id), [
      "image-0001",
      "image-0002",
      "image-0003",
      "image-0002",
    ]);
  }));

Deno.test("a prefix that fits a single run's id is enough", () =>
  withStore((store) => {
    queue(store, ...Array.from({ length: 10 }, (_, seed) => shortConfig({ seed })));
    assert.equal(findRun(store, "image-001").id, "image-0010");
  }));

Deno.test("a sweep's id stands for its runs, and each run comes once", () =>
  withStore((store) => {
    store.runs.insert({
      configs: [shortConfig(), shortConfig({ seed: 1 })],
      codeVersion: "test",
      label: null,
      sweep: {},
    });
    const ids = findRuns(store, ["image-0002", "sweep-0001"]).map(({ id }) => id);
    assert.deepEqual(ids, ["image-0002", "image-0001"]);
  }));

Deno.test("a reference that means nothing is refused with near ids", () =>
  withStore((store) => {
    assert.throws(() => findRun(store, "latest"), {
      message:
        "There are no runs of your own yet: start one with train, or name a pretrained one: " +
        "study/digits, study/verse",
    });
    queue(store, shortConfig(), shortConfig());
    assert.throws(() => findRun(store, "image-0012"), {
      name: "UserError",
      message: /^There is no run "image-0012": near it are image-000\d and image-000\d/,
    });
    assert.throws(() => findRun(store, "im"), {
      name: "UserError",
      message: '"im" could mean image-0002 and image-0001: give more of the id',
    });
    assert.throws(() => findRun(store, "best"), {
      name: "UserError",
      message: /No run on made-up-digits has a denoising error yet/,
    });
  }));
