import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLab } from "../../experiments/mod.ts";
import {
  digestOf,
  excerpt,
  type Journal,
  matchingEntries,
  openJournal,
} from "../../journal/mod.ts";
import { variationsOf } from "../../experiments/report/variations.ts";
import { shortConfig, withStore } from "../experiments/workspace.ts";
import { endedSweep } from "./runs.ts";

const OURS = fileURLToPath(new URL("../../journal/entries", import.meta.url));

/** A journal with the entries of this repository. */
function withOurs(work: (journal: Journal) => void): Promise<void> {
  return withStore(async ({ workspace }) => {
    const lab = openLab({ workspace });
    try {
      const journal = await openJournal(lab);
      Deno.mkdirSync(journal.directory, { recursive: true });
      for (const { name } of Deno.readDirSync(OURS)) {
        Deno.copyFileSync(join(OURS, name), join(journal.directory, name));
      }
      work(journal);
    } finally {
      lab.close();
    }
  });
}

Deno.test("matchingEntries() finds what has all words, in any text, a tag and a verdict", () =>
  withOurs((journal) => {
    const entries = journal.listEntries();
    const found = (asked: Parameters<typeof matchingEntries>[1]) =>
      matchingEntries(entries, asked).map(({ id }) => id.slice(0, 4));
    assert.equal(found({}).length, entries.length);
    assert.deepEqual(found({ text: "COSINE habit" }), ["0001"], "of an observation");
    assert.deepEqual(found({ text: "muon kernels" }), ["0006"]);
    assert.deepEqual(found({ text: "cosine nowhere-to-be-found" }), []);
    assert.deepEqual(found({ tag: "schedule", verdict: "refuted" }), ["0001"]);
    assert.deepEqual(found({ tag: "#schedule" }), found({ text: "#schedule" }));
    assert.deepEqual(found({ verdict: "supported" }), ["0013"]);
  }));

Deno.test("excerpt() shows where the words were found", () =>
  withOurs((journal) => {
    const entry = journal.listEntries().find(({ id }) => id.startsWith("0001"))!;
    assert.match(excerpt(entry, "pictures drawn"), /^Next: look at .* pictures drawn/);
    assert.equal(excerpt(entry, "Cosine against"), "", "the title says it");
  }));

Deno.test("digestOf() puts every entry where its verdict belongs", () =>
  withOurs((journal) => {
    const entries = journal.listEntries();
    const parts = digestOf(entries);
    assert.equal(parts.flatMap((part) => part.entries).length, entries.length);
    assert.deepEqual(parts.map(({ title }) => title), [
      "Found",
      "Suggested by one run",
      "Failed",
      "Undecided",
    ]);
    assert.deepEqual(parts[2]!.entries.map(({ id }) => id.slice(0, 4)), ["0001"]);
  }));

Deno.test("judgeNow() says what the store gives an entry by now, and writes nothing", () =>
  withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace });
    try {
      const journal = await openJournal(lab);
      const runs = endedSweep(store, "cosine", [0.1, 0.11, null]);
      store.runs.requeue(runs[2]!);
      const { id, path, verdict } = journal.write({
        title: "T",
        hypothesis: "h",
        criterion: {
          metric: "denoising_mse",
          group: { parameters: { schedule: "cosine" } },
          relation: "below",
          threshold: 0.3,
        },
        runs,
      });
      assert.equal(verdict, "pending");
      const before = Deno.readTextFileSync(path);
      const workerId = store.workers.insert();
      store.runs.claim(workerId, "test");
      store.metrics.insert(runs[2]!, [{ name: "denoising_mse", step: 12, value: 0.12 }]);
      store.runs.end(runs[2]!, workerId, "finished", null);
      assert.equal(journal.judgeNow(journal.readEntry(id)).verdict, "supported");
      assert.equal(Deno.readTextFileSync(path), before);
    } finally {
      lab.close();
    }
  }));

Deno.test("a list notices entries that another process has changed", () =>
  withOurs((journal) => {
    const { id, path } = journal.listEntries()[0]!;
    const text = Deno.readTextFileSync(path).replace(/^tags:/m, "tags:\n  - seen-again");
    Deno.writeTextFileSync(path, text);
    assert.deepEqual(
      matchingEntries(journal.listEntries(), { tag: "seen-again" }).map((entry) => entry.id),
      [id],
    );
  }));

Deno.test("variationsOf() says which settings were varied and which never", () => {
  const schedules = ["linear", "cosine"] as const;
  const [images] = variationsOf([
    ...schedules.map((schedule) => ({ config: shortConfig({ schedule }), runs: 3 })),
    { config: shortConfig({ schedule: "cosine", target: "x0", log_every: 1 }), runs: 1 },
  ]);
  assert.deepEqual([images!.modality, images!.runs, images!.configurations], ["image", 7, 3]);
  assert.deepEqual(images!.varied, [
    { field: "schedule", values: [{ value: "cosine", runs: 4 }, { value: "linear", runs: 3 }] },
    { field: "target", values: [{ value: "v", runs: 6 }, { value: "x0", runs: 1 }] },
  ]);
  const { weight_decay, snr_limit, schedule, seed } = images!.neverVaried;
  assert.deepEqual([weight_decay, schedule, seed], [
    shortConfig().weight_decay,
    undefined,
    undefined,
  ]);
  assert.equal(snr_limit, 5);
});
