/** How the fields of requests are declared: a schema, what it means, and what is taken without it. */
import { z } from "zod";
import { rangeOf } from "../../engine/host/mod.ts";
import { integer } from "../config/mod.ts";

/** The parts of a field's description; requests of several modalities are described from them. */
export interface Meaning {
  readonly meaning: string;
  /** What is taken where the field is left out, in words. */
  readonly absent: string;
}

const meanings = z.registry<Meaning>();

/** The parts that a field's description is made of; undefined for one that is described as a whole. */
export function meaningOf(field: z.ZodType): Meaning | undefined {
  return meanings.get(field);
}

/**
 * An optional field. Its description says its meaning, its range, and what is taken without it.
 *
 * @param absent What is taken where it is left out, in words, because it depends on other things.
 */
export function optional<Schema extends z.ZodType>(
  schema: Schema,
  meaning: string,
  absent: string,
): z.ZodOptional<Schema> {
  const field = schema.optional().describe(sentence(schema, { meaning, absent }));
  meanings.add(field, { meaning, absent });
  return field;
}

/** A field with a default. Its description says its meaning, its range and its default. */
export function defaulted<Schema extends z.ZodType>(
  schema: Schema,
  meaning: string,
  value: z.output<Schema> & z.core.util.NoUndefined<z.output<Schema>>,
): z.ZodDefault<Schema> {
  const absent = value === "" ? "nothing" : String(value);
  const field = schema.default(value).describe(sentence(schema, { meaning, absent }));
  meanings.add(field, { meaning, absent });
  return field;
}

function sentence(schema: z.ZodType, { meaning, absent }: Meaning): string {
  const range = rangeOf(schema);
  return `${meaning}${range === undefined ? "" : `, ${range}`} (default ${absent})`;
}

/** A run's id, a unique prefix of one, "latest", "best", "best:" and a data set, or a sweep's id. */
export const runReference = z.string().min(1).max(60);
export const REFERENCE_HELP =
  'a run id, a unique beginning of one, "latest", "best" (or "best:mnist"), or a sweep (its best)';
/** The run that a request is about. */
export const run = runReference.describe(`Which run: ${REFERENCE_HELP}`);

export const sweepReference = z.string().min(1).max(60);

/** Values of a configuration's fields; whether there are such fields is checked where they are used. */
export const fieldValues = z.record(z.string().max(40), z.union([z.string().max(400), z.number()]));

const LARGEST_SEED = 2 ** 31 - 1;
/** Whole numbers that seeds, and the numbers of pictures, are taken from. */
export const seedNumber = integer(0, LARGEST_SEED);
export const seed = defaulted(seedNumber, "Seed of the starting noise", 0);

/** The largest number of a sampler's steps. */
export const samplerSteps = integer(1, 1000);
