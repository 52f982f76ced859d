/** The fields of a configuration, whatever it learns: as schemas for `train`, and as a table to read. */
import { z } from "zod";
import { configSchemas, MAX_SWEEP_RUNS, PRESET_NAMES, presets } from "../experiments/mod.ts";
import { allowed } from "./explain.ts";
import { jsonSchemaOf, publishedFields } from "./published.ts";
import { table } from "./rows.ts";
import { FIELDS_URI, PRESETS_URI } from "./uris.ts";

/**
 * Fields that are published with their descriptions. The others are as good, but few calls need them,
 * and a client that drops the descriptions of a long schema would drop those of every field.
 */
const OFTEN: readonly string[] = [
  "dataset",
  "network",
  "size",
  "schedule",
  "target",
  "method",
  "steps",
  "batch_size",
  "learning_rate",
];
/** Of a grid: an example of its form, since the names stand in overrides. */
const SWEPT: readonly string[] = ["learning_rate"];

/** The fields by the modalities that have them. */
const MODALITIES = Object.entries(configSchemas).map(([modality, schema]) => ({
  modality,
  shape: schema.shape as Readonly<Record<string, z.ZodType>>,
}));
/** Every field of a modality but its name, in order; those that several have stand once. */
const FIELDS = [...new Set(MODALITIES.flatMap(({ shape }) => Object.keys(shape)))]
  .filter((field) => field !== "modality");

/** A field as the modalities have it, the same one once. */
function schemasOf(field: string): { readonly modality: string; readonly schema: z.ZodType }[] {
  const all = MODALITIES.flatMap(({ modality, shape }) =>
    shape[field] ? [{ modality, schema: shape[field] }] : []
  );
  const one = new Set(all.map(({ schema }) => schema)).size === 1;
  return one ? [{ ...all[0]!, modality: all.map((of) => of.modality).join(", ") }] : all;
}

/** What a field accepts in any modality; the laboratory checks it against the preset's own. */
function schemaOf(field: string): z.ZodType {
  const schemas = schemasOf(field).map(({ schema }) => schema);
  if (schemas.length === 1) return schemas[0]!;
  const description = schemas.map((schema) => schema.description).join("; for text: ")
    .replace("for text: Text: ", "for text: ");
  const either = schemas.every((schema) => schema instanceof z.ZodEnum)
    ? z.enum([...new Set(schemas.flatMap((schema) => schema.options.map(String)))])
    : z.union(schemas.map((schema) => schema.meta({ description: undefined })));
  return either.describe(description);
}

/** The values of a field in the presets that have it, the commonest first, with their names. */
function presetValues(field: string): { readonly value: string; readonly names: string[] }[] {
  const values = PRESET_NAMES.flatMap((name) => {
    const config: Readonly<Record<string, unknown>> = presets[name].config;
    return field in config ? [{ name, value: String(config[field]) }] : [];
  });
  return [...Map.groupBy(values, ({ value }) => value)]
    .map(([value, of]) => ({ value, names: of.map(({ name }) => name) }))
    .sort((a, b) => b.names.length - a.names.length);
}

/** With the value that all presets agree on; where they differ, the preset says it. */
function described(field: string): z.ZodType {
  const schema = schemaOf(field);
  const [first, ...others] = presetValues(field);
  const agreed = first && others.length === 0 ? ` (default ${first.value})` : "";
  return schema.describe(`${schema.description}${agreed}`).optional();
}

function listed(field: string): z.ZodType {
  return z.array(schemaOf(field).meta({ description: undefined })).min(1).max(MAX_SWEEP_RUNS)
    .optional();
}

/** Fields that differ from a preset. */
export const Overrides = z.strictObject(
  Object.fromEntries(FIELDS.map((field) => [field, described(field)])),
).register(publishedFields, { fields: OFTEN });

export const OVERRIDES_HELP = "Configuration fields that differ from the preset (its values: " +
  `resource ${PRESETS_URI}). Also taken: ${
    FIELDS.filter((field) => !OFTEN.includes(field)).join(", ")
  } (resource ${FIELDS_URI}; a wrong value is answered with what is allowed)`;

/** Fields as lists of values. */
export const Grid = z.strictObject(
  Object.fromEntries(FIELDS.map((field) => [field, listed(field)])),
).register(publishedFields, { fields: SWEPT });

/** All fields in a Markdown table. */
export function fieldsTable(): string {
  const rows = FIELDS.flatMap((field) =>
    schemasOf(field).map(({ modality, schema }) => [
      field,
      modality,
      allowed(jsonSchemaOf(schema)),
      schema.description ?? "",
      presetValues(field).map(({ value, names }, i) =>
        i === 0 ? value : `${value} in ${names.join(", ")}`
      ).join("; "),
    ])
  );
  return "Fields of a configuration, for overrides and grid of train\n\n" +
    table(["field", "of", "value", "meaning", "in the presets (commonest first)"], rows);
}
