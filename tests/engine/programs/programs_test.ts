/** A hundred random programs; `deno task test:programs` runs thousands. */
import assert from "node:assert/strict";
import { openEngine } from "../../../engine/mod.ts";
import { troubleWith } from "./check.ts";

const PROGRAMS = 100;

Deno.test("random programs and their gradients agree with TensorFlow.js's cpu backend", async () => {
  const engine = await openEngine({ device: "cpu" });
  for (let seed = 0; seed < PROGRAMS; seed++) {
    assert.equal(await troubleWith(engine, seed), undefined, `seed ${seed}`);
  }
  await engine.dispose();
});
