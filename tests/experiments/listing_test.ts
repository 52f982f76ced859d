/** Finding runs and sweeps again. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import {
  type Lab,
  openLab,
  resolveConfig,
  type RunFilter,
  textConfigOf,
} from "../../experiments/mod.ts";
import { sampleSettings } from "../../experiments/image/settings.ts";
import { writeSettings } from "../../experiments/text/settings.ts";
import type { Store } from "../../experiments/store/store.ts";
import { sweepSummary } from "../../experiments/report/variations.ts";
import { finishedRun, shortConfig, withStore } from "./workspace.ts";

/** Runs 1 and 2 are a sweep over schedules, 3 and 4 single runs. */
function fill(store: Store) {
  store.runs.insert({
    configs: [shortConfig({ schedule: "cosine" }), shortConfig({ schedule: "linear", seed: 1 })],
    codeVersion: "test",
    label: "Which schedule? #noise, 100%",
    sweep: {},
  });
  const [worker] = [store.workers.insert()];
  for (const [id, value] of [["image-0001", 0.2], ["image-0002", 0.1]] as const) {
    store.runs.claim(worker, "test");
    store.metrics.insert(id, [{ name: "denoising_mse", step: 12, value }]);
    store.runs.end(id, worker, "finished", null);
  }
  store.workers.end(worker, "ended");
  finishedRun(store, shortConfig({ steps: 24, learning_rate: 0.003 }), 0.3);
  finishedRun(store, shortConfig({ dataset: "mnist-6k", target: "x0" }), 0.05);
}

function withRuns(work: (lab: Lab, store: Store) => void): Promise<void> {
  return withStore((store) => {
    fill(store);
    const lab = openLab({ workspace: store.workspace });
    try {
      work(lab, store);
    } finally {
      lab.close();
    }
  });
}

function byHand(store: Store, sql: string) {
  const db = new DatabaseSync(join(store.workspace, "lab.sqlite"));
  db.exec(sql);
  db.close();
}

Deno.test("runs are listed by words, tag, date, data set and values of their configuration", () =>
  withRuns((lab, store) => {
    byHand(store, "UPDATE runs SET created_at = '2026-10-31T23:59:59.000Z' WHERE number = 3");
    const found = (filter: RunFilter) =>
      lab.runs(filter).runs.map(({ id }) => Number(id.slice(-4)));
    const cases: [RunFilter, number[]][] = [
      [{}, [4, 3, 2, 1]],
      [{ text: "which SCHEDULE" }, [2, 1]],
      [{ text: "linear" }, [2]],
      [{ text: "mnist-6k x0" }, [4]],
      [{ text: "100%" }, [2, 1]],
      [{ text: "1_0" }, []],
      [{ text: "sweep-0001" }, [2, 1]],
      [{ tag: "noise" }, [2, 1]],
      [{ tag: "#noise" }, [2, 1]],
      [{ tag: "nois" }, []],
      [{ tag: "noise", tagged: ["image-0004"] }, [4, 2, 1]],
      [{ date: "2026-10" }, [3]],
      [{ date: "2026-10-31" }, [3]],
      [{ date: "2026-10-30..2026-10-31" }, [3]],
      [{ date: "2026-11-01..2099" }, [4, 2, 1]],
      [{ where: { dataset: "mnist-6k" } }, [4]],
      [{ where: { steps: 24, learning_rate: 0.003 } }, [3]],
      [{ where: { steps: "24" } }, [3]],
      [{ where: { schedule: "linear" }, status: "finished", text: "schedule" }, [2]],
    ];
    for (const [filter, expected] of cases) {
      assert.deepEqual(found(filter), expected, JSON.stringify(filter));
      assert.equal(lab.runs(filter).total, expected.length);
    }
    assert.throws(() => lab.runs({ where: { scedule: "linear" } }), {
      name: "UserError",
      message: /where names a field "scedule" .* did you mean schedule\?/,
    });
  }));

Deno.test("a run that is older than a field is found by the field's default", () =>
  withRuns((lab, store) => {
    byHand(
      store,
      "UPDATE runs SET config = json_remove(config, '$.terminal_snr') WHERE number = 3",
    );
    assert.equal(lab.runs({ where: { terminal_snr: "as-is" } }).total, 4);
    assert.equal(lab.runs({ where: { terminal_snr: "zero" } }).total, 0);
    assert.deepEqual(
      lab.run("image-0003").config,
      shortConfig({ steps: 24, learning_rate: 0.003 }),
      "so that it does not differ from newer runs",
    );
  }));

Deno.test("sweeps are listed with what they varied and their best run", () =>
  withRuns((lab) => {
    const { sweeps, total } = lab.sweeps({ text: "schedule" });
    assert.equal(total, 1);
    const { createdAt: _, ...sweep } = sweeps[0]!;
    assert.deepEqual(sweep, {
      id: "sweep-0001",
      label: "Which schedule? #noise, 100%",
      statuses: { finished: 2 },
      runs: 2,
      dataset: "made-up-digits",
      varied: { schedule: ["cosine", "linear"], seed: [0, 1] },
      metric: "denoising_mse",
      best: { run: "image-0002", value: 0.1 },
    });
    assert.deepEqual(lab.sweeps({ where: { dataset: "mnist-6k" } }), { sweeps: [], total: 0 });
  }));

Deno.test("a sweep over data sets has no best run, because their errors do not compare", () =>
  withStore((store) => {
    finishedRun(store, shortConfig(), 0.2);
    finishedRun(store, shortConfig({ dataset: "mnist-6k" }), 0.1);
    const { runs } = store.runs.list({ limit: 2 });
    assert.equal(sweepSummary("sweep-0001", runs).best, null);
    assert.equal(sweepSummary("sweep-0001", runs.slice(0, 1)).best!.value, 0.1);
  }));

Deno.test('"best" is of the newest run\'s data set, or of one that is named', () =>
  withRuns((lab, store) => {
    assert.equal(lab.run("best").id, "image-0004");
    assert.equal(lab.run("best:made-up-digits").id, "image-0002");
    finishedRun(store, shortConfig({ schedule: "sigmoid" }), 0.4);
    assert.equal(lab.run("best").id, "image-0002", "not the lower value on other data");
    byHand(store, "UPDATE runs SET dataset_hash = 'new' WHERE id = 'image-0005'");
    byHand(store, "UPDATE runs SET dataset_hash = 'old' WHERE id = 'image-0002'");
    assert.equal(lab.run("best").id, "image-0001", "nor the lower one on data of the same name");
    assert.throws(() => lab.run("best:kmnist"), /There are no runs on "kmnist" yet/);
  }));

Deno.test("a sweep's id stands for its best run, or for all of them where several are taken", () =>
  withRuns((lab) => {
    assert.equal(lab.run("sweep-0001").id, "image-0002");
    assert.deepEqual(lab.find(["sweep-0001"]).map(({ id }) => id), ["image-0001", "image-0002"]);
    assert.equal(lab.compare(["sweep-0001"]).leaderboard.length, 2);
    assert.throws(() => lab.run("sweep-0009"), /There is no run "sweep-0009"/);
  }));

Deno.test("samples are listed run by run, the newest first, and those of pretrained runs last", () =>
  withRuns((lab, store) => {
    const config = resolveConfig("shakespeare-tiny");
    const { ids: [textId] } = store.runs.insert({
      ...{ configs: [config], codeVersion: "test", label: null, sweep: null },
    });
    const made = { step: 12, networkEvaluations: 1, seconds: 1, device: "cpu" };
    const settings = sampleSettings({ count: 1 }, shortConfig());
    for (
      const [runId, number] of [["image-0001", 1], ["image-0001", 2], ["image-0003", 1]] as const
    ) {
      const id = `${runId}-sample-00${number}`;
      const kind = number === 2 ? "film-strip" : "contact-sheet";
      store.samples.insert({
        ...made,
        id,
        runId,
        number,
        kind,
        settings,
        path: `${id}.safetensors`,
      });
    }
    store.texts.insert({
      ...{ ...made, runId: textId!, texts: ["Ay"], statistics: null, frames: [] },
      settings: writeSettings({ count: 1 }, textConfigOf({ id: "text", config })),
    });
    const listed = lab.newestSamples(50).filter(({ runId }) => !runId.startsWith("study/"));
    assert.deepEqual(listed.map(({ id, kind }) => [id, kind]), [
      [`${textId}-sample-001`, "text"],
      ["image-0003-sample-001", "contact-sheet"],
      ["image-0001-sample-002", "film-strip"],
      ["image-0001-sample-001", "contact-sheet"],
    ]);
    assert.ok(lab.newestSamples(50).slice(4).some(({ runId }) => runId === "study/digits"));
    assert.equal(lab.newestSamples(1)[0]!.runId, textId);
    assert.ok(!lab.newestSamples(3).some(({ runId }) => runId === "image-0001"));
  }));
