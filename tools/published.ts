/**
 * Input schemas as they are published. Clients and the model services behind them refuse, strip or
 * misread much of JSON Schema, so only its plainest part is used; what that part cannot say stands in
 * the description, and the server checks by the full schema.
 */
import { z } from "zod";

/** The part of JSON Schema that is published. */
export interface PlainSchema {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: PlainSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, PlainSchema>>;
  readonly required?: readonly string[];
}

/** A schema as zod writes it. */
export interface JsonSchema extends Omit<PlainSchema, "type" | "items" | "properties"> {
  readonly type?: string;
  readonly const?: unknown;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
}

/** Objects of which only the named fields are published, because a description names the others. */
export const publishedFields = z.registry<
  { readonly fields: readonly string[] },
  z.core.$ZodType
>();

const converted = new WeakMap<z.ZodType, JsonSchema>();

/** The whole JSON Schema of what callers may give. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const known = converted.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  converted.set(schema, made);
  return made;
}

/**
 * The plain schema of a tool's arguments. Objects are published open, whatever the full schema says:
 * a client that checks arguments itself would otherwise hide the server's explanation of a wrong name.
 */
export function publishedSchema(schema: z.ZodType): PlainSchema {
  const whole = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const chosen = publishedFields.get(zodSchema)?.fields;
      if (!chosen || !jsonSchema.properties) return;
      const kept = Object.entries(jsonSchema.properties).filter(([name]) => chosen.includes(name));
      jsonSchema.properties = Object.fromEntries(kept);
    },
  });
  return plain(whole as JsonSchema);
}

const TYPES = ["object", "array", "string", "number", "integer", "boolean"];

function plain(schema: JsonSchema): PlainSchema {
  const node = schema.anyOf ? { ...merged(schema.anyOf), ...withoutUnion(schema) } : schema;
  const { type = typeof node.const, enum: options, minItems, maxItems, properties, required } =
    node;
  if (!TYPES.includes(type)) throw new TypeError(`No plain schema says ${JSON.stringify(schema)}`);
  const minimum = node.minimum ?? node.exclusiveMinimum;
  const maximum = node.maximum ?? node.exclusiveMaximum;
  const description = describedLimits(node);
  const items = node.prefixItems?.[0] ?? node.items;
  const length = node.prefixItems?.length;
  return {
    type,
    ...(description === "" ? {} : { description }),
    ...(node.default === undefined ? {} : { default: node.default }),
    ...(options ? { enum: options } : typeof node.const === "string" ? { enum: [node.const] } : {}),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(items ? { items: plain(items) } : {}),
    ...(minItems === undefined && length === undefined ? {} : { minItems: minItems ?? length! }),
    ...(maxItems === undefined && length === undefined ? {} : { maxItems: maxItems ?? length! }),
    ...(properties
      ? {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, child]) => [name, plain(child)]),
        ),
      }
      : {}),
    ...(required && required.length > 0 ? { required } : {}),
  };
}

/** The description, with the limits that no published keyword states. */
function describedLimits({ description = "", ...node }: JsonSchema): string {
  const limits = [
    ...(node.exclusiveMinimum === undefined ? [] : [`above ${node.exclusiveMinimum}`]),
    ...(node.exclusiveMaximum === undefined ? [] : [`below ${node.exclusiveMaximum}`]),
    ...(node.multipleOf === undefined || node.multipleOf <= 1
      ? []
      : [`a multiple of ${node.multipleOf}`]),
  ];
  return [description, ...limits].filter((part) => part !== "").join("; ");
}

function withoutUnion({ anyOf: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

/**
 * One schema for a union: a value or a list of such values becomes the list (the server takes a single
 * value for one too), and several ranges or lists of names become their hull.
 *
 * @throws {TypeError} If the union is of another kind, which would need `anyOf`.
 */
function merged(options: readonly JsonSchema[]): JsonSchema {
  const list = options.find(({ type }) => type === "array");
  if (list && options.length === 2) {
    const single = options.find((option) => option !== list)!;
    if (single.type === list.items?.type) return list;
  }
  const [first] = options;
  if (!first || options.some(({ type }) => type !== first.type) || first.type === "object") {
    throw new TypeError(`No plain schema says ${JSON.stringify(options)}`);
  }
  const bounds = (name: "minimum" | "maximum") => options.flatMap((option) => option[name] ?? []);
  const bounded = (name: "minimum" | "maximum") => bounds(name).length === options.length;
  return {
    type: first.type!,
    ...(bounded("minimum") ? { minimum: Math.min(...bounds("minimum")) } : {}),
    ...(bounded("maximum") ? { maximum: Math.max(...bounds("maximum")) } : {}),
    ...(options.every((option) => option.enum)
      ? { enum: [...new Set(options.flatMap((option) => option.enum!))] }
      : {}),
  };
}
