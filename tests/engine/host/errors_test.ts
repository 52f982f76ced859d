import assert from "node:assert/strict";
import { explained, UserError } from "../../../engine/host/mod.ts";

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

Deno.test("explained() leaves everything else alone", () => {
  for (const thrown of [new UserError("no"), new TypeError("x is not a function"), "text", null]) {
    assert.equal(explained(thrown), thrown);
  }
});
