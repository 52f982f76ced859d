import assert from "node:assert/strict";
import { join } from "node:path";
import {
  deleteUnwanted,
  isTemporary,
  writeFileAtomically,
} from "../../experiments/common/system.ts";
import { withWorkspace } from "./workspace.ts";

Deno.test("an atomic write leaves the file and nothing else, in folders that it makes", () =>
  withWorkspace((folder) => {
    const path = join(folder, "a", "b", "file");
    writeFileAtomically(path, new Uint8Array([1, 2]));
    writeFileAtomically(path, new Uint8Array([3]));
    assert.deepEqual(Deno.readFileSync(path), new Uint8Array([3]));
    assert.deepEqual([...Deno.readDirSync(join(folder, "a", "b"))].map(({ name }) => name), [
      "file",
    ]);
  }));

Deno.test("an atomic write that fails leaves no temporary file", () =>
  withWorkspace((folder) => {
    Deno.mkdirSync(join(folder, "taken", "full"), { recursive: true });
    assert.throws(() => writeFileAtomically(join(folder, "taken"), new Uint8Array([1])));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["taken"]);
  }));

Deno.test("what a killed process left behind is recognised and deleted, the rest is kept", () =>
  withWorkspace((folder) => {
    for (const name of ["kept", ".kept.1234.tmp"]) Deno.writeTextFileSync(join(folder, name), "");
    deleteUnwanted(folder, (name) => !isTemporary(name));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["kept"]);
    deleteUnwanted(join(folder, "missing"), () => false);
  }));
