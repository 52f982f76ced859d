/** Every message gets an answer that says what is wrong with it. */
import assert from "node:assert/strict";
import { CheckedLines } from "../../tools/cli/stdio.ts";
import { malformed, type Refusal } from "../../tools/messages.ts";

const message = (over: Record<string, unknown>) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "ping",
  ...over,
});

Deno.test("a message that the SDK would drop is refused, with its id and the field", () => {
  const cases: [unknown, number, string | number | null, RegExp][] = [
    [5, -32600, null, /a message is an object, not a number/],
    [null, -32600, null, /not null/],
    [[], -32600, null, /the batch is empty/],
    [[message({}), 7], -32600, null, /not a number/],
    [message({ jsonrpc: "1.0" }), -32600, 1, /jsonrpc is "1\.0", but must be "2\.0"/],
    [message({ id: null }), -32600, null, /id is null, but must be a string or a whole number/],
    [message({ id: 1.5 }), -32600, null, /id is 1\.5/],
    [message({ id: {} }), -32600, null, /id is \{\}/],
    [message({ method: 7 }), -32600, 1, /method is 7, but must be a string/],
    [{ jsonrpc: "2.0", id: 4 }, -32600, 4, /method is missing/],
    [{ jsonrpc: "2.0", id: 4, result: 1 }, -32600, 4, /result is a number/],
    [{ jsonrpc: "2.0", id: 4, error: { code: "x" } }, -32600, 4, /error must be an object/],
    [message({ params: 5 }), -32602, 1, /params is a number, but must be an object/],
    [message({ params: [] }), -32602, 1, /params is a list/],
    [
      message({ params: { arguments: JSON.parse('{"__proto__": 1}') } }),
      ...[-32602, 1, /there is no field __proto__/] as const,
    ],
    [message({ params: { _meta: 7 } }), -32602, 1, /params\._meta is a number/],
    [message({ params: { _meta: { progressToken: {} } } }), -32602, 1, /progressToken is \{\}/],
  ];
  for (const [given, code, id, words] of cases) {
    const refused = malformed(given);
    assert.ok(refused, JSON.stringify(given));
    assert.deepEqual([refused.error.code, refused.id], [code, id], JSON.stringify(given));
    assert.match(refused.error.message, words);
  }
});

Deno.test("messages that the SDK can judge are left to it", () => {
  for (
    const given of [
      message({}),
      message({ id: "a", params: { _meta: { progressToken: 3 }, anything: [1] } }),
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", id: 3, result: {} },
      { jsonrpc: "2.0", id: 3, error: { code: 1, message: "no" } },
      [message({}), message({ id: 2 })],
    ]
  ) assert.equal(malformed(given), undefined, JSON.stringify(given));
});

/** Lines given in pieces of a size; what is passed on, and what is refused. */
async function judged(text: string, pieces: number, limit: number) {
  const refused: Refusal[] = [];
  const judgement = {
    refuse: (refusal: Refusal) => void refused.push(refusal),
    receive: (message: unknown) => ({ message }),
  };
  const lines = new CheckedLines(judgement, limit);
  const passed: string[] = [];
  lines.on("data", (chunk) => passed.push(String(chunk)));
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieces) lines.write(bytes.slice(at, at + pieces));
  await new Promise<void>((resolve) => lines.end(resolve));
  return { passed: passed.join("").split("\n").filter((line) => line !== ""), refused };
}

Deno.test("a line over the limit is refused by its id, and the lines around it are passed on", async () => {
  const filler = "a".repeat(5000);
  const text = [
    JSON.stringify(message({ id: "before" })),
    JSON.stringify({ method: "ping", params: { filler }, jsonrpc: "2.0", id: 7 }),
    JSON.stringify({ jsonrpc: "2.0", id: "x", method: "ping", params: { filler } }),
    JSON.stringify({ jsonrpc: "2.0", method: "ping", params: { id: 9, filler, also: { id: 9 } } }),
    "not JSON",
    "",
    JSON.stringify([message({ id: 20 }), message({ id: 21 })]),
    JSON.stringify(message({ id: "after", params: { text: "ü".repeat(400) } })),
  ].join("\n") + "\n";
  for (const pieces of [1, 7, 4096, 1e6]) {
    const { passed, refused } = await judged(text, pieces, 1000);
    assert.deepEqual(passed.map((line) => JSON.parse(line).id), ["before", 20, 21, "after"]);
    assert.equal(JSON.parse(passed.at(-1)!).params.text, "ü".repeat(400));
    assert.deepEqual(refused.map(({ id }) => id), [7, "x", null, null]);
    assert.match(refused[0]!.error.message, /is 50\d\d bytes long, but may have 1000/);
    assert.equal(refused[3]!.error.code, -32700);
  }
});
