/** Evidence is bound to its runs; entries of older versions are read, listed and judged anew. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { openLab } from "../../experiments/mod.ts";
import { type Criterion, type Journal, openJournal, VERDICTS } from "../../journal/mod.ts";
import type { Store } from "../../experiments/store/store.ts";
import { withStore } from "../experiments/workspace.ts";
import { endedSweep } from "./runs.ts";

const BELOW: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  threshold: 0.3,
};
const OURS = fileURLToPath(new URL("../../journal/entries", import.meta.url));

/** A journal over a store that is filled first, with what was written into it. */
function withJournal<Made>(
  fill: (store: Store) => Made,
  work: (context: { journal: Journal; store: Store; made: Made }) => void,
): Promise<void> {
  return withStore(async (store) => {
    const made = fill(store);
    const lab = openLab({ workspace: store.workspace });
    try {
      work({ journal: await openJournal(lab), store, made });
    } finally {
      lab.close();
    }
  });
}

const three = (store: Store) => endedSweep(store, "cosine", [0.1, 0.11, 0.12]);

/** Changes the store behind the program's back. */
function byHand(store: Store, sql: string) {
  const db = new DatabaseSync(join(store.workspace, "lab.sqlite"), {
    enableForeignKeyConstraints: false,
  });
  db.exec(sql);
  db.close();
}

Deno.test("deleting the run that spoils a verdict makes its evidence gone", () =>
  withJournal(three, ({ journal, store, made: runs }) => {
    const { id, evidence } = journal.write({ title: "T", hypothesis: "h", criterion: BELOW, runs });
    assert.deepEqual(evidence!.map(({ run, value }) => [run, value]), [
      ["image-0001", 0.1],
      ["image-0002", 0.11],
      ["image-0003", 0.12],
    ]);
    assert.match(
      Deno.readTextFileSync(journal.readEntry(id).path),
      /^ {2}- \{ run: image-0001, configuration: [0-9a-f]{12}, created: .*, value: 0.1 \}$/m,
    );
    byHand(
      store,
      "DELETE FROM metrics WHERE run_id = 'image-0003'; DELETE FROM runs WHERE number = 3",
    );
    for (let time = 0; time < 2; time++) {
      const { verdict, verdict_reason, body, earlier_verdicts } = journal.update(id, {});
      assert.equal(verdict, "evidence gone");
      assert.match(verdict_reason, /rested on image-0003 \(not in the store any more\)$/);
      assert.deepEqual(earlier_verdicts!.map((one) => one.verdict), ["supported"]);
      assert.match(body, /\*\*evidence gone\*\*[\s\S]*\*\*supported\*\*: denoising/);
    }
  }));

Deno.test("another run under the id of one that is gone does not take its place", () =>
  withJournal(three, ({ journal, store, made: runs }) => {
    const { id } = journal.write({ title: "T", hypothesis: "h", criterion: BELOW, runs });
    byHand(store, "UPDATE runs SET config_hash = '000000000000' WHERE id = 'image-0002'");
    const other = journal.update(id, { runs: ["image-0002"] });
    assert.equal(other.verdict, "evidence gone");
    assert.match(
      other.verdict_reason,
      /rested on image-0002 \(now the id of another run\)$/,
    );
    assert.match(other.body, /Not in the store: image-0002\./);
    byHand(
      store,
      "UPDATE runs SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = 'image-0001'",
    );
    assert.match(
      journal.update(id, {}).verdict_reason,
      /rested on image-0001 and image-0002 \(now the id/,
    );
  }));

Deno.test("a value that changed behind a verdict is named", () =>
  withJournal(three, ({ journal, store, made: runs }) => {
    const { id } = journal.write({ title: "T", hypothesis: "h", criterion: BELOW, runs });
    byHand(store, "UPDATE metrics SET value = 0.01 WHERE run_id = 'image-0002'");
    const { verdict, verdict_reason } = journal.update(id, {});
    assert.equal(verdict, "evidence gone");
    assert.match(verdict_reason, /image-0002 \(with 0.01 as its denoising_mse, which was 0.11\)$/);
  }));

Deno.test("the beginning of another run's id does not stand for a run that is gone", () =>
  withJournal(three, ({ journal, store }) => {
    const { id } = journal.write({ title: "T", hypothesis: "h", runs: ["image-0001"] });
    byHand(
      store,
      "UPDATE metrics SET run_id = 'image-00010' WHERE run_id = 'image-0001';" +
        "UPDATE runs SET id = 'image-00010' WHERE id = 'image-0001'",
    );
    assert.match(journal.update(id, {}).body, /Not in the store: image-0001\./);
  }));

Deno.test("an entry says in its front matter whether it was written before its runs", () =>
  withJournal((store) => ({ store }), ({ journal, store }) => {
    const entry = { hypothesis: "h", criterion: BELOW };
    const early = journal.write({ ...entry, title: "Early" });
    assert.equal(early.registered, "none");
    const runs = three(store);
    const predicted = journal.update(early.id, { runs });
    assert.equal(predicted.registered, "before");
    assert.equal(predicted.verdict, "supported");
    assert.doesNotMatch(predicted.verdict_reason, /not a prediction/);
    const late = journal.write({ ...entry, title: "Late", runs });
    assert.equal(late.registered, "after");
    assert.match(late.verdict_reason, /after 3 of 3 runs had finished: not a prediction$/);
    assert.match(late.body, /\*\*supported\*\*: .*not a prediction/);
  }));

Deno.test("the entries of this repository are read and listed with today's verdicts", () =>
  withJournal(() => null, ({ journal }) => {
    Deno.mkdirSync(journal.directory, { recursive: true });
    const files = [...Deno.readDirSync(OURS)].map(({ name }) => name);
    for (const name of files) Deno.copyFileSync(join(OURS, name), join(journal.directory, name));
    const entries = journal.listEntries();
    assert.equal(entries.length, files.length);
    for (const { id, problem, verdict, runs, evidence } of entries) {
      assert.equal(problem, null, id);
      assert.ok(VERDICTS.includes(verdict), id);
      assert.deepEqual(evidence!.map(({ run }) => run), runs, `${id} is bound to its runs`);
    }
    const verdicts = entries.map(({ id, verdict }) => [basename(id).slice(0, 4), verdict])
      .toReversed();
    assert.deepEqual(verdicts.slice(0, 3), [
      ["0001", "refuted"],
      ["0002", "inconclusive"],
      ["0003", "suggestive"],
    ]);
    assert.equal(journal.readEntry("6").verdict, "inconclusive", "one run refutes nothing either");
    assert.equal(journal.readEntry("13").verdict, "supported");
  }));

Deno.test("an entry of an older version is judged anew, or its evidence is gone", () =>
  withJournal(three, ({ journal, made: runs }) => {
    const { id, path } = journal.write({ title: "T", hypothesis: "h", criterion: BELOW, runs });
    const old = Deno.readTextFileSync(path)
      .replace("verdict: supported", "verdict: confirmed")
      .replace(/^registered: .*\n/m, "").replace(/^interval:\n(?: {2}- .*\n)*/m, "")
      .replace(/^evidence:\n(?: {2}- .*\n)*/m, "");
    assert.doesNotMatch(old, /^(registered|interval|evidence):/m);
    Deno.writeTextFileSync(path, old);
    const read = journal.readEntry(id);
    assert.deepEqual([read.verdict, read.evidence!.length], ["supported", 3]);
    const again = journal.update(id, {});
    assert.equal(again.verdict, "supported");
    assert.equal(again.earlier_verdicts, undefined);
    assert.equal(again.evidence![0]!.value, 0.1);
    Deno.writeTextFileSync(path, old.replaceAll("image-0002", "image-0777"));
    assert.match(journal.update(id, {}).verdict_reason, /rested on image-0777 \(not in/);
  }));
