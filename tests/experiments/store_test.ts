import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runWorker } from "../../experiments/run_worker.ts";
import { LostRunError, openStore, SCHEMA_VERSION } from "../../experiments/store/store.ts";
import { finishedRun, queue, shortConfig, withStore, withWorkspace } from "./workspace.ts";

Deno.test("runs and sweeps are numbered in the order they were queued", () =>
  withStore((store) => {
    assert.deepEqual(queue(store, shortConfig(), shortConfig({ seed: 1 })), [
      "image-0001",
      "image-0002",
    ]);
    const { ids, sweepId } = store.runs.insert({
      configs: [shortConfig()],
      codeVersion: "test",
      label: "why",
      sweep: { seeds: [0] },
    });
    assert.deepEqual([ids, sweepId], [["image-0003"], "sweep-0001"]);
    assert.equal(store.runs.byId("image-0003")!.label, "why");
    assert.equal(store.runs.byId("image-0003")!.sweepId, "sweep-0001");
  }));

Deno.test("a run comes out of the store as it went in", () =>
  withStore((store) => {
    const config = shortConfig({ learning_rate: 1 / 3 });
    const [id] = queue(store, config) as [string];
    const run = store.runs.byId(id)!;
    assert.deepEqual(run.config, config);
    assert.deepEqual([run.status, run.step, run.steps, run.latest], ["queued", 0, 12, {}]);
    assert.equal(store.runs.byId("image-9999"), null);
  }));

Deno.test("workers claim the oldest queued run, each run once", () =>
  withStore((store) => {
    queue(store, shortConfig(), shortConfig({ seed: 1 }));
    const workerId = store.workers.insert();
    assert.equal(store.runs.claim(workerId, "new")!.id, "image-0001");
    assert.equal(store.runs.claim(workerId, "new")!.id, "image-0002");
    assert.equal(store.runs.claim(workerId, "new"), null);
    assert.equal(store.runs.byId("image-0001")!.codeVersion, "new");
  }));

Deno.test("a worker that lost its run can write nothing about it", () =>
  withStore((store) => {
    const [id] = queue(store, shortConfig()) as [string];
    const workerId = store.workers.insert();
    store.runs.claim(workerId, "test");
    store.runs.setStep(id, workerId, 3);
    assert.deepEqual(store.runs.interrupt(workerId), [id]);
    assert.throws(() => store.runs.setStep(id, workerId, 4), LostRunError);
    assert.throws(() => store.runs.stopRequested(id, workerId), LostRunError);
    assert.throws(() => store.runs.end(id, workerId, "finished", null), LostRunError);
    assert.deepEqual([store.runs.byId(id)!.status, store.runs.byId(id)!.step], ["interrupted", 3]);
  }));

Deno.test("a stop cancels a queued run and only asks a running one", () =>
  withStore((store) => {
    const [running, waiting] = queue(store, shortConfig(), shortConfig()) as [string, string];
    const workerId = store.workers.insert();
    store.runs.claim(workerId, "test");
    assert.equal(store.runs.requestStop(running), "running");
    assert.equal(store.runs.requestStop(waiting), "queued");
    assert.equal(store.runs.byId(running)!.stopRequested, true);
    assert.equal(store.runs.byId(running)!.status, "running");
    assert.equal(store.runs.stopRequested(running, workerId), true);
    assert.equal(store.runs.byId(waiting)!.status, "stopped");
  }));

Deno.test("only runs that ended unfinished go back into the queue", () =>
  withStore((store) => {
    const finished = finishedRun(store, shortConfig(), 0.1);
    const [id] = queue(store, shortConfig()) as [string];
    assert.equal(store.runs.requeue(finished), false);
    assert.equal(store.runs.requeue(id), false);
    store.runs.requestStop(id);
    assert.equal(store.runs.requeue(id), true);
    assert.equal(store.runs.byId(id)!.status, "queued");
  }));

Deno.test("the newest value of each metric comes with the run, its curve from the store", () =>
  withStore((store) => {
    const [id] = queue(store, shortConfig()) as [string];
    store.metrics.insert(id, [
      { name: "loss", step: 2, value: 0.5 },
      { name: "loss", step: 10, value: 0.25 },
      { name: "denoising_mse", step: 6, value: 0.125 },
    ]);
    assert.deepEqual(store.runs.byId(id)!.latest, { loss: 0.25, denoising_mse: 0.125 });
    assert.deepEqual(store.metrics.curves(id, ["loss", "gradient_norm"]), {
      loss: [{ step: 2, value: 0.5 }, { step: 10, value: 0.25 }],
    });
  }));

Deno.test("lists are newest first, filtered and paged, with the number of all", () =>
  withStore((store) => {
    for (let seed = 0; seed < 5; seed++) queue(store, shortConfig({ seed }));
    store.runs.requestStop("image-0002");
    const page = store.runs.list({ status: "queued", limit: 2, offset: 1 });
    assert.deepEqual(page.runs.map(({ id }) => id), ["image-0004", "image-0003"]);
    assert.equal(page.total, 4);
  }));

Deno.test("sample numbers are never given twice", () =>
  withStore((store) => {
    const [id] = queue(store, shortConfig()) as [string];
    assert.deepEqual([1, 2, 3].map(() => store.runs.nextSampleNumber(id)), [1, 2, 3]);
  }));

Deno.test("of a run that was looked at only new points are read, and all where it went back", () =>
  withStore((store) => {
    const [id] = queue(store, shortConfig()) as [string];
    const add = (step: number, value: number) =>
      store.metrics.insert(id, [{ name: "loss", step, value }]);
    const losses = () => store.metrics.curves(id, ["loss", "gradient_norm"]).loss!;
    for (let step = 1; step <= 10; step++) add(step, 1 / step);
    const first = losses();
    assert.equal(losses(), first, "nothing is read again");
    add(11, 0.5);
    assert.deepEqual(losses().map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.equal(first.length, 10, "what was handed out stays as it was");
    store.metrics.deleteAfter(id, 4);
    assert.deepEqual(losses().map(({ step }) => step), [1, 2, 3, 4]);
    for (let step = 5; step <= 11; step++) add(step, 2 / step);
    assert.deepEqual(
      losses().slice(3),
      [4, 5, 6, 7, 8, 9, 10, 11].map((step) => ({
        step,
        value: (step > 4 ? 2 : 1) / step,
      })),
    );
    store.metrics.deleteAfter(id, 4);
    for (let step = 5; step <= 12; step++) add(step, 3 / step);
    assert.deepEqual(losses()[5], { step: 6, value: 0.5 }, "other values at the same steps");
    assert.deepEqual(losses().at(-1), { step: 12, value: 0.25 });
  }));

Deno.test("a transaction that fails leaves nothing behind", () =>
  withStore((store) => {
    assert.throws(() =>
      store.transaction(() => {
        queue(store, shortConfig());
        throw new Error("half way");
      }), { message: "half way" });
    assert.deepEqual(store.runs.ids(), []);
  }));

Deno.test("a store made by a newer version is refused with what to do", () =>
  withWorkspace((workspace) => {
    openStore(workspace).close();
    const db = new DatabaseSync(join(workspace, "lab.sqlite"));
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    assert.throws(() => openStore(workspace), {
      name: "UserError",
      message:
        /was made by a newer TextDiffusion .* update the program or use another --workspace$/,
    });
  }));

Deno.test("a store of the first version gets the evaluations' table and keeps its runs", () =>
  withWorkspace((workspace) => {
    const first = openStore(workspace);
    const [id] = queue(first, shortConfig()) as [string];
    first.close();
    makeOlder(workspace, 1);
    const store = openStore(workspace);
    assert.equal(store.runs.byId(id)!.status, "queued");
    assert.deepEqual(store.evaluations.list(id), []);
    store.close();
    const after = new DatabaseSync(join(workspace, "lab.sqlite"));
    const version = after.prepare("PRAGMA user_version").get();
    after.close();
    assert.deepEqual({ ...version }, { user_version: SCHEMA_VERSION });
  }));

Deno.test("a run that an older version queued takes the data directory of the program that starts the worker", () =>
  withWorkspace(async (workspace) => {
    const data = join(workspace, "data");
    const store = openStore(workspace);
    const ids = queue(store, shortConfig(), shortConfig(), shortConfig({ dataset: "mnist" }));
    const [queued, own, interrupted] = ids as [string, string, string];
    const worker = store.workers.insert();
    for (const id of ids) {
      assert.equal(store.runs.claim(worker, "test")!.id, id);
      store.runs.end(id, worker, "interrupted", null);
    }
    assert.ok(store.runs.requeue(queued));
    store.workers.end(worker, "ended");
    store.close();
    makeOlder(workspace, 7);

    const migrated = openStore(workspace);
    assert.ok(migrated.runs.requeue(own, { dataDirectory: "/own" }));
    migrated.runs.completeExecution({});
    assert.equal(migrated.runs.byId(queued)!.dataDirectory, "", "still to be completed");
    migrated.runs.completeExecution({ dataDirectory: data, device: "cpu" });
    const places = [queued, own].map((id) => migrated.runs.byId(id)!)
      .map(({ dataDirectory, requestedDevice }) => [dataDirectory, requestedDevice]);
    assert.deepEqual(places, [[data, "cpu"], ["/own", null]]);
    for (const id of [queued, own]) migrated.runs.requestStop(id);

    // Resumed by a program that has no data directory, it says where the data has to come from.
    assert.ok(migrated.runs.requeue(interrupted));
    await runWorker({ workspace, device: "cpu", dataDirectory: data });
    const { status, error } = migrated.runs.byId(interrupted)!;
    assert.equal(status, "failed");
    const advice =
      `. ${interrupted} was requested with an older version, which did not record its folder with data ` +
      "sets: resume it with --data FOLDER, or from a server that was started with it";
    assert.ok(error?.startsWith("Cannot find MNIST: ") && error.endsWith(advice), error!);
    migrated.close();
  }));

Deno.test("a file that is no database is refused with what to do", () =>
  withWorkspace((workspace) => {
    Deno.writeTextFileSync(
      join(workspace, "lab.sqlite"),
      "not a database, but long enough".repeat(40),
    );
    assert.throws(() => openStore(workspace), {
      name: "UserError",
      message: /is not a store of TextDiffusion .* move it away or use another --workspace$/,
    });
  }));

Deno.test("a workspace that cannot be used is refused in words, whatever is in its way", () =>
  withWorkspace((folder) => {
    Deno.writeTextFileSync(join(folder, "file"), "");
    Deno.mkdirSync(join(folder, "taken", "lab.sqlite"), { recursive: true });
    for (const workspace of ["file", join("file", "inner"), "taken"]) {
      assert.throws(() => openStore(join(folder, workspace)), {
        name: "UserError",
        message: /^The workspace .* cannot be used \(.*\): it must be a folder .*--workspace$/,
      }, workspace);
    }
  }));

Deno.test("two processes that open a new workspace at once both get the store", () =>
  withWorkspace(async (workspace) => {
    const program = `
      import ${JSON.stringify(import.meta.resolve("../../experiments/registry/modalities.ts"))};
      import { openStore } from ${
      JSON.stringify(import.meta.resolve("../../experiments/store/store.ts"))
    };
      openStore(${JSON.stringify(workspace)}).close();`;
    const results = await Promise.all(Array.from({ length: 3 }, () => runProgram(program)));
    assert.deepEqual(results, ["", "", ""]);
  }));

Deno.test("of several processes that claim at once, each run goes to exactly one", () =>
  withStore(async (store) => {
    queue(store, ...Array.from({ length: 40 }, (_, seed) => shortConfig({ seed })));
    const program = `
      import ${JSON.stringify(import.meta.resolve("../../experiments/registry/modalities.ts"))};
      import { openStore } from ${
      JSON.stringify(import.meta.resolve("../../experiments/store/store.ts"))
    };
      const store = openStore(${JSON.stringify(store.workspace)});
      const workerId = store.workers.insert();
      const claimed = [];
      for (let run; run = store.runs.claim(workerId, "test");) claimed.push(run.id);
      console.log(claimed.join(" "));`;
    const outputs = await Promise.all(Array.from({ length: 3 }, () => runProgram(program)));
    const claimed = outputs.flatMap((output) => output.trim().split(" ").filter(Boolean));
    assert.deepEqual(claimed.sort(), store.runs.ids().sort());
  }));

/** Runs a module in a process of its own; returns what it prints. */
async function runProgram(source: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", "deno.json", source],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the time that a run took has no pause in it", () =>
  withStore((store) => {
    const id = finishedRun(store, shortConfig(), 0.1);
    const db = new DatabaseSync(join(store.workspace, "lab.sqlite"));
    db.prepare("UPDATE runs SET started_at = ?, ended_at = ? WHERE id = ?")
      .run("2026-11-01T10:00:00.000Z", "2026-11-02T10:05:00.000Z", id);
    assert.equal(store.runs.byId(id)!.trainedSeconds, 86_400 + 300);
    const happened = [
      ["run-started", "2026-11-01T10:00:00.000Z"],
      ["run-checkpointed", "2026-11-01T10:02:00.500Z"],
      ["run-ended", "2026-11-01T12:00:00.000Z"], // noticed late that its worker was gone
      ["run-queued", "2026-11-02T10:02:00.000Z"],
      ["run-started", "2026-11-02T10:02:00.500Z"],
      ["run-ended", "2026-11-02T10:05:00.000Z"],
    ] as const;
    for (const [kind, at] of happened) {
      db.prepare("INSERT INTO events (at, run_id, kind, message) VALUES (?, ?, ?, '')")
        .run(at, id, kind);
    }
    db.close();
    assert.ok(Math.abs(store.runs.byId(id)!.trainedSeconds! - 300) < 0.01);
    const [queued] = queue(store, shortConfig());
    assert.equal(store.runs.byId(queued!)!.trainedSeconds, null);
  }));

/** Statements that take back each version of the tables, the newest first. */
const OLDER: readonly (readonly [version: number, changes: string])[] = [
  [8, "DROP TABLE jobs; ALTER TABLE workers DROP COLUMN kind"],
  [7, "ALTER TABLE runs DROP COLUMN requested_device; ALTER TABLE runs DROP COLUMN data_directory"],
  [6, "ALTER TABLE runs RENAME COLUMN baseline TO trivial_mse"],
  [5, "ALTER TABLE runs DROP COLUMN device_choice"],
  [4, "DROP TABLE counters; DROP INDEX events_by_run; DROP INDEX runs_by_group"],
  [3, "ALTER TABLE runs DROP COLUMN pictures"],
  [2, "DROP TABLE texts"],
  [1, "DROP TABLE evaluations"],
];

/** Gives the store of a workspace the tables of an older version. */
function makeOlder(workspace: string, version: number): void {
  const db = new DatabaseSync(join(workspace, "lab.sqlite"));
  for (const [left, changes] of OLDER) if (left >= version) db.exec(changes);
  db.exec(`PRAGMA user_version = ${version}`);
  db.close();
}
