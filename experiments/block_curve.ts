/** What it costs to write several characters at once. */
import type { MetricName, Run } from "./types.ts";

export interface BlockNats {
  /** Characters written together; 1 is left to right. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
}

const SIZES = [
  ["nats_block_1", 1],
  ["nats_block_4", 4],
  ["nats_block_16", 16],
  ["nats_block_64", 64],
] as const satisfies readonly (readonly [MetricName, number])[];

/** Nats per character by block size as a run's newest validation has them; none for pictures. */
export function blockCurve({ config, latest }: Pick<Run, "config" | "latest">): BlockNats[] {
  if (config.modality !== "text") return [];
  const all = [...SIZES, ["nats_block_full", config.context] as const];
  return all.flatMap(([name, blockSize]) => {
    const nats = latest[name];
    return nats === undefined || nats === null ? [] : [{ blockSize, nats }];
  });
}
