import assert from "node:assert/strict";
import { curveTable } from "../../tools/curve_table.ts";
import { shortened } from "../../tools/text.ts";
import { tablesIn } from "./markdown.ts";

Deno.test("shortened() never cuts a character in two and keeps within its limit", () => {
  const texts = ["a" + "😀".repeat(60), "❤️👩‍👩‍👧‍👦é".repeat(20), "x".repeat(200)];
  for (const text of texts) {
    for (let limit = 4; limit < text.length; limit++) {
      const short = shortened(text, limit);
      assert.ok(short.length <= limit && short.isWellFormed(), `${limit}: ${short}`);
      assert.ok(short.endsWith("..."));
      assert.ok(text.startsWith(short.slice(0, -3)));
    }
    assert.equal(shortened(text, text.length), text);
  }
  assert.equal(shortened("ab❤️cde", 6), "ab...", "a heart and its variation selector are one");
  assert.equal(shortened("abcdef", 4, "!"), "abc!");
});

const points = (count: number, every: number) =>
  Array.from({ length: count }, (_, i) => ({ step: (i + 1) * every, value: i }));

Deno.test("curveTable() shows at most so many rows, in which curves of other intervals meet", () => {
  const [table] = tablesIn(curveTable([
    { title: "loss", points: points(300, 5) },
    { title: "error", points: points(15, 100) },
  ], 12));
  assert.equal(table!.rows.length, 12);
  assert.deepEqual(table!.rows.at(0), { step: "100", loss: "19", error: "0" });
  assert.deepEqual(table!.rows.at(-1), { step: "1500", loss: "299", error: "14" });
  assert.ok(table!.rows.every((row) => row.error !== "-"));
});

Deno.test("curveTable() gives a curve with few points its place among the others", () => {
  const [table] = tablesIn(curveTable([
    { title: "loss", points: points(9, 5) },
    { title: "error", points: [{ step: 20, value: 0.5 }, { step: 47, value: 0.25 }] },
  ], 12));
  assert.deepEqual(table!.rows.map((row) => row.error).filter((cell) => cell !== "-"), [
    "0.5",
    "0.25",
  ]);
  assert.equal(table!.rows.at(-1)!.step, "47", "the newest value is never left out");
  assert.equal(curveTable([{ title: "loss", points: [] }], 12), "");
});
