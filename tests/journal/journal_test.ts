import assert from "node:assert/strict";
import { join } from "node:path";
import { type Lab, openLab } from "../../experiments/mod.ts";
import { type Criterion, type Journal, openJournal } from "../../journal/mod.ts";
import { stopTraining, withWorkspace } from "../experiments/workspace.ts";

/** A laboratory with one cancelled run, image-0001. */
function withJournal(use: (journal: Journal, lab: Lab) => Promise<void>): Promise<void> {
  return withWorkspace(async (workspace) => {
    const lab = openLab({ workspace });
    try {
      await lab.train({ preset: "mnist-tiny", overrides: { dataset: "made-up-digits" } });
      await stopTraining(workspace);
      await use(await openJournal(lab), lab);
    } finally {
      lab.close();
    }
  });
}

const CRITERION: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  threshold: 0.1,
};

Deno.test("update() adds to an entry and keeps hypothesis and criterion as first written", () =>
  withJournal((journal) => {
    const written = journal.write({
      title: "A threshold",
      hypothesis: "Below 0.1",
      criterion: CRITERION,
      tags: ["first"],
    });
    assert.equal(written.verdict, "pending");
    const updated = journal.update("1", {
      runs: ["image"],
      tags: ["second", "first"],
      observations: "It was stopped",
    });
    assert.equal(updated.id, written.id);
    assert.equal(updated.date, written.date);
    assert.equal(updated.hypothesis, "Below 0.1");
    assert.deepEqual(updated.criterion, CRITERION);
    assert.deepEqual(updated.runs, ["image-0001"], "a beginning of an id is written out");
    assert.deepEqual(updated.tags, ["first", "second"]);
    assert.match(updated.body, /\| image-0001 \| 0 \| stopped \|/);
    const again = journal.update(written.id, { observations: "Twice" });
    assert.deepEqual(again.observations.map(({ text }) => text), ["It was stopped", "Twice"]);
    assert.deepEqual(again.runs, ["image-0001"]);
    return Promise.resolve();
  }));

Deno.test("listEntries() gives the newest first and names what is wrong with a file", () =>
  withJournal(async (journal) => {
    assert.deepEqual(journal.listEntries(), []);
    journal.write({ title: "One", hypothesis: "h" });
    journal.write({ title: "Two", hypothesis: "h" });
    await Deno.writeTextFile(join(journal.directory, "0003-edited.md"), "---\nnothing\n---\n");
    const entries = journal.listEntries();
    assert.deepEqual(entries.map((entry) => entry.id), ["0003-edited", "0002-two", "0001-one"]);
    assert.match(
      entries[0]!.problem ?? "",
      /front matter of the journal entry 0003-edited is wrong/,
    );
    assert.equal(entries[1]!.problem, null);
    assert.throws(() => journal.readEntry("3"), { name: "UserError" });
    assert.equal(journal.readEntry("2").title, "Two");
  }));

Deno.test("readEntry() still reads an entry whose run the store has lost", () =>
  withJournal(async (journal) => {
    const { id } = journal.write({ title: "One", hypothesis: "h", runs: ["latest"] });
    const path = join(journal.directory, `${id}.md`);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replaceAll("image-0001", "image-0777"));
    const { body, runs } = journal.update(id, {});
    assert.deepEqual(runs, ["image-0777"]);
    assert.match(body, /Not in the store: image-0777\./);
  }));

Deno.test("write() refuses what cannot be decided or does not exist", () =>
  withJournal((journal) => {
    const write = (others: Parameters<Journal["write"]>[0] | object) => () =>
      journal.write({ title: "T", hypothesis: "h", ...others });
    const cases: [object, RegExp][] = [
      [{ runs: ["image-9999"] }, /image-9999/],
      [{ criterion: { ...CRITERION, threshold: undefined } }, /either against .* or threshold/],
      [{ criterion: { ...CRITERION, against: {} } }, /and not both/],
      [
        { criterion: { ...CRITERION, group: { parameters: { scedule: 1 } } } },
        /did you mean schedule\?/,
      ],
      [
        {
          criterion: {
            metric: "validation_loss",
            group: { parameters: { schedule: "cosine" } },
            relation: "below",
            against: { parameters: { schedule: "linear" } },
          },
        },
        /validation_loss, which does not mean the same under another schedule: use denoising_mse/,
      ],
      [{ title: "x".repeat(121) }, /^title cannot be written/],
      [{ observations: "\u0007" }, /^observations/],
    ];
    for (const [others, message] of cases) {
      assert.throws(
        write(others),
        (error: Error) => error.name === "UserError" && message.test(error.message),
      );
    }
    assert.deepEqual(journal.listEntries(), [], "nothing was written");
    return Promise.resolve();
  }));
