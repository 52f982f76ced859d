/** The fields of a configuration as `train` publishes them and as a table, and fields that only tools have. */
import { z } from "zod";
import { accepted } from "../engine/host/mod.ts";
import { configFields, Grid, Overrides, presetValues } from "../experiments/mod.ts";
import { publishedFields } from "./arguments.ts";
import { table } from "./rows.ts";
import { FIELDS_URI, PRESETS_URI } from "./links.ts";

/** Well below the 60 s after which some clients give up on a call, whatever progress they are sent. */
export const MAX_WAIT_SECONDS = 50;
export const DEFAULT_WAIT_SECONDS = 25;

/** @param fallback What is waited by default, where that is not {@link DEFAULT_WAIT_SECONDS}. */
export const waitSeconds = (fallback: number = DEFAULT_WAIT_SECONDS) =>
  z.number().int().min(0).max(MAX_WAIT_SECONDS).default(fallback).describe(
    `Seconds to wait before answering, 0 to ${MAX_WAIT_SECONDS}; progress is sent meanwhile and the ` +
      `answer comes earlier if everything ends (default ${fallback}; 0 does not wait)`,
  );

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

Overrides.register(publishedFields, { fields: OFTEN });
Grid.register(publishedFields, { fields: SWEPT });

export const OVERRIDES_HELP = "Configuration fields that differ from the preset (its values: " +
  `resource ${PRESETS_URI}). Also taken: ${
    [...configFields.keys()].filter((field) => !OFTEN.includes(field)).join(", ")
  } (resource ${FIELDS_URI}; a wrong value is answered with what is allowed)`;

/** All fields in a Markdown table. */
export function fieldsTable(): string {
  const rows = [...configFields].flatMap(([field, variants]) =>
    variants.map(({ modality, schema }) => [
      field,
      modality,
      accepted(schema),
      schema.description ?? "",
      presetValues(field).map(({ value, names }, i) =>
        i === 0 ? value : `${value} in ${names.join(", ")}`
      ).join("; "),
    ])
  );
  return "Fields of a configuration, for overrides and grid of train\n\n" +
    table(["field", "of", "value", "meaning", "in the presets (commonest first)"], rows);
}
