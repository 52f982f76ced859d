import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import {
  agedEvaluations,
  comparableEvaluations,
  compareRuns,
} from "../../experiments/report/compare.ts";
import { type Comparison, type Evaluation, resolveConfig } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { finishedRun, type ImageOverrides, queue, shortConfig, withStore } from "./workspace.ts";

function compareAll(store: Store): Omit<Comparison, "evaluations" | "baselines"> {
  const runs = store.runs.list({ limit: 100 }).runs.toReversed();
  return compareRuns(runs, (id, names) => store.metrics.curves(id, names));
}

function finish(store: Store, ...runs: [overrides: ImageOverrides, denoisingMse: number][]) {
  for (const [overrides, mse] of runs) finishedRun(store, shortConfig(overrides), mse);
}

Deno.test("the leaderboard is by denoising error and shows only what differs", () =>
  withStore((store) => {
    finish(store, [{ schedule: "linear" }, 0.3], [{ schedule: "cosine" }, 0.1]);
    queue(store, shortConfig({ schedule: "cosine" }));
    const { leaderboard, differing, cautions } = compareAll(store);
    assert.deepEqual(differing, ["schedule"]);
    assert.deepEqual(
      leaderboard.map(({ rank, runId, score, parameters }) => [
        rank,
        runId,
        score,
        parameters,
      ]),
      [
        [1, "image-0002", 0.1, { schedule: "cosine" }],
        [2, "image-0001", 0.3, { schedule: "linear" }],
        [3, "image-0003", null, { schedule: "cosine" }],
      ],
    );
    assert.match(cautions[0]!, /image-0003 is queued at step 0/);
  }));

Deno.test("runs that differ only in the seed form a group with mean and standard deviation", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 1 }, 0.2], [{ seed: 2, log_every: 3 }, 0.3]);
    const { groups } = compareAll(store);
    assert.equal(groups.length, 1);
    assert.deepEqual([groups[0]!.n, groups[0]!.seeds, groups[0]!.parameters], [3, [0, 1, 2], {}]);
    assert.ok(Math.abs(groups[0]!.mean! - 0.2) < 1e-12);
    assert.ok(Math.abs(groups[0]!.sd! - 0.1) < 1e-12);
  }));

Deno.test("a lead far beyond the spread of the seeds is more than seed noise", () =>
  withStore((store) => {
    finish(
      store,
      ...[0.100, 0.101, 0.102].map((mse, seed): [ImageOverrides, number] => [{ seed }, mse]),
      ...[0.200, 0.201, 0.203].map((mse, seed): [ImageOverrides, number] => [
        { seed, schedule: "linear" },
        mse,
      ]),
    );
    const { verdict } = compareAll(store);
    assert.match(
      verdict,
      /^schedule=cosine leads schedule=linear by 0.100 \(49.8 %\), more than seed noise/,
    );
  }));

Deno.test("a lead within the spread of the seeds is called seed noise", () =>
  withStore((store) => {
    finish(
      store,
      ...[0.10, 0.20].map((mse, seed): [ImageOverrides, number] => [{ seed }, mse]),
      ...[0.12, 0.22].map((
        mse,
        seed,
      ): [ImageOverrides, number] => [{ seed, target: "epsilon" }, mse]),
    );
    assert.match(compareAll(store).verdict, /which is within seed noise/);
  }));

Deno.test("with one seed each there is no telling", () =>
  withStore((store) => {
    finish(store, [{ target: "v" }, 0.1], [{ target: "epsilon" }, 0.4]);
    assert.match(compareAll(store).verdict, /with one seed each there is no telling/);
  }));

Deno.test("a lead over a run that is not trained to the end decides nothing", () =>
  withStore((store) => {
    const seeds = (schedule: "linear" | "cosine", values: readonly number[]) =>
      finish(
        store,
        ...values.map((mse, seed): [ImageOverrides, number] => [{ schedule, seed }, mse]),
      );
    seeds("linear", [0.1, 0.101]);
    seeds("cosine", [0.2]);
    const [id] = queue(store, shortConfig({ schedule: "cosine", seed: 1 })) as [string];
    assert.doesNotMatch(compareAll(store).verdict, /so far/, "a queued run has no part in it");
    store.metrics.insert(id, [{ name: "denoising_mse", step: 1, value: 0.201 }]);
    assert.match(
      compareAll(store).verdict,
      /^schedule=linear leads schedule=cosine by .* so far, which decides nothing: image-0004 is not trained/,
    );
  }));

Deno.test("a repeated seed counts once, and the runs that repeat it are named", () =>
  withStore((store) => {
    finish(
      store,
      [{ seed: 0 }, 0.1],
      [{ seed: 0 }, 0.1],
      [{ seed: 0, schedule: "linear" }, 0.3],
      [{ seed: 0, schedule: "linear" }, 0.4],
      [{ seed: 1, schedule: "linear" }, 0.25],
    );
    const { groups, verdict, cautions } = compareAll(store);
    assert.deepEqual(
      groups.map(({ n, mean, sd, seeds }) => [n, mean, sd === null, seeds.toSorted()]),
      [
        [1, 0.1, true, [0]],
        [2, 0.3, false, [0, 1]],
      ],
    );
    assert.ok(Math.abs(groups[1]!.sd! - Math.SQRT1_2 * 0.1) < 1e-12, `${groups[1]!.sd}`);
    assert.match(
      verdict,
      /with one seed of schedule=cosine there is no telling this from seed noise/,
    );
    assert.deepEqual(cautions, [
      "image-0001, image-0002 have one configuration and one seed (0): they count once, by their mean",
      "image-0003, image-0004 have one configuration and one seed (0): they count once, by their mean",
    ]);
  }));

Deno.test("a repeat that is not trained to the end does not count beside one that is", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 1 }, 0.2]);
    const [id] = queue(store, shortConfig({ seed: 0 })) as [string];
    store.metrics.insert(id, [{ name: "denoising_mse", step: 1, value: 0.9 }]);
    const { groups, cautions } = compareAll(store);
    assert.match(
      cautions.join(),
      /image-0001, image-0003 have .* they count once, by the furthest tr/,
    );
    assert.deepEqual([groups[0]!.n, groups[0]!.seeds.toSorted()], [2, [0, 1]]);
    assert.ok(Math.abs(groups[0]!.mean! - 0.15) < 1e-12);
  }));

Deno.test("seeds without any spread are no measure of the seed noise", () =>
  withStore((store) => {
    finish(
      store,
      ...[0, 1, 2].map((seed): [ImageOverrides, number] => [{ seed }, 0.1]),
      ...[0, 1, 2].map((seed): [ImageOverrides, number] => [{ seed, schedule: "linear" }, 0.3]),
    );
    const { groups, verdict } = compareAll(store);
    assert.deepEqual(groups.map(({ mean, sd }) => [mean, sd]), [[0.1, 0], [0.3, 0]]);
    assert.match(verdict, /gave exactly the same value .* leaves the seed noise unknown/);
    assert.doesNotMatch(verdict, /Infinity|more than seed noise/);
  }));

Deno.test("evaluations of pictures that were drawn in another way are pointed out", () => {
  const of = (settings: object) => ({
    modality: "image",
    settings: {
      count: 200,
      sampler: "ddim",
      steps: 25,
      guidance_scale: 2,
      seed: 0,
      eta: 0,
      ...settings,
    },
    classifier: { dataset: "mnist", accuracy: 0.99, hash: "a" },
    datasetHash: "b",
  } as unknown as Evaluation);
  const cautions = (settings: object) =>
    comparableEvaluations([[of({})], [of(settings)]]).cautions.join();
  for (const how of [{ eta: 1 }, { guidance_interval: [-5, 2] }, { spacing: "leading" }]) {
    assert.match(cautions(how), /differ in how the pictures were drawn, not only in the runs$/);
  }
  assert.equal(cautions({ seed: 1 }), "");
});

Deno.test("an evaluation of an older checkpoint than the run has by now is pointed out", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 1 }, 0.2]);
    const { runs } = store.runs.list({ limit: 2 });
    const trained = runs.map((run) => ({ ...run, checkpointStep: 12 }));
    const of = (runId: string, step: number) => ({ runId, step } as Evaluation);
    assert.deepEqual(agedEvaluations([of("image-0001", 12), of("image-0002", 4)], trained), [
      "Evaluations are of older checkpoints than the runs have by now: image-0002 (step 4, now 12): " +
      "evaluate these runs again",
    ]);
    assert.deepEqual(agedEvaluations([of("image-0001", 12)], trained), []);
    assert.deepEqual(agedEvaluations([of("image-0001", 12)], runs), []);
  }));

Deno.test("of a run that failed it is not said that its error may still fall", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 1 }, 0.2]);
    const [id] = queue(store, shortConfig({ seed: 2 })) as [string];
    const worker = store.workers.insert();
    store.runs.claim(worker, "test");
    store.runs.end(id, worker, "failed", "Training diverged");
    assert.deepEqual(compareAll(store).cautions, [
      "image-0003 failed: a configuration counts with the last value of such a run, or without it, " +
      "and may look better than it is",
    ]);
  }));

Deno.test("unequal training budgets are pointed out", () =>
  withStore((store) => {
    finish(store, [{ steps: 12 }, 0.1], [{ steps: 24 }, 0.05]);
    assert.deepEqual(compareAll(store).cautions, [
      "The runs were given different numbers of training examples (steps × batch_size)",
    ]);
  }));

Deno.test("runs with different vocabularies can be compared, with what to mind", () =>
  withStore((store) => {
    for (const vocabulary_size of [0, 256]) {
      finishedRun(store, resolveConfig("shakespeare-tiny", { vocabulary_size }), 0.1);
    }
    const { cautions, differing } = compareAll(store);
    assert.deepEqual(differing, ["vocabulary_size"]);
    assert.match(
      cautions.join(),
      /^The runs have different vocabularies: their nats per character ar/,
    );
  }));

Deno.test("a mean over block sizes is not compared silently with the nats of one of them", () =>
  withStore((store) => {
    for (const block_size of [0, 4]) {
      finishedRun(store, resolveConfig("shakespeare-tiny", { method: "blocks", block_size }), 0.1);
    }
    assert.match(
      compareAll(store).cautions.join(),
      /^The nats_per_character of a run with method blocks and block_size 0 is the mean over all its/,
    );
  }));

/** What becomes known of a run when it starts. */
function learnFacts(store: Store, id: string, facts: { baseline?: number; data?: string }): void {
  const db = new DatabaseSync(join(store.workspace, "lab.sqlite"));
  db.prepare("UPDATE runs SET baseline = ?, dataset_hash = ? WHERE id = ?")
    .run(facts.baseline ?? null, facts.data ?? null, id);
  db.close();
}

Deno.test("where no run has learnt anything, that is said instead of a ranking", () =>
  withStore((store) => {
    finish(store, [{ schedule: "linear" }, 0.4], [{ schedule: "cosine" }, 0.31]);
    for (const id of ["image-0001", "image-0002"]) learnFacts(store, id, { baseline: 0.3 });
    const { verdict, nothingLearnt, cautions } = compareAll(store);
    assert.match(
      verdict,
      /^None of these runs has learnt anything: the best denoising error is 0\.310 \(image-0002\), and the error of estimating each pixel by itself is 0\.300/,
    );
    assert.deepEqual(nothingLearnt, ["image-0002", "image-0001"]);
    assert.deepEqual(cautions, []);
  }));

Deno.test("a run that has learnt nothing is named beside others that have", () =>
  withStore((store) => {
    finish(store, [{ schedule: "linear" }, 0.4], [{ schedule: "cosine" }, 0.1]);
    for (const id of ["image-0001", "image-0002"]) learnFacts(store, id, { baseline: 0.3 });
    const { verdict, cautions } = compareAll(store);
    assert.match(verdict, /^schedule=cosine leads/);
    assert.match(
      cautions[0]!,
      /^The denoising error of image-0001 is no better than the error of estimating each pixel by itself: nothing was/,
    );
  }));

Deno.test("a queued run, whose data has no hash yet, is not of other data", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 1 }, 0.2]);
    queue(store, shortConfig({ seed: 2 }));
    for (const id of ["image-0001", "image-0002"]) learnFacts(store, id, { data: "abc" });
    const { verdict, cautions } = compareAll(store);
    assert.match(verdict, /^All runs share one configuration/);
    assert.equal(cautions.length, 1, cautions.join("; "));
  }));

Deno.test("runs on different data are not ranked in words", () =>
  withStore((store) => {
    finish(store, [{ seed: 0 }, 0.1], [{ seed: 0, dataset: "mnist-6k" }, 0.2]);
    assert.match(
      compareAll(store).verdict,
      /^The runs were trained on different data \(made-up-digits, mnist-6k\), so that their errors/,
    );
    finish(store, [{ seed: 1 }, 0.1]);
    learnFacts(store, "image-0001", { data: "abc" });
    learnFacts(store, "image-0003", { data: "abd" });
    const runs = ["image-0001", "image-0003"].map((id) => store.runs.byId(id)!);
    const { verdict } = compareRuns(runs, () => ({}));
    assert.match(verdict, /^The contents of made-up-digits changed between these runs/);
  }));
