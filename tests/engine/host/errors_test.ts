import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { explained, lazily, orUndefined, UserError } from "../../../engine/host/mod.ts";

Deno.test("explained() tells which package could not be fetched, why, and what to do", () => {
  const cause = new TypeError(
    "Failed caching npm package '@scope/name@1.2.3'\n" +
      "    0: error sending request for url (https://registry.npmjs.org/x.tgz): client error\n" +
      "    1: client error (Connect)",
  );
  const error = explained(cause);
  assert.ok(error instanceof UserError);
  assert.equal(error.cause, cause);
  assert.equal(
    error.message,
    "The npm package @scope/name 1.2.3 is needed here for the first time and cannot be fetched " +
      "(error sending request for url (https://registry.npmjs.org/x.tgz): client error): run " +
      "`deno task setup` once where the npm registry can be reached, then ask again",
  );
});

/** Returns what SQLite throws for a write after this pragma. */
function thrownAfter(pragma: string): unknown {
  using db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE t (x); PRAGMA ${pragma}`);
  try {
    db.prepare("INSERT INTO t VALUES (?)").run("x".repeat(100_000));
  } catch (error) {
    return error;
  }
}

Deno.test("explained() tells of a disk that is full or read-only, and what to do", () => {
  const full = [
    thrownAfter("max_page_count = 2"),
    new Error("ENOSPC: no space left on device, write"),
    new Error("No space left on device (os error 28): open '/w/viewer.json'"),
  ];
  const readOnly = [
    thrownAfter("query_only = 1"),
    new Error("Read-only file system (os error 30): open '/w/workers/servers.lock'"),
  ];
  const told: [unknown[], RegExp][] = [
    [full, /^There is no room left on the disk \(.+\): free some, then ask again/],
    [readOnly, /^Nothing can be written there \(.+\): make the folder writable, or start/],
  ];
  for (const [thrown, message] of told) {
    for (const cause of thrown) {
      const error = explained(cause);
      assert.ok(error instanceof UserError, String(cause));
      assert.match(error.message, message);
    }
  }
});

Deno.test("explained() leaves everything else alone", () => {
  for (const thrown of [new UserError("no"), new TypeError("x is not a function"), "text", null]) {
    assert.equal(explained(thrown), thrown);
  }
});

Deno.test("lazily() makes a thing once, at the first need", async () => {
  let made = 0;
  const get = lazily(() => Promise.resolve(++made));
  assert.equal(made, 0);
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1]);
  assert.equal(await get(), 1);
});

Deno.test("lazily() does not keep a failure", async () => {
  let attempts = 0;
  const get = lazily(() =>
    ++attempts === 1 ? Promise.reject(new Error("not now")) : Promise.resolve("here")
  );
  await assert.rejects(get(), /not now/);
  assert.equal(await get(), "here");
  assert.equal(await get(), "here");
  assert.equal(attempts, 2);
});

Deno.test("orUndefined() finds nothing where the caller is mistaken, and hides no mistake of ours", () => {
  assert.equal(orUndefined(() => "found"), "found");
  assert.equal(
    orUndefined(() => {
      throw new UserError("There is none");
    }),
    undefined,
  );
  assert.throws(() =>
    orUndefined(() => {
      throw new TypeError("a bug");
    }), /a bug/);
});
