import assert from "node:assert/strict";
import { integers } from "../../engine/host/mod.ts";
import { bounded, bytesOf } from "../../tools/answer.ts";

const total = (parts: readonly string[]) => parts.reduce((sum, part) => sum + bytesOf(part), 0);

Deno.test("bounded() leaves alone what fits, and cuts only the longest parts", () => {
  assert.deepEqual(bounded(["a", "b"], 2), ["a", "b"]);
  const rows = Array.from({ length: 100 }, (_, i) => `| row ${i} |`).join("\n");
  const [summary, table, end] = bounded(["Summary.", rows, "Next: look"], 400, "the file");
  assert.equal(summary, "Summary.");
  assert.equal(end, "Next: look");
  assert.match(
    table!,
    /\| row \d+ \|\n\.\.\. \(cut here: \d+ of 1089 bytes; all of it: the file\)$/,
  );
  assert.ok(total([summary!, table!, end!]) <= 400);
});

Deno.test("bounded() keeps to its limit and to whole characters, whatever the parts", () => {
  const alphabet = ["a", "é", "字", "😀", "👩‍👩‍👧", "e\u0301", "\n", "| 1.5 | 2.5 |\n"];
  for (let seed = 0; seed < 200; seed++) {
    const numbers = integers({ seed, stream: "parts", step: 0 }, 600, 1 << 20);
    let at = 0;
    const next = (below: number) => numbers[at++ % numbers.length]! % below;
    const parts = Array.from(
      { length: 1 + next(5) },
      () => Array.from({ length: next(300) }, () => alphabet[next(alphabet.length)]).join(""),
    );
    const limit = 500 + next(2000);
    const kept = bounded(parts, limit, "elsewhere");
    assert.equal(kept.length, parts.length);
    assert.ok(total(kept) <= limit, `${total(kept)} bytes, but ${limit} are allowed`);
    for (const [i, part] of kept.entries()) {
      assert.ok(part.isWellFormed());
      const whole = part.replace(/\n\.\.\. \(cut here: .*\)$/, "");
      assert.ok(parts[i]!.startsWith(whole), "what is kept is the beginning");
      const rest = parts[i]!.slice(whole.length);
      assert.ok(!/^[\u200d\u0301]/.test(rest), "no character is cut in two");
    }
  }
});
