/** Configurations as they come from callers and out of files. */
import { z } from "zod";
import { imageDatasetNames, isPath } from "../../data/mod.ts";
import { UserError } from "../../engine/host/mod.ts";
import { nearest } from "../nearest.ts";
import { ImageConfig } from "./image.ts";
import { TextConfig } from "./text.ts";

/** The configuration of a run: everything needed to repeat it, in one flat record. */
export const RunConfig = z.discriminatedUnion("modality", [ImageConfig, TextConfig]);
export type RunConfig = z.infer<typeof RunConfig>;

/** The fields of a modality's configuration. */
export const configSchemas = { image: ImageConfig, text: TextConfig } as const;

/** Fields that came later, with the values that do what was done before: older files lack them. */
export const LATER = {
  image: {
    muon_learning_rate: 0,
    image_size: 28,
    colour: "grey",
    network: "unet",
    terminal_snr: "as-is",
    snr_limit: 5,
    self_condition: 0,
    evaluate_every: 0,
    evaluate_count: 1000,
  },
  text: { muon_learning_rate: 0, vocabulary_size: 0, activation: "gelu" },
} as const;

/**
 * Checks a whole configuration, as it comes from a caller or out of a file.
 *
 * @throws {UserError} Naming every wrong field, its value, and what is allowed.
 */
export function parseConfig(value: unknown): RunConfig {
  const given = record(value, "configuration");
  const result = schemaFor(value).safeParse({ ...LATER[modalityOf(given)], ...given });
  if (result.success) {
    const { warmup_steps, steps } = result.data;
    if (warmup_steps > steps) {
      throw new UserError(
        `warmup_steps is ${warmup_steps}, more than the ${steps} steps of the run: lower it or raise steps`,
      );
    }
    return result.data.modality === "text"
      ? requireTextFits(result.data)
      : requirePicturesFit(result.data);
  }
  throw new UserError(result.error.issues.map((issue) => explain(issue, given)).join("; "));
}

/** That of the modality which the value names; images' where it names none. */
function schemaFor(value: unknown): typeof ImageConfig | typeof TextConfig {
  return configSchemas[modalityOf(value)];
}

function modalityOf(value: unknown): "image" | "text" {
  return (value as { modality?: unknown } | null)?.modality === "text" ? "text" : "image";
}

function explain(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  const fields: Record<string, z.ZodType> = schemaFor(given).shape;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = Object.keys(fields);
      return `There is no field ${key}: did you mean ${nearest(key, known, 1)[0]}? (fields: ${
        known.filter((name) => name !== "modality").join(", ")
      })`;
    }).join("; ");
  }
  const field = String(issue.path[0]);
  return `${field} is ${JSON.stringify(given[field])}, but must be ${allowed(fields[field]!)}`;
}

/** What no single field's bounds can say of a text configuration. */
function requireTextFits(config: TextConfig): TextConfig {
  const { context, block_size, method, gamma_start, gamma_end } = config;
  if (block_size > 0 && method !== "blocks") {
    throw new UserError(
      `block_size is ${block_size}, but method is "${method}": only "blocks" takes a block size`,
    );
  }
  if (block_size > 0 && context % block_size !== 0) {
    const divisors = Array.from({ length: context }, (_, i) => i + 1)
      .filter((size) => context % size === 0);
    throw new UserError(
      `block_size is ${block_size}, which does not divide context ${context}: use 0 for a mixture, ` +
        `or one of ${divisors.join(", ")}`,
    );
  }
  if (gamma_end <= gamma_start) {
    throw new UserError(
      `gamma_end is ${gamma_end}, but must be above gamma_start (${gamma_start}): noise grows with it`,
    );
  }
  return config;
}

/** What no single field's bounds can say of an image configuration. */
function requirePicturesFit(config: ImageConfig): ImageConfig {
  const { dataset, image_size, colour } = config;
  if (isPath(dataset, config.modality)) return config;
  const names: readonly string[] = imageDatasetNames;
  if (!names.includes(dataset)) {
    throw new UserError(
      `dataset is ${JSON.stringify(dataset)}: did you mean ${
        nearest(dataset, names, 1)[0]
      }? There ` +
        `are ${names.join(", ")}, and folders, which are named with a slash: ./${dataset}`,
    );
  }
  for (const [field, value] of Object.entries({ image_size, colour })) {
    if (value === (LATER.image as Record<string, unknown>)[field]) continue;
    throw new UserError(
      `${field} is ${
        JSON.stringify(value)
      } with dataset ${dataset}, whose pictures have a form of ` +
        "their own: leave it out, or name a folder of pictures",
    );
  }
  return config;
}

/** "a whole number from 1 to 1024", "one of linear, cosine": what a field accepts. */
function allowed(shape: z.ZodType): string {
  if (shape instanceof z.ZodEnum) return `one of ${shape.options.join(", ")}`;
  if (shape instanceof z.ZodLiteral) return `"${[...shape.values].join(", ")}"`;
  const schema = z.toJSONSchema(shape);
  if (schema.type === "string") return `a text of 1 to ${schema.maxLength} characters`;
  const kind = schema.multipleOf !== undefined && schema.multipleOf > 1
    ? `a multiple of ${schema.multipleOf}`
    : schema.type === "integer"
    ? "a whole number"
    : "a number";
  return schema.exclusiveMinimum === undefined
    ? `${kind} from ${schema.minimum} to ${schema.maximum}`
    : `${kind} above ${schema.exclusiveMinimum} and at most ${schema.maximum}`;
}

/** @throws {UserError} If the value is not an object; its fields that are undefined go. */
export function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
  }
  throw new UserError(`${name} must be an object of field names and values`);
}
