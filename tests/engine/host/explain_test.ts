import assert from "node:assert/strict";
import { z } from "zod";
import {
  didYouMean,
  errorOfMarked,
  markedMessage,
  RefusedValue,
  UserError,
} from "../../../engine/host/mod.ts";
import { TrainInput } from "../../../tools/train.ts";
import { explainIssues } from "../../../engine/host/explain.ts";

function explained(schema: z.ZodType, value: unknown): string {
  const result = schema.safeParse(value);
  assert.ok(!result.success, "the value should be refused");
  return explainIssues(schema, value, result.error.issues);
}

Deno.test("explainIssues() names field, value, range and the nearest name", () => {
  const cases: [unknown, string][] = [
    [
      { overrides: { steps: 0 } },
      "overrides.steps is 0, but must be a whole number from 1 to 1000000",
    ],
    [
      { overrides: { learning_rate: 0 } },
      "overrides.learning_rate is 0, but must be a number above 0 and at most 1",
    ],
    [
      { overrides: { ema_decay: 1 } },
      "overrides.ema_decay is 1, but must be a number from 0 to 0.99999",
    ],
    [
      { overrides: { schedule: "cosin" } },
      'overrides.schedule is "cosin", but must be one of linear, scaled-linear, cosine, sigmoid, sqrt, edm, flow, logistic-gamma, adaptive-gamma, linear-gamma: did you mean cosine?',
    ],
    [
      { seeds: [] },
      "seeds is [], but must be a list of 1 to 64 values, each a whole number from 0 to 2147483647",
    ],
    [{ seeds: [0.5] }, "seeds[0] is 0.5, but must be a whole number from 0 to 2147483647"],
    [{ wait_seconds: "soon" }, 'wait_seconds is "soon", but must be a whole number from 0 to 50'],
    [{ label: "" }, 'label is "", but must be text of 1 to 200 characters'],
    [{ steps: 5 }, 'There is no field "steps": it belongs in overrides or grid'],
  ];
  for (const [value, text] of cases) assert.equal(explained(TrainInput, value), text);
});

Deno.test("explainIssues() suggests a field for a misspelt one", () => {
  assert.match(
    explained(TrainInput, { overrides: { learning_rte: 1 } }),
    /^There is no field "learning_rte" in overrides: did you mean learning_rate\? \(fields: dataset, /,
  );
  assert.match(explained(TrainInput, { lable: "x" }), /did you mean label\?/);
});

Deno.test("explainIssues() says what is missing, and what a union takes", () => {
  const schema = z.strictObject({
    run: z.string().min(1).max(60),
    class: z.union([z.number().int().min(0).max(9), z.array(z.number().int().min(0).max(9)).max(4)])
      .optional(),
  });
  assert.equal(
    explained(schema, {}),
    "run is missing: it must be text of 1 to 60 characters",
  );
  assert.equal(
    explained(schema, { run: "a", class: 11 }),
    "class is 11, but must be a whole number from 0 to 9, or a list of 0 to 4 values, each a whole " +
      "number from 0 to 9",
  );
});

Deno.test("explainIssues() cuts what is long", () => {
  const text = explained(TrainInput, { label: "x".repeat(5000) });
  assert.ok(text.length < 200, text);
});

Deno.test("didYouMean() suggests only what has something in common with the word", () => {
  const fields = ["learning_rate", "network", "guidance_scale", "steps", "runs"];
  const cases: [string, string][] = [
    ["learning_rte", ": did you mean learning_rate?"],
    ["learning_rate_of_all", ": did you mean learning_rate?"],
    ["lr", ""],
    ["guidance", ": did you mean guidance_scale?"],
    ["rate", ": did you mean learning_rate?"],
    ["run", ": did you mean runs?"],
    ["Steps", ": did you mean steps?"],
    ["context", ""],
    ["constructor", ""],
    ["", ""],
  ];
  for (const [word, hint] of cases) assert.equal(didYouMean(word, fields), hint, word);
});

Deno.test("explainIssues() says bounds that there are, and no others", () => {
  const schema = z.strictObject({
    any: z.number().optional(),
    whole: z.int().optional(),
    above: z.number().positive().optional(),
    most: z.number().max(3).optional(),
    open: z.number().gt(0).lt(1).optional(),
  });
  const cases: [Record<string, unknown>, string][] = [
    [{ any: "x" }, 'any is "x", but must be a number'],
    [{ whole: 0.5 }, "whole is 0.5, but must be a whole number"],
    [{ above: 0 }, "above is 0, but must be a number above 0"],
    [{ most: 4 }, "most is 4, but must be a number at most 3"],
    [{ open: 1 }, "open is 1, but must be a number above 0 and below 1"],
  ];
  for (const [value, text] of cases) assert.equal(explained(schema, value), text);
});

Deno.test("a refusal that crosses processes as text still knows the names of its fields", () => {
  const refused = new RefusedValue((name) =>
    `${name("bound_steps", 1)} is 9, but ${name("steps")} is "4. 5"`
  );
  const again = errorOfMarked(markedMessage(refused));
  assert.ok(again instanceof RefusedValue);
  assert.equal(again.message, refused.message);
  assert.equal(
    again.explained((field, inner) =>
      `--${String(field)}${inner === undefined ? "" : ` ${String(inner)}`}`
    ),
    '--bound_steps 1 is 9, but --steps is "4. 5"',
  );
  const plain = errorOfMarked(markedMessage(new UserError("There is no run")));
  assert.ok(!(plain instanceof RefusedValue));
  assert.equal(plain.message, "There is no run");
});
