/** Validating and hashing configurations. */
import { z } from "zod";
import { imageDatasetNames, isPath } from "../../data/mod.ts";
import { didYouMean, parseWith, UserError } from "../../engine/host/mod.ts";
import { ImageConfig } from "./image.ts";
import { TextConfig } from "./text.ts";
import { createHash } from "node:crypto";
import { RECORDING } from "./fields.ts";

/** The configuration of a run: everything needed to repeat it, in one flat record. */
export const RunConfig = z.discriminatedUnion("modality", [ImageConfig, TextConfig]);
export type RunConfig = z.infer<typeof RunConfig>;

/** The fields of a modality's configuration. */
export const configSchemas = { image: ImageConfig, text: TextConfig } as const;

/** @throws {UserError} If no configuration has this field; `where` describes the origin of the name. */
export function requireConfigField(name: string, where: string): void {
  const fields = Object.values(configSchemas).flatMap(({ shape }) => Object.keys(shape));
  if (fields.includes(name)) return;
  throw new UserError(
    `${where} names a field ${JSON.stringify(name)} that no configuration has` +
      didYouMean(name, fields),
  );
}

/** Fields that were added later, with the values that reproduce the earlier behaviour; old files lack them. */
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
    start_from: "",
    start_with: "weights",
  },
  text: {
    muon_learning_rate: 0,
    vocabulary_size: 0,
    activation: "gelu",
    start_from: "",
    start_with: "weights",
  },
} as const;

/**
 * Validates a configuration.
 *
 * @throws {UserError} If fields are invalid; the message has their names, values and allowed ranges.
 */
export function parseConfig(value: unknown): RunConfig {
  const given = record(value, "configuration");
  requireOwnFields(given);
  const config = parseWith(schemaFor(value), { ...LATER[modalityOf(given)], ...given });
  const { warmup_steps, steps } = config;
  if (warmup_steps > steps) {
    throw new UserError(
      `warmup_steps is ${warmup_steps}, more than the ${steps} steps of the run: lower it or raise steps`,
    );
  }
  if (config.start_with === "training" && config.start_from === "") {
    throw new UserError(
      'start_with is "training", but start_from names no run: name one, or leave start_with out',
    );
  }
  REQUIRE_FITTING[config.modality](config as never);
  return config;
}

/** Description of the data of each modality, in a sentence. */
export const MATERIAL = { image: "images", text: "text" } as const;

/** @throws {UserError} If a field belongs to another modality. */
function requireOwnFields(given: Readonly<Record<string, unknown>>): void {
  const modality = modalityOf(given);
  for (const field of Object.keys(given)) {
    if (Object.hasOwn(configSchemas[modality].shape, field)) continue;
    const other = (Object.keys(configSchemas) as RunConfig["modality"][])
      .find((name) => Object.hasOwn(configSchemas[name].shape, field));
    if (other === undefined) continue;
    throw new UserError(
      `${field} is a field of runs on ${MATERIAL[other]}, and this one is on ${
        MATERIAL[modality]
      }: ` +
        `leave it out, or take a preset of ${MATERIAL[other]}`,
    );
  }
}

/** Cross-field validation of each modality. */
const REQUIRE_FITTING = { image: requirePicturesFit, text: requireTextFits } as const;

/** Returns the schema of the modality of a value. By default that of images. */
function schemaFor(value: unknown): typeof ImageConfig | typeof TextConfig {
  return configSchemas[modalityOf(value)];
}

/** Returns the modality of a value. By default images. */
function modalityOf(value: unknown): RunConfig["modality"] {
  const { modality } = (value ?? {}) as { modality?: unknown };
  return typeof modality === "string" && Object.hasOwn(configSchemas, modality)
    ? modality as RunConfig["modality"]
    : "image";
}

/** Cross-field validation of a text configuration. */
function requireTextFits(config: TextConfig): void {
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
}

/** Cross-field validation of an image configuration. */
function requirePicturesFit(config: ImageConfig): void {
  const { dataset, image_size, colour } = config;
  if (isPath(dataset, config.modality)) return;
  const names: readonly string[] = imageDatasetNames;
  if (!names.includes(dataset)) {
    throw new UserError(
      `dataset is ${JSON.stringify(dataset)}${
        didYouMean(dataset, names) || ", but must name a data set."
      } ` +
        `There are ${names.join(", ")}, and folders, which are named with a slash: ./${dataset}`,
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
}

/** Returns an object without undefined fields. @throws {UserError} If the value is not an object. */
export function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
  }
  throw new UserError(`${name} must be an object of field names and values`);
}

/** A configuration as it was stored, with the fields that came later at its end. */
export function withLaterFields(stored: RunConfig): RunConfig {
  return { ...stored, ...LATER[stored.modality], ...stored } as RunConfig;
}

/** The fields that say something of a configuration: without the start of a training that has none. */
export function tellingFields(config: RunConfig): [field: string, value: string | number][] {
  return Object.entries(config).filter(([field]) =>
    config.start_from !== "" || (field !== "start_from" && field !== "start_with")
  );
}

/** A short name for a configuration: the first 12 hex digits of the SHA-256 of its sorted JSON. */
export function configHash(config: RunConfig): string {
  return hashOf(config);
}

/** As {@link configHash} without seed and recording intervals: equal for runs that repeat an experiment with
 * different seeds. */
export function groupHash(config: RunConfig): string {
  const kept = Object.entries(config).filter(([field]) =>
    field !== "seed" && !(RECORDING as readonly string[]).includes(field)
  );
  return hashOf(Object.fromEntries(kept));
}

/** Omits later fields with their default, so that the hash of an old configuration does not change. */
function hashOf(value: object): string {
  const later: Readonly<Record<string, unknown>> =
    LATER[(value as Pick<RunConfig, "modality">).modality];
  const kept = Object.entries(value)
    .filter(([field, setting]) => later[field] !== setting)
    .map(([field]) => field);
  const sorted = JSON.stringify(value, kept.sort());
  return createHash("sha256").update(sorted).digest("hex").slice(0, 12);
}

/** Returns the fields of which configurations have several values; lacking a field counts as one. */
export function differingFields(configs: readonly RunConfig[]): string[] {
  const fields = [...new Set(configs.flatMap((config) => Object.keys(config)))];
  const values = (field: string) => new Set(configs.map((config) => Reflect.get(config, field)));
  return fields.filter((field) => values(field).size > 1);
}
