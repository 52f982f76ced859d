import assert from "node:assert/strict";
import { z } from "zod";
import { publications, publishedSchema } from "../../tools/arguments.ts";

Deno.test("publishedSchema() says what a schema takes in the keywords that every client knows", () => {
  const integer = z.number().int().min(0).max(9);
  const schema = z.strictObject({
    run: z.string().min(1).max(60).describe("A run"),
    rate: z.number().positive().max(1).describe("Rate, above 0 and at most 1"),
    size: z.number().int().min(8).max(64).multipleOf(4).optional().describe("Side"),
    pair: z.tuple([z.number().min(-1).max(1), z.number().min(-1).max(1)]).optional(),
    class: z.union([integer, z.array(integer).min(1).max(3)]).optional().describe("One, or a list"),
    range: z.union([z.number().min(0).max(1), z.number().min(-1).max(0.5)]).optional(),
    kind: z.literal("a").optional(),
    names: z.record(z.string().max(40), z.union([z.string(), z.number()])).optional(),
    many: z.enum(Array.from({ length: 21 }, (_, i) => `name-${i}`)).optional(),
    tag: z.string().regex(/^a$/).default("a"),
  });
  assert.deepEqual(publishedSchema(schema), {
    type: "object",
    properties: {
      run: { type: "string", description: "A run" },
      rate: { type: "number", description: "Rate, above 0 and at most 1" },
      size: { type: "integer", description: "Side" },
      pair: { type: "array", items: { type: "number" } },
      class: { type: "array", description: "One, or a list", items: { type: "integer" } },
      range: { type: "number" },
      kind: { type: "string", enum: ["a"] },
      names: { type: "object" },
      many: { type: "string" },
      tag: { type: "string" },
    },
    required: ["run", "rate"],
  });
});

Deno.test("publishedSchema() says some fields of an object in short, and others not at all", () => {
  const b = z.string().optional().describe("Long").register(publications, { inShort: "Short" });
  const Wide = z.strictObject({ a: z.string().optional(), b }).register(publications, {
    rare: ["a"],
  });
  const schema = z.strictObject({ wide: Wide.optional().describe("Also a") });
  assert.deepEqual(publishedSchema(schema).properties!.wide, {
    type: "object",
    description: "Also a",
    properties: { b: { type: "string", description: "Short" } },
  });
  assert.ok(schema.safeParse({ wide: { a: "x" } }).success);
});

Deno.test("publishedSchema() refuses a union that no plain schema says", () => {
  const schema = z.strictObject({ mixed: z.union([z.string(), z.number()]) });
  assert.throws(() => publishedSchema(schema), TypeError);
});
