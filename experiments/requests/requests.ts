/** The requests to train, sample and evaluate, over all modalities. */
import { z } from "zod";
import { jsonSchemaOf, RefusedValue } from "../../engine/host/mod.ts";
import {
  type ConfigGrid,
  type ConfigOverrides,
  configSchemas,
  MATERIAL,
  MAX_SWEEP_RUNS,
  PRESET_NAMES,
  type PresetName,
  presets,
  type RunConfig,
} from "../config/mod.ts";
import { meaningOf, REFERENCE_HELP, runReference, seedNumber } from "./fields.ts";
import { ImageEvaluateRequest, SampleRequest } from "./image.ts";
import { TextEvaluateRequest, WriteRequest } from "./text.ts";

/** One schema for each modality. */
type Schemas = Readonly<Record<RunConfig["modality"], z.ZodObject>>;

/** The modality that is mentioned in the description of its own fields. */
const SECOND: RunConfig["modality"] = "text";

/** The sampling request of each modality. */
export const sampleRequests = { image: SampleRequest, text: WriteRequest } as const;
/** The evaluation request of each modality. */
export const evaluateRequests = { image: ImageEvaluateRequest, text: TextEvaluateRequest } as const;

/** A request to evaluate a run of either modality. */
export type EvaluateRequest =
  & z.input<typeof ImageEvaluateRequest>
  & Omit<TextEvaluateRequest, "run">;

/** The schema of a field in one or more modalities. */
export interface Variant {
  readonly modality: string;
  readonly schema: z.ZodType;
}

/** Returns the fields of all modalities in order, each with its variants; a shared schema is one variant. */
export function variantsOf(
  schemas: Readonly<Record<string, z.ZodObject>>,
): ReadonlyMap<string, readonly Variant[]> {
  const all = Object.entries(schemas).flatMap(([modality, { shape }]) =>
    Object.entries(shape as Record<string, z.ZodType>)
      .map(([field, schema]) => ({ field, modality, schema }))
  );
  return new Map(
    [...Map.groupBy(all, ({ field }) => field)].map(([field, variants]) => {
      const one = new Set(variants.map(({ schema }) => schema)).size === 1;
      const modality = variants.map(({ modality }) => modality).join(", ");
      return [field, one ? [{ ...variants[0]!, modality }] : variants];
    }),
  );
}

/** Returns a schema for the values of a field in any modality, without defaults and descriptions. */
export function anyVariant(variants: readonly Variant[]): z.ZodType {
  const schemas = variants.map(({ schema }) => plain(schema));
  if (schemas.length === 1) return schemas[0]!;
  const told = new Map(schemas.map((schema) => [JSON.stringify(jsonSchemaOf(schema)), schema]));
  const different = [...told.values()];
  if (different.length === 1) return different[0]!;
  return different.every((schema) => schema instanceof z.ZodEnum)
    ? z.enum([...new Set(different.flatMap((schema) => schema.options.map(String)))])
    : z.union(different);
}

function plain(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? plain(schema.unwrap() as z.ZodType)
    : schema.meta({ description: undefined });
}

type Value<Shape extends z.ZodRawShape, Field> = Field extends keyof Shape
  ? NonNullable<z.output<Shape[Field]>>
  : never;

/** The fields of two modalities. */
type EitherShape<A extends z.ZodRawShape, B extends z.ZodRawShape> = {
  [Field in keyof A | keyof B]: Field extends "run" ? z.ZodString
    : z.ZodOptional<z.ZodType<Value<A, Field> | Value<B, Field>>>;
};

/**
 * Returns the schema of a request before the modality of its run is known. It is validated again by the schema of
 * the modality.
 */
function either<A extends z.ZodRawShape, B extends z.ZodRawShape>(
  { image, text }: { readonly image: z.ZodObject<A>; readonly text: z.ZodObject<B> },
): z.ZodObject<EitherShape<A, B>, z.core.$strict> {
  const fields = [...variantsOf({ image, text })].map(([name, variants]) => [
    name,
    variants.length === 1 && variants[0]!.modality !== SECOND
      ? withoutDefault(variants[0]!.schema)
      : anyVariant(variants).optional().describe(descriptionOf(variants)),
  ]);
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodObject<
    EitherShape<A, B>,
    z.core.$strict
  >;
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault
    ? (schema.unwrap() as z.ZodType).optional().describe(schema.description!)
    : schema;
}

/** Describes a field with its range and default for each modality: "Texts, 1 to 16 (default 3)". */
function descriptionOf(variants: readonly Variant[]): string {
  const [first, ...others] = variants.map(({ modality, schema }) => ({
    modality,
    ...meaningOf(schema),
    description: schema.description ?? "",
    range: () => JSON.stringify(jsonSchemaOf(plain(schema))),
  }));
  if (first!.modality === SECOND) {
    const { description } = first!;
    return `Text${description.startsWith("For ") ? "," : ":"} ${beginningSmall(description)}`;
  }
  const [other] = others;
  if (other === undefined) return first!.description;
  if (other.range() !== first!.range()) {
    return `${first!.description}; for text: ${beginningSmall(other.description)}`;
  }
  return other.absent === first!.absent
    ? first!.description
    : `${first!.description.slice(0, -1)}; for text ${other.absent})`;
}

/** "Texts, 1 to 16" → "texts, 1 to 16". */
const beginningSmall = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** {@link sampleRequests} for a run of any modality. */
export const AnySampleRequest = either(sampleRequests);
/** {@link evaluateRequests} for a run of any modality. */
export const AnyEvaluateRequest = either(evaluateRequests);

/**
 * @throws {RefusedValue} If a field belongs to another modality. Unknown fields are left to the schema.
 */
export function requireFieldsOf(
  { id, config: { modality } }: { readonly id: string; readonly config: RunConfig },
  schemas: Schemas,
  request: object,
): void {
  const foreign = variantsOf(schemas);
  const own = schemas[modality].shape;
  const wrong = Object.entries(request)
    .filter(([field, value]) => value !== undefined && !(field in own) && foreign.has(field))
    .map(([field]) => field);
  if (wrong.length === 0) return;
  const several = wrong.length > 1;
  const others = Object.keys(schemas).filter((name) => name !== modality);
  throw new RefusedValue((name) =>
    `${id} is a run on ${MATERIAL[modality]}, and ${
      wrong.map((field) => name(field)).join(", ")
    } ` +
    `${several ? "are" : "is"} for runs on ${
      others.map((other) => MATERIAL[other as typeof modality]).join(", ")
    }: leave ${several ? "them" : "it"} out`
  );
}

export const DEFAULT_PRESET: PresetName = "mnist-small";

/** All configuration fields except `modality`, with the modalities that have them. */
export const configFields: ReadonlyMap<string, readonly Variant[]> = new Map(
  [...variantsOf(configSchemas)].filter(([field]) => field !== "modality"),
);

/** The schema of each field of {@link Overrides}. */
export const overrideFields: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  [...configFields].map(([field, variants]) => [field, override(field, variants)]),
);

/** Values that replace those of a preset; the preset determines which fields exist. */
export const Overrides = z.strictObject(overrideFields) as unknown as z.ZodType<ConfigOverrides>;

/** Fields as lists of values. */
export const Grid = z.strictObject(
  Object.fromEntries(
    [...configFields].map(([field, variants]) => [
      field,
      z.array(anyVariant(variants)).min(1).max(MAX_SWEEP_RUNS).optional(),
    ]),
  ),
) as unknown as z.ZodType<ConfigGrid>;

export const TrainRequest = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe(
    `Starting point (default ${DEFAULT_PRESET}); times are on two cores. ` +
      PRESET_NAMES.map((name) => `${name}: ${presets[name].description}`).join(". "),
  ),
  overrides: Overrides.optional().describe("Configuration fields that differ from the preset"),
  grid: Grid.optional().describe(
    "Makes a sweep: for any fields of overrides a list of values, of which every combination is run, " +
      `at most ${MAX_SWEEP_RUNS} runs with the seeds, e.g. {"schedule": ["linear", "cosine"]}`,
  ),
  seeds: z.array(seedNumber).min(1).max(MAX_SWEEP_RUNS).optional().describe(
    "Runs every combination once for each seed, e.g. [0, 1, 2]; their spread tells a difference from " +
      "noise (default 0)",
  ),
  label: z.string().min(1).max(200).optional().describe(
    "A few words on what this is for, up to 200 characters, #tags among them (default none)",
  ),
});
export type TrainRequest = z.input<typeof TrainRequest>;

/** A request to train, or to resume a run. */
export const TrainOrResume = TrainRequest.extend({
  resume: runReference.optional().describe(
    "Instead of starting something: a stopped, interrupted or failed run goes on from its last " +
      "checkpoint, bit for bit; with overrides a new run goes on where one ended, for more steps",
  ),
  dry_run: z.boolean().default(false).describe(
    "true only says the time and disk it takes and its earlier runs (default false)",
  ),
});

/** Returns the values of a field in the presets, the most frequent first, with the names of the presets. */
export function presetValues(
  field: string,
): { readonly value: string; readonly names: readonly string[] }[] {
  const values = PRESET_NAMES.flatMap((name) => {
    const config: Readonly<Record<string, unknown>> = presets[name].config;
    return field in config ? [{ name, value: String(config[field]) }] : [];
  });
  return [...Map.groupBy(values, ({ value }) => value)]
    .map(([value, of]) => ({ value, names: of.map(({ name }) => name) }))
    .sort((a, b) => b.names.length - a.names.length);
}

/** Described with the value that all presets agree on; where they differ, the preset says it. */
function override(field: string, variants: readonly Variant[]): z.ZodType {
  const description = variants.map(({ schema }) => schema.description).join("; for text: ")
    .replace("for text: Text: ", "for text: ");
  const [first, ...others] = presetValues(field);
  const agreed = first && others.length === 0 ? ` (default ${first.value})` : "";
  return anyVariant(variants).optional().describe(`${description}${agreed}`);
}

export const StopRequest = z.strictObject({
  run: runReference.optional().describe(
    `One run: ${REFERENCE_HELP}, or a job; give this, runs or all`,
  ),
  runs: z.array(runReference).min(1).max(64).optional().describe(
    'Ids (or unique beginnings, or "latest") of 1 to 64 runs or jobs; give this, run or all',
  ),
  all: z.boolean().default(false).describe(
    "true stops everything that is queued or running; give this, run or runs (default false)",
  ),
});
