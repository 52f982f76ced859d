/** What it costs to write several characters at once. */
import type { Run } from "./types.ts";

export interface BlockNats {
  /** Characters written together; 1 is left to right. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
  /** Over validation's draws; null in runs from before it was kept. */
  readonly standardError: number | null;
}

const SIZES = [1, 4, 16, 64] as const;

/** Nats per character by block size as a run's newest validation has them; none for pictures. */
export function blockCurve({ config, latest }: Pick<Run, "config" | "latest">): BlockNats[] {
  if (config.modality !== "text") return [];
  const all = [
    ...SIZES.map((size) => [`nats_block_${size}`, size] as const),
    ["nats_block_full", config.context] as const,
  ];
  return all.flatMap(([name, blockSize]) => {
    const nats = latest[name] ?? null;
    return nats === null
      ? []
      : [{ blockSize, nats, standardError: latest[`${name}_error`] ?? null }];
  });
}
