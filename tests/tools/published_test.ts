import assert from "node:assert/strict";
import { z } from "zod";
import { publishedFields, publishedSchema } from "../../tools/published.ts";

Deno.test("publishedSchema() says in plain keywords, or in words, what a schema takes", () => {
  const integer = z.number().int().min(0).max(9);
  const schema = z.strictObject({
    run: z.string().min(1).max(60).describe("A run"),
    rate: z.number().positive().max(1).describe("Rate"),
    size: z.number().int().min(8).max(64).multipleOf(4).optional().describe("Side"),
    pair: z.tuple([z.number().min(-1).max(1), z.number().min(-1).max(1)]).optional(),
    class: z.union([integer, z.array(integer).min(1).max(3)]).optional().describe("One, or a list"),
    range: z.union([z.number().min(0).max(1), z.number().min(-1).max(0.5)]).optional(),
    kind: z.literal("a").optional(),
    names: z.record(z.string().max(40), z.union([z.string(), z.number()])).optional(),
    tag: z.string().regex(/^a$/).default("a"),
  });
  assert.deepEqual(publishedSchema(schema), {
    type: "object",
    properties: {
      run: { type: "string", description: "A run" },
      rate: { type: "number", description: "Rate; above 0", minimum: 0, maximum: 1 },
      size: { type: "integer", description: "Side; a multiple of 4", minimum: 8, maximum: 64 },
      pair: {
        type: "array",
        items: { type: "number", minimum: -1, maximum: 1 },
        minItems: 2,
        maxItems: 2,
      },
      class: {
        type: "array",
        description: "One, or a list",
        items: { type: "integer", minimum: 0, maximum: 9 },
        minItems: 1,
        maxItems: 3,
      },
      range: { type: "number", minimum: -1, maximum: 1 },
      kind: { type: "string", enum: ["a"] },
      names: { type: "object" },
      tag: { type: "string", default: "a" },
    },
    required: ["run", "rate"],
  });
});

Deno.test("publishedSchema() shows the chosen fields of an object that takes more", () => {
  const Wide = z.strictObject({ a: z.string().optional(), b: z.string().optional() })
    .register(publishedFields, { fields: ["b"] });
  const schema = z.strictObject({ wide: Wide.optional().describe("Also a") });
  assert.deepEqual(publishedSchema(schema).properties!.wide, {
    type: "object",
    description: "Also a",
    properties: { b: { type: "string" } },
  });
  assert.ok(schema.safeParse({ wide: { a: "x" } }).success);
});

Deno.test("publishedSchema() refuses a union that no plain schema says", () => {
  const schema = z.strictObject({ mixed: z.union([z.string(), z.number()]) });
  assert.throws(() => publishedSchema(schema), TypeError);
});
