import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { resolveConfig } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { queue, shortConfig, withStore, withWorkspace } from "./workspace.ts";

const config = shortConfig();

function queueSweep(store: Store): string {
  return store.runs.insert({ configs: [config], codeVersion: "t", label: null, sweep: {} })
    .sweepId!;
}

/** Deletes a run as one would by hand, with the `sqlite3` program. */
function deleteRows(store: Store, id: string): void {
  const db = new DatabaseSync(join(store.workspace, "lab.sqlite"), {
    enableForeignKeyConstraints: false,
  });
  for (const table of ["metrics", "checkpoints", "samples", "texts", "evaluations"]) {
    db.prepare(`DELETE FROM ${table} WHERE run_id = ?`).run(id);
  }
  db.prepare("DELETE FROM runs WHERE id = ?").run(id);
  db.close();
}

function deleteFolder(store: Store, id: string): void {
  Deno.removeSync(join(store.workspace, "runs", id), { recursive: true });
}

Deno.test("a run that was deleted by hand leaves a gap, whether it was the first or the newest", () =>
  withStore((store) => {
    queue(store, config, config, config);
    deleteRows(store, "image-0001");
    assert.deepEqual(queue(store, config, config), ["image-0004", "image-0005"]);
    deleteRows(store, "image-0005");
    deleteFolder(store, "image-0005");
    assert.deepEqual(queue(store, config), ["image-0006"], "its id is not given again");
    deleteFolder(store, "image-0006");
    assert.deepEqual(queue(store, config), ["image-0007"]);
  }));

Deno.test("a new id never names a folder or a file that exists", () =>
  withStore((store) => {
    for (const id of ["image-0001", "image-0007", "image-x", "text-0002"]) {
      Deno.mkdirSync(join(store.workspace, "runs", id), { recursive: true });
    }
    Deno.writeTextFileSync(join(store.workspace, "runs", "image-0008"), "a note");
    assert.deepEqual(queue(store, config, config), ["image-0009", "image-0010"]);
    const folders = [...Deno.readDirSync(join(store.workspace, "runs"))].map(({ name }) => name);
    assert.ok(folders.includes("image-0009"), "the folder is claimed with the id");
  }));

Deno.test("sweeps whose rows were deleted by hand leave a gap", () =>
  withStore((store) => {
    assert.deepEqual([queueSweep(store), queueSweep(store)], ["sweep-0001", "sweep-0002"]);
    const db = new DatabaseSync(join(store.workspace, "lab.sqlite"), {
      enableForeignKeyConstraints: false,
    });
    db.exec("DELETE FROM sweeps");
    db.close();
    assert.equal(queueSweep(store), "sweep-0003");
  }));

Deno.test("what a run wrote is numbered once, though training deletes the newest when it goes back", () =>
  withStore((store) => {
    const [id] = queue(store, resolveConfig("shakespeare-tiny")) as [string];
    const write = (step: number) =>
      store.texts.insert(
        { runId: id, step, settings: { made_by: "training" } } as Parameters<
          typeof store.texts.insert
        >[0],
      );
    const measure = (step: number) =>
      store.evaluations.insert(
        { runId: id, step, madeBy: "training" } as Parameters<typeof store.evaluations.insert>[0],
      );
    assert.deepEqual([write(4), write(8)], [`${id}-sample-001`, `${id}-sample-002`]);
    assert.deepEqual([measure(4), measure(8)], [`${id}-evaluation-001`, `${id}-evaluation-002`]);
    store.texts.deleteMadeAfter(id, 4);
    store.evaluations.deleteMadeAfter(id, 4);
    assert.deepEqual([write(8), measure(8)], [`${id}-sample-003`, `${id}-evaluation-003`]);
  }));

Deno.test("runs that could not be queued leave no folder", () =>
  withStore((store) => {
    const wrong = { ...config, steps: null } as unknown as typeof config;
    assert.throws(() => queue(store, config, wrong), /NOT NULL/);
    assert.deepEqual([...Deno.readDirSync(join(store.workspace, "runs"))], []);
    assert.deepEqual(queue(store, config), ["image-0001"]);
  }));

Deno.test("an older store goes on counting after the runs that it ever had", () =>
  withWorkspace((workspace) => {
    const before = openStore(workspace);
    queue(before, config, config, config);
    queueSweep(before);
    before.events.add("run-queued", "image-0012", "it was deleted by hand");
    before.evaluations.insert(
      { runId: "image-0003", step: 9 } as Parameters<typeof before.evaluations.insert>[0],
    );
    before.close();
    const db = new DatabaseSync(join(workspace, "lab.sqlite"));
    db.exec(
      "DROP TABLE counters; DROP INDEX events_by_run; DROP INDEX runs_by_group; " +
        "ALTER TABLE runs DROP COLUMN device_choice; ALTER TABLE runs DROP COLUMN requested_device; " +
        "ALTER TABLE runs DROP COLUMN data_directory; " +
        "ALTER TABLE workers DROP COLUMN kind; DROP TABLE jobs; " +
        "ALTER TABLE runs RENAME COLUMN baseline TO trivial_mse; PRAGMA user_version = 4",
    );
    db.close();
    const store = openStore(workspace);
    assert.deepEqual(queue(store, config), ["image-0013"]);
    assert.equal(queueSweep(store), "sweep-0002");
    assert.deepEqual(store.evaluations.list("image-0003").map(({ step }) => step), [9]);
    store.close();
  }));

Deno.test("processes that queue runs at once give each an id and a folder of its own", () =>
  withStore(async (store) => {
    queue(store, config, config);
    deleteRows(store, "image-0001");
    const program = `
      import ${JSON.stringify(import.meta.resolve("../../experiments/registry/modalities.ts"))};
      import { openStore } from ${
      JSON.stringify(import.meta.resolve("../../experiments/store/store.ts"))
    };
      const store = openStore(${JSON.stringify(store.workspace)});
      const config = ${JSON.stringify(config)};
      for (let i = 0; i < 10; i++) {
        const { ids, sweepId } = store.runs.insert({
          configs: [config, config], codeVersion: "t", label: null, sweep: {},
        });
        console.log(ids.join(" "), sweepId);
      }`;
    const outputs = await Promise.all(Array.from({ length: 3 }, () => run(program)));
    const ids = outputs.flatMap((output) => output.trim().split(/\s+/));
    assert.equal(ids.length, 90);
    assert.equal(new Set(ids).size, 90);
    assert.equal([...Deno.readDirSync(join(store.workspace, "runs"))].length, 62);
  }));

/** Runs a module in a process of its own; returns what it prints. */
async function run(source: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", "deno.json", source],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
