/** What is asked of weights and devices without a run; loads the engine, which a laboratory does not. */
import { loadTextDataset } from "../data/mod.ts";
import { UserError } from "../engine/host/mod.ts";
import type { DeviceChoice } from "../engine/mod.ts";
import { openSubject, type PresetName } from "./registry/modalities.ts";
import type { RunConfig } from "./config/fields.ts";
import { type ConfigOverrides, resolveConfig } from "./config/sweep.ts";

/**
 * The averaged weights of a checkpoint in half precision, as a file for `study/`; of a network on text
 * with the characters that it writes.
 *
 * @throws {UserError} If the bytes are no checkpoint, or the text cannot be had.
 */
export async function publishedWeights(
  checkpoint: Uint8Array,
  options: { readonly dataDirectory?: string | undefined } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { checkpointConfig, halfPrecision } = await import("./run/state.ts");
  const config: RunConfig & { vocabulary_size?: number } = checkpointConfig(checkpoint);
  if (config.vocabulary_size === undefined) return halfPrecision(checkpoint);
  if (config.vocabulary_size > 0) {
    throw new UserError(
      "Only networks that read characters are published: not a byte-pair vocabulary",
    );
  }
  const { vocabulary } = await loadTextDataset(config.dataset, {
    directory: options.dataDirectory,
  });
  return halfPrecision(checkpoint, vocabulary.characters.join(""));
}

/** The device on which a new run with this configuration would train, and what was found of all. */
export async function trainingDevice(
  preset: PresetName,
  overrides: ConfigOverrides,
): Promise<DeviceChoice> {
  const { deviceForTraining } = await import("./run/setup.ts");
  return await deviceForTraining(resolveConfig(preset, overrides), openSubject);
}
