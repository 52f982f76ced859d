import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLab } from "../../experiments/mod.ts";
import { openJournal } from "../../journal/mod.ts";
import { createMcpServer } from "../../tools/server.ts";
import { journalText } from "../../tools/journal.ts";
import { finishedRun, shortConfig, withStore } from "../experiments/workspace.ts";
import { endedSweep } from "../journal/runs.ts";

const OURS = fileURLToPath(new URL("../../journal/entries", import.meta.url));

/** What is answered to a request to read a journal with the entries of this repository, and a sweep. */
function withJournal(
  work: (
    read: (request?: Partial<Parameters<typeof journalText>[2]>) => string,
    folder: string,
  ) => void,
): Promise<void> {
  return withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace });
    try {
      const journal = await openJournal(lab);
      Deno.mkdirSync(journal.directory, { recursive: true });
      for (const { name } of Deno.readDirSync(OURS)) {
        Deno.copyFileSync(join(OURS, name), join(journal.directory, name));
      }
      endedSweep(store, "cosine", [0.1, 0.11, 0.12]);
      finishedRun(store, shortConfig({ schedule: "linear" }), 0.2);
      work((request = {}) => {
        const { summary, body, next } = journalText(lab, journal, { offset: 0, ...request });
        return [summary, ...body, ...next].join("\n");
      }, journal.directory);
    } finally {
      lab.close();
    }
  });
}

/** The names, sizes and times of a folder's files. */
function state(folder: string): string {
  return [...Deno.readDirSync(folder)].map(({ name }) => {
    const { size, mtime } = Deno.statSync(join(folder, name));
    return `${name} ${size} ${mtime?.getTime()}`;
  }).sort().join("\n");
}

Deno.test("read-journal: the digest says what was found, failed and is undecided, and what was tried", () =>
  withJournal((read) => {
    const digest = read();
    for (
      const line of [
        /^The journal has 14 entries: found 1, suggested by one run 8, failed 1, undecided 4\.$/m,
        /^Found:\n- 0013-\S+ \(2026-11-26\), supported: The curve over block sizes in 5,000 steps/m,
        /^Failed:\n- 0001-cosine-against-linear-at-a-short-training \(2026-11-24\), refuted: /m,
        /^- 2 more: read-journal \{"verdict": "suggestive"\}$/m,
        /^Tried in 4 image runs of 2 configurations .*: schedule cosine \(3\), linear \(1\)\.$/m,
        /^Never varied: .*target v.*weight_decay 0/m,
      ]
    ) assert.match(digest, line);
    assert.ok(digest.length < 8000, `${digest.length} characters`);
  }));

Deno.test("read-journal counts a file that cannot be read, and proposes to read another one", () =>
  withJournal((read, folder) => {
    Deno.writeTextFileSync(join(folder, "9999-damaged.md"), "---\ntitle: x");
    const digest = read({});
    assert.match(digest, /^The journal has 15 entries: .*, undecided 4, unreadable 1\.$/m);
    assert.match(digest, /^9999-damaged cannot be read: /m);
    assert.match(digest, /read-journal \{"id": "00\d\d-.*"\} for one whole/);
  }));

Deno.test("read-journal: words find entries, and show where they stand", () =>
  withJournal((read) => {
    const found = read({ text: "cosine habit pictures drawn" });
    assert.match(found, /^One entry of the journal\.$/m);
    assert.match(
      found,
      /^- 0001-.*"Next: look at .* pictures drawn with the same seed\." #schedule$/m,
    );
    assert.match(read({ text: "zebra" }), /^No entry of the journal matches\.$/m);
    assert.match(read({ verdict: "suggestive", offset: 6 }), /^- 0005-/m);
  }));

Deno.test("read-journal: one entry whole, and what the store says of it now", () =>
  withJournal((read) => {
    const text = read({ id: "1" });
    assert.match(
      text,
      /^0001-\S+: refuted\. .* Judged by the runs as they are now: evidence gone\. An earlier/,
    );
    assert.match(text, /^## Reproduce$/m);
  }));

Deno.test("read-journal writes nothing", () =>
  withJournal((read, folder) => {
    const before = [state(folder), state(join(folder, ".."))];
    for (const request of [{}, { text: "muon" }, { id: "3" }]) read(request);
    assert.deepEqual([state(folder), state(join(folder, ".."))], before);
  }));

Deno.test("reading an empty workspace's journal makes no folder", () =>
  withStore(async ({ workspace }) => {
    const lab = openLab({ workspace });
    const journal = await openJournal(lab);
    assert.equal(typeof createMcpServer(lab), "function");
    const { summary } = journalText(lab, journal, { offset: 0 });
    assert.equal(summary, "The journal is empty.");
    assert.deepEqual(
      [...Deno.readDirSync(workspace)].filter(({ name }) => /journal/.test(name)),
      [],
    );
    lab.close();
  }));
