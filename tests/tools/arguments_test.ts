import assert from "node:assert/strict";
import { z } from "zod";
import { normalizeArguments } from "../../tools/arguments.ts";
import { currentClient, oldClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

const Schema = z.strictObject({
  run: z.string().min(1),
  prompt: z.string().optional(),
  steps: z.number().optional(),
  class: z.union([z.number(), z.array(z.number())]).optional(),
  overrides: z.strictObject({ rate: z.number().optional(), data: z.string().optional() })
    .optional(),
  criterion: z.strictObject({ group: z.record(z.string(), z.union([z.string(), z.number()])) })
    .optional(),
  tags: z.array(z.string()).default([]),
});
const given = (value: unknown) => normalizeArguments(Schema, value);

Deno.test("normalizeArguments() takes null and empty text for what is optional as left out", () => {
  const value = {
    run: "",
    prompt: "",
    steps: null,
    overrides: { rate: null, data: "" },
    tags: null,
  };
  assert.deepEqual(given(value), { run: "", overrides: {} });
  assert.deepEqual(given({ run: null }), { run: null }, "what is required has to be given");
  assert.deepEqual(given({ run: "a", promt: "" }), { run: "a", promt: "" }, "unknown names stay");
  assert.deepEqual(given(undefined), {});
});

Deno.test("normalizeArguments() drops what Gemini CLI adds to every call, and nothing else", () => {
  assert.deepEqual(given({ run: "a", wait_for_previous: true }), { run: "a" });
  const nested = { run: "a", overrides: { wait_for_previous: true } };
  assert.deepEqual(given(nested), nested);
});

Deno.test("normalizeArguments() reads a whole number where only text is wanted", () => {
  assert.deepEqual(given({ run: 7, tags: [1] }), { run: "7", tags: ["1"] });
  const numbers = { run: "a", class: 3, criterion: { group: { size: 4 } }, steps: 5 };
  assert.deepEqual(given(numbers), numbers);
  assert.deepEqual(given({ run: 0.5 }), { run: 0.5 });
});

Deno.test("normalizeArguments() reads JSON in a string where an object or a list is wanted", () => {
  assert.deepEqual(
    given({
      run: '{"a": 1}',
      overrides: '{"rate": 1, "data": "[1]"}',
      tags: '["a", "b"]',
      class: "[3, 7]",
    }),
    { run: '{"a": 1}', overrides: { rate: 1, data: "[1]" }, tags: ["a", "b"], class: [3, 7] },
  );
  const inner = { group: { schedule: "cosine", size: "[1]" } };
  assert.deepEqual(given({ run: "a", criterion: '{"group": "{\\"schedule\\": 1}"}' }), {
    run: "a",
    criterion: { group: { schedule: 1 } },
  });
  assert.deepEqual(given({ run: "a", criterion: inner }), { run: "a", criterion: inner });
  for (const text of ["{", "[1]", "7", "null"]) {
    assert.deepEqual(given({ run: "a", overrides: text }), { run: "a", overrides: text });
  }
});

Deno.test("normalizeArguments() refuses fields called __proto__ at any depth", () => {
  for (
    const text of [
      '{"run": "a", "__proto__": {}}',
      '{"run": "a", "overrides": {"__proto__": {"rate": 1}}}',
      '{"run": "a", "criterion": {"group": {"__proto__": 1}}}',
    ]
  ) assert.throws(() => given(JSON.parse(text)), { message: /no field "__proto__"/ });
});

Deno.test("what assistants add, leave empty and spell as strings reaches the tools as meant", () =>
  withLaboratory(async ({ url }) => {
    for (const connect of [currentClient.bind(null, "legacy"), oldClient]) {
      const caller = await connect({ url: `${url}/mcp` });
      const call = async (name: string, args: Record<string, unknown>) => {
        const answer = await caller.call(name, args);
        assert.ok(!answer.isError, textOf(answer));
        return textOf(answer);
      };
      const trained = await call("train", {
        preset: "mnist-tiny",
        overrides: '{"dataset": "made-up-digits", "steps": 2}',
        grid: null,
        seeds: "[3]",
        label: "",
        resume: "",
        wait_seconds: 0,
        wait_for_previous: true,
      });
      assert.match(trained, /Sweep sweep-\d+ of one run/);
      await call("inspect-run", { run: "", sweep: null, status: "", metrics: null, limit: null });
      await call("write-journal", {
        id: "",
        title: "A",
        hypothesis: "B",
        criterion: '{"metric": "loss", "group": {}, "relation": "below", "threshold": 1}',
        runs: null,
      });
      const refused = await caller.call("inspect-run", JSON.parse('{"limit": 5, "lmit": null}'));
      assert.match(textOf(refused), /no field "lmit": did you mean limit\?/);
      const nested = JSON.parse('{"overrides": {"__proto__": {"steps": 1}}}');
      const poisoned = await caller.call("train", nested);
      assert.match(textOf(poisoned), /^train: There is no field "__proto__"/);
      await caller.close();
    }
  }));
