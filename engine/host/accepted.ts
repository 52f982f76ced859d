import { z } from "zod";

/** What a field accepts, in words: "a whole number from 1 to 1024", "one of linear, cosine". */
export function accepted(field: z.ZodType): string {
  const inner = unwrapped(field);
  if (inner instanceof z.ZodEnum) return `one of ${inner.options.join(", ")}`;
  if (inner instanceof z.ZodLiteral) return `"${[...inner.values].join(", ")}"`;
  const schema = z.toJSONSchema(inner);
  if (schema.type === "string") return `a text of 1 to ${schema.maxLength} characters`;
  const kind = schema.multipleOf !== undefined && schema.multipleOf > 1
    ? `a multiple of ${schema.multipleOf}`
    : schema.type === "integer"
    ? "a whole number"
    : "a number";
  const maximum = Number(Number(schema.maximum).toFixed(4));
  return schema.exclusiveMinimum === undefined
    ? `${kind} from ${schema.minimum} to ${maximum}`
    : `${kind} above ${schema.exclusiveMinimum} and at most ${maximum}`;
}

/** The field without its default, and without being optional. */
function unwrapped(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodDefault || field instanceof z.ZodOptional
    ? unwrapped(field.unwrap() as z.ZodType)
    : field;
}
