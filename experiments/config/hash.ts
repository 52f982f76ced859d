/** Names for configurations. */
import { createHash } from "node:crypto";
import { RECORDING } from "./fields.ts";
import { LATER, type RunConfig } from "./parse.ts";

/** A short name for a configuration: the first 12 hex digits of the SHA-256 of its sorted JSON. */
export function configHash(config: RunConfig): string {
  return hashOf(config);
}

/** As {@link configHash}, without the seed and the recording intervals: equal for runs that repeat
 * one experiment with different seeds. */
export function groupHash(config: RunConfig): string {
  const kept = Object.entries(config).filter(([field]) =>
    field !== "seed" && !(RECORDING as readonly string[]).includes(field)
  );
  return hashOf(Object.fromEntries(kept));
}

/** Without later fields that do as before, so that a configuration keeps the name it had. */
function hashOf(value: object): string {
  const later: Readonly<Record<string, unknown>> =
    LATER[(value as Pick<RunConfig, "modality">).modality];
  const kept = Object.entries(value)
    .filter(([field, setting]) => later[field] !== setting)
    .map(([field]) => field);
  const sorted = JSON.stringify(value, kept.sort());
  return createHash("sha256").update(sorted).digest("hex").slice(0, 12);
}
