/**
 * What configurations and the store need to know of each modality. This folder names no modality:
 * `registry/modalities.ts` provides them when it is loaded, which every entry file of the program does.
 */
import type { z } from "zod";
import { UserError } from "../../engine/host/mod.ts";
import type { RunConfig } from "./fields.ts";

/** A complete configuration with a description. */
export interface Preset {
  readonly description: string;
  /** Speed of its training on two processor cores, about. */
  readonly examplesPerSecond: number;
  readonly config: RunConfig;
}

/** The part of a modality that describes its configurations and metrics. */
export interface ModalityConfig {
  /** Value of the field `modality` of its configurations, and beginning of the ids of its runs. */
  readonly name: string;
  /** In a sentence: "a run on …". */
  readonly title: string;
  /** The schema of its configurations: a strict object with {@link RunConfig}'s fields and its own. */
  readonly config: z.ZodObject;
  /** Fields that were added later, with the values that reproduce the earlier behaviour; old files lack
   * them. */
  readonly laterFields: Readonly<Record<string, string | number>>;
  /** @throws {UserError} If fields of a configuration contradict each other. */
  requireConsistent(config: RunConfig): void;
  readonly presets: Readonly<Record<string, Preset>>;
  /** Its own metrics with their titles, in the order of tables. */
  readonly metrics: Readonly<Record<string, string>>;
}

let provided: readonly ModalityConfig[] = [];

/** Makes the modalities known; the first one is that of configurations that name none. */
export function provideModalities(modalities: readonly ModalityConfig[]): void {
  provided = modalities;
}

/** Returns all modalities in the order of the registry. */
export function knownModalities(): readonly ModalityConfig[] {
  if (provided.length === 0) {
    throw new Error("Internal: no modality is known, import experiments/registry/modalities.ts");
  }
  return provided;
}

/** Returns the modality of a name, by default the first one. */
export function modalityConfig(name: unknown): ModalityConfig {
  const known = knownModalities();
  return known.find((modality) => modality.name === name) ?? known[0]!;
}

/** Returns the names of the presets of all modalities. */
export function presetNames(): string[] {
  return knownModalities().flatMap(({ presets }) => Object.keys(presets));
}

/** Returns a preset. @throws {UserError} If the name is unknown. */
export function presetNamed(name: string): Preset {
  const owner = knownModalities().find(({ presets }) => Object.hasOwn(presets, name));
  if (!owner) {
    throw new UserError(
      `There is no preset ${JSON.stringify(name)}: the presets are ${presetNames().join(", ")}`,
    );
  }
  return owner.presets[name]!;
}
