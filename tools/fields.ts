/**
 * Fields that only tools have, and how the fields of configurations and requests are published: those
 * in common use with their tool, all of them as tables to read. Clients put every published field
 * before their model at every turn, and one of them drops the descriptions of a tool with a long
 * schema, so rare fields are only named.
 */
import { z } from "zod";
import { accepted, didYouMean, jsonSchemaOf, UserError } from "../engine/host/mod.ts";
import {
  AnyEvaluateRequest,
  AnySampleRequest,
  configFields,
  fieldsWith,
  Grid,
  Overrides,
} from "../experiments/mod.ts";
import { publications } from "./arguments.ts";
import { table } from "./rows.ts";
import { FIELDS_URI, PRESETS_URI } from "./links.ts";

/** Well below the 60 s after which some clients give up on a call, whatever progress they are sent. */
export const MAX_WAIT_SECONDS = 50;
export const DEFAULT_WAIT_SECONDS = 25;

/** How much of a picture an answer has. */
export const detail = z.enum(["small", "full"]).default("small").describe(
  "small is a picture of at most 60 kB; full is all of it, which costs more of your context " +
    "(default small)",
);

/** @param fallback What is waited by default, where that is not {@link DEFAULT_WAIT_SECONDS}. */
export const waitSeconds = (fallback: number = DEFAULT_WAIT_SECONDS) =>
  z.number().int().min(0).max(MAX_WAIT_SECONDS).default(fallback).describe(
    `Seconds to wait for the end before answering, 0 to ${MAX_WAIT_SECONDS} (default ${fallback})`,
  );

const unpublished = [...configFields].filter(([, { isPublished }]) => !isPublished)
  .map(([field]) => field);

Overrides.register(publications, { rare: unpublished });
for (const { override, inShort } of configFields.values()) {
  if (inShort !== undefined) override.register(publications, { inShort });
}
// Its fields are those of overrides.
Grid.register(publications, { rare: [...configFields.keys()] });

export const OVERRIDES_HELP = "Configuration fields that differ from the preset (its values: " +
  `resource ${PRESETS_URI}). Also taken: ${unpublished.join(", ")} (resource ${FIELDS_URI}; a ` +
  "wrong value is answered with what is allowed)";

/** What is said of each sampler and each mode is in the tables. */
AnySampleRequest.shape.sampler.register(publications, {
  inShort: "Sampler (default ddim; ddpm for in-painting, and for text)",
});
AnySampleRequest.shape.mode.register(publications, {
  inShort:
    "Text: guided mixes reading and diffusion, revised writes blocks and then its least likely " +
    "characters again, infill fills a template (default what the run's method does)",
});

/** The request of sample or evaluate with its rare fields unpublished. */
export function withRareFields<Request extends z.ZodObject>(request: Request): Request {
  publications.add(request, { rare: rareFields(request) });
  return request;
}

/** Names those of a request's fields that are taken without being published. */
export function rareFieldsHelp(request: z.ZodObject): string {
  return `Also taken: ${rareFields(request).join(", ")} (resource ${FIELDS_URI}).`;
}

function rareFields(request: z.ZodObject): string[] {
  return Object.keys(fieldsWith(request, "rare"));
}

/** All fields in Markdown tables. */
export function fieldsTable(): string {
  return [
    "Fields of a configuration, for overrides and grid of train",
    configTable(fieldNames()),
    "Fields of sample",
    requestTable(AnySampleRequest),
    "Fields of evaluate",
    requestTable(AnyEvaluateRequest),
  ].join("\n\n");
}

/** Fields of a configuration, in the order of the tables. */
export function fieldNames(): string[] {
  return [...configFields.keys()];
}

/** The table of one field. @throws {UserError} If there is none of this name. */
export function fieldTable(field: string): string {
  if (configFields.has(field)) return configTable([field]);
  throw new UserError(
    `There is no field ${JSON.stringify(field)}${didYouMean(field, fieldNames())}`,
  );
}

/** Values of a field by which a person may begin: all of a few, and otherwise those of the presets. */
export function fieldValues(field: string): string[] {
  const { variants = [], presetValues = [] } = configFields.get(field) ?? {};
  const named = variants.flatMap(({ schema }) => jsonSchemaOf(schema).enum ?? []).map(String);
  const used = presetValues.map(({ value }) => value);
  return [...new Set([...named, ...used])];
}

function configTable(fields: readonly string[]): string {
  const rows = fields.flatMap((field) => {
    const { variants, presetValues } = configFields.get(field)!;
    const inPresets = presetValues.map(({ value, names }, i) =>
      i === 0 ? value : `${value} in ${names.join(", ")}`
    ).join("; ");
    return variants.map(({ modality, schema }) => [
      field,
      modality,
      accepted(schema),
      schema.description ?? "",
      inPresets,
    ]);
  });
  return table(["field", "of", "value", "meaning", "in the presets (commonest first)"], rows);
}

function requestTable({ shape }: z.ZodObject): string {
  const rows = Object.entries(shape as Record<string, z.ZodType>).map(([field, schema]) => [
    field,
    accepted(schema),
    schema.description ?? "",
  ]);
  return table(["field", "value", "meaning"], rows);
}
