import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Lab, openLab } from "../../experiments/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { type Criterion, type Journal, openJournal } from "../../journal/mod.ts";
import { finishedRun, shortConfig, withStore } from "../experiments/workspace.ts";
import { endedSweep } from "./runs.ts";

const SIGMOID: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "sigmoid" } },
  relation: "above",
  threshold: 0.299,
};

const sweep = (store: Store, errors: readonly (number | null)[]) =>
  endedSweep(store, "sigmoid", errors);

function withJournal(
  work: (journal: Journal, store: Store, lab: Lab) => void,
): Promise<void> {
  return withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace });
    try {
      work(await openJournal(lab), store, lab);
    } finally {
      lab.close();
    }
  });
}

Deno.test("contradictory entries on one sweep cannot both be supported by naming the runs that suit", () =>
  withJournal((journal, store) => {
    const write = (title: string, criterion: Criterion) =>
      journal.write({ title, hypothesis: "h", criterion }).id;
    const above = write("Above", SIGMOID);
    const below = write("Below", { ...SIGMOID, relation: "below" });
    const [a, b, c, d] = sweep(store, [0.2954, 0.2961, 0.2958, 0.30108]) as [
      string,
      string,
      string,
      string,
    ];
    const high = journal.update(above, { runs: [d] });
    const low = journal.update(below, { runs: [a, b, c] });
    assert.deepEqual([high.verdict, low.verdict], ["inconclusive", "inconclusive"]);
    assert.match(
      high.verdict_reason,
      /\(n = 4\).*counted too, being of the same sweep: image-0001/,
    );
    assert.match(
      low.verdict_reason,
      /\(n = 4\).*counted too, being of the same sweep: image-0004$/,
    );
    assert.deepEqual(high.runs, [d], "what the author named stays what it was");
    for (const id of [a, b, c, d]) {
      assert.ok(high.body.includes(`| ${id} | 5`), `the results lack ${id}:\n${high.body}`);
    }
    const whole = journal.update(above, { runs: [a, b, c] });
    assert.equal(
      whole.verdict_reason.split(";")[0],
      high.verdict_reason.split(";")[0],
      "naming the others as well changes nothing",
    );
  }));

Deno.test("runs of a judged configuration outside of the sweep are named in the verdict", () =>
  withJournal((journal, store) => {
    const [first] = sweep(store, [0.31, 0.311, null]) as [string];
    const other = finishedRun(store, shortConfig({ schedule: "sigmoid", seed: 9 }), 0.2);
    const { verdict, verdict_reason } = journal.write({
      title: "Above",
      hypothesis: "h",
      criterion: SIGMOID,
      runs: [first],
    });
    assert.equal(verdict, "selected");
    assert.match(verdict_reason, /counted too, being of the same sweep: image-0002/);
    assert.match(verdict_reason, /left out: image-0003 \(stopped\)/);
    assert.match(
      verdict_reason,
      new RegExp(`left out, though of a configuration that was judged: ${other};`),
    );
  }));

Deno.test("a verdict that changes leaves the earlier one in the entry", () =>
  withJournal((journal, store) => {
    const one = finishedRun(store, shortConfig({ schedule: "sigmoid", seed: 1 }), 0.31);
    const { id } = journal.write({
      title: "Above",
      hypothesis: "h",
      criterion: SIGMOID,
      runs: [one],
    });
    const two = finishedRun(store, shortConfig({ schedule: "sigmoid", seed: 2 }), 0.25);
    const changed = journal.update(id, { runs: [two] });
    assert.equal(changed.verdict, "inconclusive");
    assert.deepEqual(changed.earlier_verdicts!.map(({ verdict }) => verdict), ["suggestive"]);
    assert.match(
      changed.body,
      /\*\*inconclusive\*\*[\s\S]*otherwise before:\n\n- on .* \*\*suggestive\*\*/,
    );
    assert.deepEqual(journal.update(id, {}).earlier_verdicts, changed.earlier_verdicts);
  }));

Deno.test("a sweep or a run whose rows were deleted by hand is named, and takes the verdict with it", () =>
  withJournal((journal, store) => {
    const ids = sweep(store, [0.31, 0.311, 0.312]);
    const { id } = journal.write({ title: "T", hypothesis: "h", criterion: SIGMOID, runs: ids });
    const db = new DatabaseSync(join(store.workspace, "lab.sqlite"), {
      enableForeignKeyConstraints: false,
    });
    db.exec(`DELETE FROM sweeps; DELETE FROM metrics WHERE run_id = 'image-0002';
      DELETE FROM runs WHERE id = 'image-0002'`);
    db.close();
    const gone = journal.update(id, { observations: "One is gone" });
    assert.equal(gone.verdict, "evidence gone");
    assert.match(gone.verdict_reason, /rested on image-0002 \(not in the store any more\)$/);
    assert.equal(gone.earlier_verdicts?.at(-1)?.verdict, "supported");
    assert.deepEqual(gone.runs, ids);
  }));
