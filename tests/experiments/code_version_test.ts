import assert from "node:assert/strict";
import { codeVersion } from "../../experiments/common/system.ts";

Deno.test("the code version is a commit, or the package's version outside of a checkout", () => {
  assert.match(codeVersion(), /^([0-9a-f]{12}(-dirty)?|\d+\.\d+\.\d+)$/);
});
