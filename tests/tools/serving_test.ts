import assert from "node:assert/strict";
import { UserError } from "../../engine/host/mod.ts";
import { lazily, unavailable } from "../../tools/serving.ts";

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

Deno.test("unavailable() answers with what can be mended, and throws the rest", async () => {
  const response = unavailable(new UserError("Fetch it first"));
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Fetch it first\n");
  assert.throws(() => unavailable(new TypeError("a bug")), /a bug/);
});
