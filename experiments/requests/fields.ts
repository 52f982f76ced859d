/** Declaring the fields of requests: schema, description, and default. */
import { z } from "zod";
import { rangeOf } from "../../engine/host/mod.ts";
import { integer } from "../config/mod.ts";

/** The parts of a field's description, from which fields of several modalities are described together. */
export interface Meaning {
  readonly meaning: string;
  /** The default, in words. */
  readonly absent: string;
}

const meanings = z.registry<Meaning>();

/** Returns the parts of a field's description, or undefined if it has a description of its own. */
export function meaningOf(field: z.ZodType): Meaning | undefined {
  return meanings.get(field);
}

/**
 * Declares an optional field. Its description has its meaning, range and default.
 *
 * @param absent The default in words, because it depends on other fields.
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

/** Declares a field with a default value. Its description has its meaning, range and default. */
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

/** Reference to a run: an id, a unique prefix, "latest", "best", "best:" and a data set, or the id of a sweep. */
export const runReference = z.string().min(1).max(60);
export const REFERENCE_HELP =
  'a run id, a unique beginning of one, "latest", "best" (or "best:mnist"), or a sweep (its best)';
/** The run of a request. */
export const run = runReference.describe(`Which run: ${REFERENCE_HELP}`);

export const sweepReference = z.string().min(1).max(60);

/** Values of configuration fields; the names are validated where they are used. */
export const fieldValues = z.record(z.string().max(40), z.union([z.string().max(400), z.number()]));

const LARGEST_SEED = 2 ** 31 - 1;
/** The range of seeds and of image indices. */
export const seedNumber = integer(0, LARGEST_SEED);
export const seed = defaulted(seedNumber, "Seed of the starting noise", 0);

/** Number of sampling steps. */
export const samplerSteps = integer(1, 1000);
