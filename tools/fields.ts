/**
 * Fields that only tools have, and how the fields of configurations and requests are published: those
 * in common use with their tool, all of them as tables to read. Clients put every published field
 * before their model at every turn, and one of them drops the descriptions of a tool with a long
 * schema, so rare fields are only named.
 */
import { z } from "zod";
import { accepted, didYouMean, jsonSchemaOf, UserError } from "../engine/host/mod.ts";
import {
  configFields,
  fieldsWith,
  Grid,
  Overrides,
  type PresetValue,
  presetValues,
  requests,
} from "../experiments/mod.ts";
import { publications } from "./arguments.ts";
import { table } from "./rows.ts";
import { FIELDS_URI, PRESETS_URI, SAMPLING_FIELDS_URI } from "./links.ts";

/** Well below the 60 s after which some clients give up on a call, whatever progress they are sent. */
const MAX_WAIT_SECONDS = 50;
const DEFAULT_WAIT_SECONDS = 25;

/** The size of pictures in an answer. */
export const detail = z.enum(["small", "full"]).default("small").describe(
  "small: at most 60 kB; full: the whole picture, which takes more of your context " +
    "(default small)",
);

export type Detail = z.output<typeof detail>;

/** @param fallback What is waited by default, where that is not {@link DEFAULT_WAIT_SECONDS}. */
export const waitSeconds = (fallback: number = DEFAULT_WAIT_SECONDS) =>
  z.number().int().min(0).max(MAX_WAIT_SECONDS).default(fallback).describe(
    `Longest time to wait for the result in seconds, 0 to ${MAX_WAIT_SECONDS} (default ${fallback})`,
  );

const unpublished = [...configFields].filter(([, { isPublished }]) => !isPublished)
  .map(([field]) => field);

Overrides.register(publications, { rare: unpublished });
for (const { override, inShort } of configFields.values()) {
  if (inShort !== undefined) override.register(publications, { inShort });
}
// Its fields are those of overrides.
Grid.register(publications, { rare: [...configFields.keys()] });

export const OVERRIDES_HELP =
  `Configuration fields that differ from the preset (${PRESETS_URI} has its ` +
  `values). Further fields (${FIELDS_URI}): ${unpublished.join(", ")}. A wrong value ` +
  "is answered with the allowed ones";

/** What is said of each sampler and each mode is in the tables. */
requests.sample.shape.sampler.register(publications, {
  inShort: "Sampler (default ddim; ddpm for in-painting, and for text)",
});
requests.sample.shape.mode.register(publications, {
  inShort:
    "Text: guided multiplies autoregressive and diffusion probabilities, revised generates the least " +
    "likely tokens again, infill fills a template (default that of the run's method)",
});

/** The request of sample or evaluate with its rare fields unpublished. */
export function withRareFields<Request extends z.ZodObject>(request: Request): Request {
  publications.add(request, { rare: rareFields(request) });
  return request;
}

/** Names those of a request's fields that are taken without being published. */
export function rareFieldsHelp(request: z.ZodObject): string {
  return `Further fields (${SAMPLING_FIELDS_URI}): ${rareFields(request).join(", ")}.`;
}

function rareFields(request: z.ZodObject): string[] {
  return Object.keys(fieldsWith(request, "rare"));
}

/**
 * The fields of a configuration as a Markdown table. All names come first: some clients show their
 * model only the beginning and the end of what is longer than 10,000 bytes.
 */
export function fieldsTable(): string {
  const fields = fieldNames();
  return [
    `Fields of a configuration, for overrides and grid of train: ${fields.join(", ")}.`,
    table(
      ["field", "of", "value", "meaning", "in most presets"],
      rowsOf(fields, ([most]) => most?.value ?? ""),
    ),
    `What every preset has: ${PRESETS_URI}. One field with its value in each preset: ` +
    `${FIELDS_URI}/NAME.`,
  ].join("\n\n");
}

/** The fields of sample as a Markdown table, and below it those of evaluate that differ from them. */
export function samplingFieldsTable(): string {
  const sample = requestRows(requests.sample);
  const told = new Set(sample.map(String));
  const evaluate = requestRows(requests.evaluate);
  const own = evaluate.filter((row) => !told.has(String(row)));
  const shared = evaluate.filter((row) => told.has(String(row))).map(([field]) => field);
  const names = (rows: readonly (readonly string[])[]) => rows.map(([field]) => field).join(", ");
  return [
    `Fields of sample: ${names(sample)}.`,
    `Fields of evaluate: ${names(evaluate)}.`,
    table(REQUEST_HEAD, sample),
    `Evaluate takes these of sample's fields: ${
      shared.join(", ")
    }. Its own, or with another range:`,
    table(REQUEST_HEAD, own),
  ].join("\n\n");
}

/** Fields of a configuration, in the order of the tables. */
export function fieldNames(): string[] {
  return [...configFields.keys()];
}

/** Fields of a configuration, of sample and of evaluate. */
export function allFieldNames(): string[] {
  return [
    ...new Set([...fieldNames(), ...REQUESTS.flatMap(([, { shape }]) => Object.keys(shape))]),
  ];
}

const REQUESTS = [["sample", requests.sample], ["evaluate", requests.evaluate]] as const;
const REQUEST_HEAD = ["field", "value", "meaning"];

/** Tables of one field: in a configuration, in sample and in evaluate. @throws {UserError} If there is none of this name. */
export function fieldTable(field: string): string {
  const inConfig = rowsOf(
    configFields.has(field) ? [field] : [],
    (values) =>
      values.map(({ value, names }, i) => i === 0 ? value : `${value} in ${names.join(", ")}`)
        .join("; "),
  );
  const head = ["field", "of", "value", "meaning", "in the presets (commonest first)"];
  const tables = [
    { of: "a configuration", head, rows: inConfig },
    ...REQUESTS.map(([of, request]) => ({
      of,
      head: REQUEST_HEAD,
      rows: requestRows(request).filter(([name]) => name === field),
    })),
  ].filter(({ rows }) => rows.length > 0);
  if (tables.length === 0) {
    throw new UserError(
      `There is no field ${JSON.stringify(field)}${didYouMean(field, allFieldNames())}`,
    );
  }
  return tables.map(({ of, head, rows }) => `In ${of}:\n\n${table(head, rows)}`).join("\n\n");
}

/** Values of a field by which a person may begin: all of a few, and otherwise those of the presets. */
export function fieldValues(field: string): string[] {
  const { variants } = configFields.get(field) ?? {};
  if (variants === undefined) return [];
  const named = variants.flatMap(({ schema }) => jsonSchemaOf(schema).enum ?? []).map(String);
  return [...new Set([...named, ...presetValues(field).map(({ value }) => value)])];
}

/** @param usual Returns a text about the values of a field in the presets, the most frequent first. */
function rowsOf(
  fields: readonly string[],
  usual: (values: readonly PresetValue[]) => string,
): string[][] {
  return fields.flatMap((field) =>
    configFields.get(field)!.variants.map(({ modality, schema }) => [
      field,
      modality,
      accepted(schema),
      schema.description ?? "",
      usual(presetValues(field, modality)),
    ])
  );
}

function requestRows({ shape }: z.ZodObject): string[][] {
  return Object.entries(shape as Record<string, z.ZodType>)
    .map(([field, schema]) => [field, accepted(schema), schema.description ?? ""]);
}
