import assert from "node:assert/strict";
import { join } from "node:path";
import { openLab } from "../../experiments/mod.ts";
import { openJournal } from "../../journal/mod.ts";
import { queue, shortConfig, withStore } from "../experiments/workspace.ts";

Deno.test("an entry that names a sweep holds the sweep's runs", () =>
  withStore(async (store) => {
    const { sweepId } = store.runs.insert({
      configs: [shortConfig(), shortConfig({ seed: 1 })],
      codeVersion: "test",
      label: null,
      sweep: {},
    });
    queue(store, shortConfig({ seed: 2 }));
    const lab = openLab({ workspace: store.workspace });
    try {
      const journal = await openJournal(lab);
      assert.equal(journal.directory, join(store.workspace, "journal"));
      const entry = journal.write({ title: "A sweep", hypothesis: "It holds", runs: [sweepId!] });
      assert.deepEqual(entry.runs, ["image-0001", "image-0002"]);
    } finally {
      lab.close();
    }
  }));
