import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openLab } from "../../experiments/mod.ts";
import { type Journal, openJournal } from "../../journal/mod.ts";
import { createEntryFile } from "../../journal/files.ts";
import { withLock } from "../../journal/lock.ts";
import { withWorkspace } from "../experiments/workspace.ts";

/** A journal with one entry, and a way to start programs that write to it. */
function withEntry(
  work: (context: {
    journal: Journal;
    id: string;
    workspace: string;
    start(body: string): Deno.ChildProcess;
  }) => Promise<void>,
): Promise<void> {
  return withWorkspace(async (workspace) => {
    const lab = openLab({ workspace });
    try {
      const journal = await openJournal(lab);
      const { id } = journal.write({ title: "Shared", hypothesis: "h" });
      const start = (body: string) => startProgram(workspace, id, body);
      await work({ journal, id, workspace, start });
    } finally {
      lab.close();
    }
  });
}

/** Runs `body` in a process of its own, as a server would use the journal. */
function startProgram(workspace: string, id: string, body: string): Deno.ChildProcess {
  const module = (path: string) => JSON.stringify(import.meta.resolve(path));
  const source = `
    import { openLab } from ${module("../../experiments/mod.ts")};
    import { openJournal } from ${module("../../journal/mod.ts")};
    import { withLock } from ${module("../../journal/lock.ts")};
    const journal = await openJournal(openLab({ workspace: ${JSON.stringify(workspace)} }));
    const id = ${JSON.stringify(id)};
    ${body}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--config", "deno.json", source],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** The first line that a program prints. */
async function firstLine(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return value.trim();
}

Deno.test("what several servers add to one entry at once is all kept", () =>
  withEntry(async ({ journal, id, start }) => {
    const writers = ["a", "b", "c"].map((name) =>
      start(`
        for (let i = 0; i < 20; i++) {
          journal.update(id, { observations: "number " + i + " of ${name}." });
        }
        journal.update(id, { tags: ["by-${name}"] });`).output()
    );
    const results = await Promise.all(writers);
    assert.ok(results.every(({ success }) => success));
    const { observations, tags, body } = journal.readEntry(id);
    assert.equal(new Set(observations.map(({ text }) => text)).size, 60);
    assert.deepEqual(tags.toSorted(), ["by-a", "by-b", "by-c"]);
    assert.equal(new Set(body.match(/number \d+ of [abc]/g)).size, 60);
    for (const name of ["a", "b", "c"]) {
      const own = observations.filter(({ text }) => text.endsWith(`${name}.`));
      assert.deepEqual(own.map(({ text }) => text), own.map((_, i) => `number ${i} of ${name}.`));
    }
  }));

Deno.test("a server that is killed while it writes leaves a whole entry and no lock", () =>
  withEntry(async ({ journal, id, start }) => {
    for (const wait of [0, 3, 11, 24, 40]) {
      const before = journal.readEntry(id).observations.length;
      const writer = start(`
        console.log("writing");
        for (let i = 0; ; i++) {
          const { observations } = journal.update(id, { observations: "again" });
          if (observations.length >= 90) break;
        }`);
      await firstLine(writer);
      await setTimeout(wait);
      writer.kill("SIGKILL");
      await writer.status;
      const began = performance.now();
      const { observations } = journal.update(id, { observations: "after the kill" });
      assert.ok(performance.now() - began < 5000, "the dead one's lock is gone at once");
      assert.ok(observations.length > before);
    }
    const { observations } = journal.readEntry(id);
    assert.equal(observations.filter(({ text }) => text === "after the kill").length, 5);
    const names = [...Deno.readDirSync(journal.directory)].map(({ name }) => name);
    assert.deepEqual(names, [`${id}.md`], "no temporary file stays");
  }));

Deno.test("a server that hangs while it writes is named, and others give up in time", () =>
  withEntry(async ({ journal, start }) => {
    const holder = start(`withLock(journal.directory, () => {
      console.log("holding");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    });`);
    await firstLine(holder);
    assert.throws(() => withLock(journal.directory, () => {}, 50), {
      name: "UserError",
      message: new RegExp(`process ${holder.pid} holds .*journal\\.lock for more than 0.05 s`),
    });
    holder.kill("SIGKILL");
    await holder.status;
    assert.equal(withLock(journal.directory, () => "free", 50), "free");
  }));

Deno.test("an entry is written on a file system without hard links", () =>
  withWorkspace((workspace) => {
    const { linkSync } = Deno;
    Deno.linkSync = () => {
      throw new Deno.errors.PermissionDenied("Operation not permitted (os error 1)");
    };
    try {
      assert.equal(createEntryFile(join(workspace, "journal"), "First", "text"), "0001-first");
    } finally {
      Deno.linkSync = linkSync;
    }
  }));
