/** What a training will take, by what earlier ones took. */
import assert from "node:assert/strict";
import { type Lab, openLab } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { linksTo } from "../../tools/links.ts";
import { estimateText, trainAnswer } from "../../tools/train.ts";
import { finishedRun, queue, shortConfig, withStore } from "./workspace.ts";

/** A run of 12 steps of 8 images at 24 images a second: four seconds, of which two beside the steps. */
function measuredRun(store: Store, changes: Parameters<typeof shortConfig>[0] = {}, speed = 24) {
  const id = finishedRun(store, shortConfig(changes), 0.1);
  store.metrics.insert(id, [{ name: "examples_per_second", step: 12, value: speed }]);
  store.checkpoints.insert(id, 12, `runs/${id}/x`, 1_000_000);
  return id;
}

function withRuns(work: (lab: Lab, store: Store) => void): Promise<void> {
  return withStore((store) => {
    const lab = openLab({ workspace: store.workspace });
    try {
      work(lab, store);
    } finally {
      lab.close();
    }
  });
}

const { modality: _, ...SHORT } = shortConfig();
const request = (changes: object = {}) => ({
  preset: "mnist-tiny" as const,
  overrides: { ...SHORT, ...changes },
});

Deno.test("an estimate goes by runs whose steps cost the same, whatever else they learnt", () =>
  withRuns((lab, store) => {
    measuredRun(store, { schedule: "linear", learning_rate: 0.005 });
    measuredRun(store, { size: "mini" }, 3);
    const { seconds, bytes, parts, runs } = lab.estimate({
      ...request({ steps: 120, seed: undefined }),
      seeds: [0, 1, 2],
    });
    assert.equal(runs, 3);
    // 120 steps of 8 images at 24 a second.
    assert.equal(seconds, 3 * 40);
    assert.equal(bytes, 3 * 2_000_000);
    assert.deepEqual(parts[0]!.by, ["image-0001"]);
  }));

Deno.test("what was never trained here is unknown, not zero", () =>
  withRuns((lab, store) => {
    measuredRun(store);
    const grid = { size: ["tiny", "base"] as const };
    const { size: __, ...overrides } = request().overrides;
    const { seconds, bytes, parts } = lab.estimate({ preset: "mnist-tiny", overrides, grid });
    assert.deepEqual([seconds, bytes], [null, null]);
    assert.deepEqual(parts.map((part) => part.seconds), [4, null]);
  }));

Deno.test("a training in blocks of one token, which would be one for all block sizes, is refused", () =>
  withRuns((lab) => {
    const blocks = (block_size: number) => ({
      preset: "shakespeare-tiny" as const,
      overrides: { method: "blocks" as const, block_size },
    });
    assert.throws(() => lab.estimate(blocks(1)), {
      name: "UserError",
      message:
        /^block_size is 1, but a block of one token is not diffused: use method "autoregressive"/,
    });
    for (const block_size of [0, 2]) assert.equal(lab.estimate(blocks(block_size)).runs, 1);
  }));

Deno.test("another batch size goes by the examples a second", () =>
  withRuns((lab, store) => {
    measuredRun(store);
    assert.equal(lab.estimate(request({ batch_size: 16, steps: 12 })).seconds, 8);
  }));

Deno.test("an estimate names the runs that would be repeated, other seeds, and what comes first", () =>
  withRuns((lab, store) => {
    measuredRun(store);
    measuredRun(store, { seed: 1 });
    queue(store, shortConfig({ schedule: "linear" }));
    const { summary, body } = estimateText(lab, request());
    assert.equal(
      summary,
      "Nothing was started: one run would take about 4 sec and 2.0 MB of disk, after one run that is " +
        "queued or running.",
    );
    assert.match(
      body[0]!,
      /\| 0 \| 12 \| 4 sec \| image-0002, image-0001 \| 2.0 MB \| image-0001 \(finished\) \| image-0002 \(finished\) \|/,
    );
    const none = estimateText(lab, request({ size: "base" }));
    assert.match(none.summary, /would take an unknown time and an unknown amount of disk/);
    assert.match(
      none.body[1]!,
      /No run of a similar configuration was trained in this workspace: a run of 20 steps/,
    );
    assert.equal(lab.runs().total, 3, "nothing was queued");
  }));

Deno.test("an estimate of trainings of several lengths has one column for the steps", () =>
  withRuns((lab) => {
    const { steps: _, ...overrides } = request().overrides;
    const grid = { steps: [12, 24] };
    const { body } = estimateText(lab, { preset: "mnist-tiny", overrides, grid });
    assert.match(body[0]!, /^\| seeds \| steps \|\n.*\n\| 0 \| 12 \|\n\| 0 \| 24 \|$/);
  }));

Deno.test("a training that repeats an earlier one says so, whoever started that", () =>
  withRuns((lab, store) => {
    measuredRun(store);
    const answerTo = (changes: Parameters<typeof shortConfig>[0]) => {
      const [id] = queue(store, shortConfig(changes)) as [string];
      return JSON.stringify(
        trainAnswer({ lab, links: linksTo(null) }, [lab.run(id)], null).content,
      );
    };
    assert.match(answerTo({}), /image-0002 repeats image-0001 \(finished\): with the same config/);
    assert.doesNotMatch(answerTo({ seed: 1 }), /repeats/);
    assert.doesNotMatch(answerTo({ schedule: "linear" }), /repeats/);
  }));

Deno.test("an extension is reckoned by the steps that it adds", () =>
  withRuns((lab, store) => {
    const id = measuredRun(store);
    assert.equal(lab.estimate({ resume: id, overrides: { steps: 24 } }).seconds, 4);
    assert.throws(
      () => lab.estimate({ resume: id, overrides: { dataset: "mnist" } }),
      /goes on with its own data, so dataset cannot be overridden/,
    );
  }));
