import assert from "node:assert/strict";
import { counted, duration, listed } from "../../../engine/host/mod.ts";

Deno.test("duration() speaks of seconds, minutes, hours and days, as much as anyone wants to know", () => {
  const cases: [number, string][] = [
    [0, "0 sec"],
    [0.42, "0.4 sec"],
    [4, "4 sec"],
    [9.96, "10 sec"],
    [89, "89 sec"],
    [90, "2 min"],
    [130, "2 min"],
    [5000, "83 min"],
    [9000, "2 hr, 30 min"],
    [7200, "2 hr"],
    [100_000, "27 hr, 47 min"],
    [187_200, "2 days, 4 hr"],
    [-1, "unknown"],
    [Infinity, "unknown"],
    [NaN, "unknown"],
  ];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
});

Deno.test("listed() joins words as in a sentence and counts those beyond the limit", () => {
  assert.equal(listed([]), "");
  assert.equal(listed(["a"]), "a");
  assert.equal(listed(["a", "b", "c"]), "a, b and c");
  assert.equal(listed(["a", "b", "c", "d"], 2), "a, b and 2 more");
});

Deno.test("counted() writes one as a word", () => {
  assert.equal(counted(1, "entry", "entries"), "one entry");
  assert.equal(counted(0, "entry", "entries"), "0 entries");
  assert.equal(counted(2, "run"), "2 runs");
});
