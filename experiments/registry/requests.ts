/** The requests to train, sample and evaluate, over all modalities. */
import { z } from "zod";
import { capital, jsonSchemaOf, RefusedValue, uncapitalised } from "../../engine/host/mod.ts";
import {
  factsOf,
  fieldFacts,
  meaningOf,
  type RunConfig,
  runReference,
  seedNumber,
} from "../config/fields.ts";
import { type ConfigGrid, type ConfigOverrides, MAX_SWEEP_RUNS } from "../config/configuration.ts";
import type { Modality } from "../run/modality.ts";
import type { JobKind } from "../store/jobs.ts";
import {
  type KeysOf,
  modalities,
  modalityOf,
  PRESET_NAMES,
  type PresetName,
  presets,
  type Registered,
} from "./modalities.ts";

/** The schema of a field in one or more modalities. */
interface Variant {
  readonly modality: string;
  readonly schema: z.ZodType;
}

/**
 * Returns the fields of all modalities in order, each with its variants; a shared schema is one variant.
 *
 * @param schemaOf Returns the schema of a modality that has the fields.
 */
function variantsOf(
  schemaOf: (modality: Modality) => z.ZodObject,
): [field: string, variants: readonly Variant[]][] {
  const all = modalities.flatMap((modality) =>
    Object.entries(schemaOf(modality).shape as Record<string, z.ZodType>)
      .map(([field, schema]) => ({ field, modality: modality.name, schema }))
  );
  return [...Map.groupBy(all, ({ field }) => field)].map(([field, variants]) => {
    const isShared = new Set(variants.map(({ schema }) => schema)).size === 1;
    const modality = variants.map(({ modality }) => modality).join(", ");
    return [field, isShared ? [{ ...variants[0]!, modality }] : variants];
  });
}

/** Returns a schema for the values of a field in any modality, without defaults and descriptions. */
function anyVariant(variants: readonly Variant[]): z.ZodType {
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

/** The value of a field in any of the shapes that have it. */
type Value<Shapes, Field> = Shapes extends z.ZodRawShape
  ? Field extends keyof Shapes ? NonNullable<z.output<Shapes[Field]>> : never
  : never;

/** The fields of the requests of all modalities. */
type AnyShape<Shapes> = {
  [Field in KeysOf<Shapes>]: Field extends "run" ? z.ZodString
    : z.ZodOptional<z.ZodType<Value<Shapes, Field>>>;
};
type AnyRequest<Kind extends JobKind> = z.ZodObject<
  AnyShape<Registered["requests"][Kind]["shape"]>,
  z.core.$strict
>;

/**
 * Returns the schema of a request before the modality of its run is known. It is validated again by the schema of
 * the modality.
 */
function anyRequest<Kind extends JobKind>(kind: Kind): AnyRequest<Kind> {
  const fields = variantsOf(({ requests }) => requests[kind]).map(([name, variants]) => {
    const field = variants.length === 1 && !isOfOther(variants[0]!)
      ? withoutDefault(variants[0]!.schema)
      : anyVariant(variants).optional().describe(descriptionOf(variants));
    if (variants.every(({ schema }) => factsOf(schema).rare)) {
      fieldFacts.add(field, { rare: true });
    }
    return [name, field];
  });
  return z.strictObject(Object.fromEntries(fields)) as unknown as AnyRequest<Kind>;
}

/** Whether only a modality other than the first one has a field, so that its description must say which. */
function isOfOther({ modality }: Variant): boolean {
  return modalities.slice(1).some(({ name }) => name === modality);
}

function withoutDefault(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault
    ? (schema.unwrap() as z.ZodType).optional().describe(schema.description!)
    : schema;
}

/** Describes a field with its range and default for each modality: "Texts, 1 to 16 (default 3)". */
function descriptionOf(variants: readonly Variant[]): string {
  const [first, ...others] = variants.map((variant) => ({
    ...variant,
    ...meaningOf(variant.schema),
    description: variant.schema.description ?? "",
    range: JSON.stringify(jsonSchemaOf(plain(variant.schema))),
  }));
  const { description } = first!;
  const beginning = isOfOther(first!)
    ? `${capital(first!.modality)}${description.startsWith("For ") ? "," : ":"} ${
      uncapitalised(description)
    }`
    : description;
  return others.reduce((told, { modality, range, absent, description }) => {
    if (range !== first!.range) return `${told}; for ${modality}: ${uncapitalised(description)}`;
    return absent === first!.absent ? told : `${told.slice(0, -1)}; for ${modality} ${absent})`;
  }, beginning);
}

/** The request to sample from a run of any modality. */
export const AnySampleRequest = anyRequest("sample");
/** The request to evaluate a run of any modality. */
export const AnyEvaluateRequest = anyRequest("evaluate");

/**
 * @throws {RefusedValue} If a field belongs to another modality. Unknown fields are left to the schema.
 */
export function requireFieldsOf(
  run: { readonly id: string; readonly config: RunConfig },
  kind: JobKind,
  request: object,
): void {
  const { title, requests } = modalityOf(run);
  const unknown = Object.entries(request)
    .filter(([field, value]) => value !== undefined && !(field in requests[kind].shape))
    .map(([field]) => field);
  const others = modalities.filter(({ requests }) =>
    unknown.some((field) => field in requests[kind].shape)
  );
  const wrong = unknown.filter((field) =>
    others.some(({ requests }) => field in requests[kind].shape)
  );
  if (wrong.length === 0) return;
  const several = wrong.length > 1;
  throw new RefusedValue((name) =>
    `${run.id} is a run on ${title}, and ${wrong.map((field) => name(field)).join(", ")} ` +
    `${several ? "are" : "is"} for runs on ${others.map(({ title }) => title).join(", ")}: leave ${
      several ? "them" : "it"
    } out`
  );
}

export const DEFAULT_PRESET: PresetName = "mnist-small";

/** A configuration field in all modalities that have it. */
interface ConfigField {
  readonly variants: readonly Variant[];
  /** Its schema in {@link Overrides}. */
  readonly override: z.ZodType;
  /** Whether tools publish it with its description. */
  readonly isPublished: boolean;
  /** A shorter description for tools; undefined if they publish its own one. */
  readonly inShort: string | undefined;
}

function configField(field: string, variants: readonly Variant[]): ConfigField {
  const published = variants.map(({ schema }) => factsOf(schema).published);
  const inShort = variants.map(({ modality }, i) => ({ modality, words: published[i] }))
    .filter(({ words }) => typeof words === "string")
    .map(({ modality, words }, i) => i === 0 ? words : `for ${modality} ${words}`);
  return {
    variants,
    override: override(variants, presetValues(field)),
    isPublished: published.some((one) => one !== undefined),
    inShort: inShort.length === 0 ? undefined : inShort.join("; "),
  };
}

/** All configuration fields except `modality`. */
export const configFields: ReadonlyMap<string, ConfigField> = new Map(
  variantsOf(({ config }) => config)
    .filter(([field]) => field !== "modality")
    .map(([field, variants]) => [field, configField(field, variants)]),
);

/** Values that replace those of a preset; the preset determines which fields exist. */
export const Overrides = z.strictObject(
  Object.fromEntries([...configFields].map(([field, { override }]) => [field, override])),
) as unknown as z.ZodType<ConfigOverrides, ConfigOverrides>;

/** Fields as lists of values. */
export const Grid = z.strictObject(
  Object.fromEntries(
    [...configFields].map(([field, { variants }]) => [
      field,
      z.array(anyVariant(variants)).min(1).max(MAX_SWEEP_RUNS).optional(),
    ]),
  ),
) as unknown as z.ZodType<ConfigGrid, ConfigGrid>;

export const TrainRequest = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe(
    `Starting point (default ${DEFAULT_PRESET}); times are on two cores. ` +
      PRESET_NAMES.map((name) => `${name}: ${presets[name].description}`).join(". "),
  ),
  overrides: Overrides.optional().describe("Configuration fields that differ from the preset"),
  grid: Grid.optional().describe(
    "Makes a sweep: lists of values for fields of overrides. Every combination is trained with every " +
      `seed, at most ${MAX_SWEEP_RUNS} runs, e.g. {"schedule": ["linear", "cosine"]}`,
  ),
  seeds: z.array(seedNumber).min(1).max(MAX_SWEEP_RUNS).optional().describe(
    "Every combination is trained once with each seed, e.g. [0, 1, 2]; the spread over seeds shows which " +
      "differences are noise (default [0])",
  ),
  label: z.string().min(1).max(200).optional().describe(
    "Purpose of the runs, up to 200 characters, with #tags (default none)",
  ),
});
export type TrainRequest = z.input<typeof TrainRequest>;

/** A request to train, or to resume a run. */
export const TrainOrResume = TrainRequest.extend({
  resume: runReference.optional().describe(
    "Instead of preset: a stopped, interrupted or failed run, which continues from its last checkpoint, " +
      "bit for bit; or, with more steps in overrides, a finished one, which a new run continues",
  ),
  dry_run: z.boolean().default(false).describe(
    "true: only estimate time and disk, and name equal earlier runs (default false)",
  ),
});

/** A value of a field, with the names of the presets that have it. */
export interface PresetValue {
  readonly value: string;
  readonly names: readonly string[];
}

/**
 * Returns the values of a configuration field in the presets, the most frequent first.
 *
 * @param modality Of the presets; by default they are of all modalities.
 */
export function presetValues(field: string, modality?: string): readonly PresetValue[] {
  const values = PRESET_NAMES.flatMap((name) => {
    const config: Readonly<Record<string, unknown>> = presets[name].config;
    const isMeant = modality === undefined || config.modality === modality;
    return isMeant && field in config ? [{ name, value: String(config[field]) }] : [];
  });
  return [...Map.groupBy(values, ({ value }) => value)]
    .map(([value, of]) => ({ value, names: of.map(({ name }) => name) }))
    .sort((a, b) => b.names.length - a.names.length);
}

/** Described with the value that all presets agree on; where they differ, the preset says it. */
function override(
  variants: readonly Variant[],
  [first, ...others]: readonly PresetValue[],
): z.ZodType {
  const description = variants.map(({ modality, schema }, i) => {
    const { description = "" } = schema;
    if (i === 0) return description;
    return `for ${modality}: ${description.replace(`${capital(modality)}: `, "")}`;
  }).join("; ");
  const agreed = first && others.length === 0 ? ` (default ${first.value})` : "";
  return anyVariant(variants).optional().describe(`${description}${agreed}`);
}

export const StopRequest = z.strictObject({
  run: runReference.optional().describe(
    "Id or a unique beginning of it: a run, a sweep (all of its runs) or a job; give this, runs or all",
  ),
  runs: z.array(runReference).min(1).max(64).optional().describe(
    "1 to 64 of these; give this, run or all",
  ),
  all: z.boolean().default(false).describe(
    "true: stop everything that is queued or running; give this, run or runs (default false)",
  ),
});
