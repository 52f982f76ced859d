import assert from "node:assert/strict";
import { UserError } from "../../engine/host/mod.ts";
import { unavailable } from "../../tools/serving.ts";

Deno.test("unavailable() answers with what can be mended, and throws the rest", async () => {
  const response = unavailable(new UserError("Fetch it first"));
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Fetch it first\n");
  assert.throws(() => unavailable(new TypeError("a bug")), /a bug/);
});
