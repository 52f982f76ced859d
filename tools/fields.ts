/**
 * Fields that only tools have, and how the fields of configurations and requests are published: those
 * in common use with their tool, all of them as tables to read. Clients put every published field
 * before their model at every turn, and one of them drops the descriptions of a tool with a long
 * schema, so rare fields are only named.
 */
import { z } from "zod";
import { imageDatasetNames, textDatasetNames } from "../data/mod.ts";
import { accepted, didYouMean, jsonSchemaOf, UserError } from "../engine/host/mod.ts";
import {
  AnyEvaluateRequest,
  AnySampleRequest,
  configFields,
  Grid,
  overrideFields,
  Overrides,
  presetValues,
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

/** Fields of a configuration that are published with their descriptions. */
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
const IN_SHORT = {
  dataset: `${imageDatasetNames.join(", ")}, or a folder of pictures; for text ${
    textDatasetNames.join(", ")
  }, or a text file (a path has a slash in it)`,
  network: "Of images: a UNet, or a transformer over patches of 2 × 2 (slow) or 4 × 4 pixels",
  schedule: "Noise schedule, those of names in -gamma for text (see inspect-noise-schedule)",
  target: "Of images: what the network predicts",
  method: "Of text: diffusion of whole windows or within blocks, autoregressive, or masked " +
    "(discrete) diffusion",
};

/** Options of samplers and of guidance, and of single modes of writing. */
const RARE_OF_SAMPLES = [
  ...["variance", "eta", "churn", "spacing", "rho", "guidance_rescale", "guidance_interval"],
  ...["pictures", "resamples", "block_size", "top_p", "diffusion_weight", "revise_share", "rounds"],
];

const without = (kept: readonly string[]) =>
  [...configFields.keys()].filter((field) => !kept.includes(field));

Overrides.register(publications, { rare: without(OFTEN) });
for (const [field, inShort] of Object.entries(IN_SHORT)) {
  overrideFields[field]!.register(publications, { inShort });
}
// Its fields are those of overrides.
Grid.register(publications, { rare: without([]) });

export const OVERRIDES_HELP = "Configuration fields that differ from the preset (its values: " +
  `resource ${PRESETS_URI}). Also taken: ${without(OFTEN).join(", ")} (resource ${FIELDS_URI}; a ` +
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
  publications.add(request, { rare: RARE_OF_SAMPLES });
  return request;
}

/** Names those of a request's fields that are taken without being published. */
export function rareFieldsHelp(request: z.ZodObject): string {
  const names = RARE_OF_SAMPLES.filter((field) => field in request.shape);
  return `Also taken: ${names.join(", ")} (resource ${FIELDS_URI}).`;
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
  const variants = configFields.get(field) ?? [];
  const named = variants.flatMap(({ schema }) => jsonSchemaOf(schema).enum ?? []).map(String);
  const used = presetValues(field).map(({ value }) => String(value));
  return [...new Set([...named, ...used])];
}

function configTable(fields: readonly string[]): string {
  const rows = fields.flatMap((field) =>
    configFields.get(field)!.map(({ modality, schema }) => [
      field,
      modality,
      accepted(schema),
      schema.description ?? "",
      presetValues(field).map(({ value, names }, i) =>
        i === 0 ? value : `${value} in ${names.join(", ")}`
      ).join("; "),
    ])
  );
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
