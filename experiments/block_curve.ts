/** What it costs to write several characters at once. */
import { BLOCK_METRICS, BLOCK_SIZES, type Run } from "./types.ts";

export interface BlockNats {
  /** Tokens written together; 1 is left to right. */
  readonly blockSize: number;
  /** Held-out nats per character: exact at 1, a bound above. */
  readonly nats: number;
  /** Over validation's draws; null in runs from before it was kept. */
  readonly standardError: number | null;
}

/** Nats per character by block size as a run's newest validation has them; none for pictures. */
export function blockCurve({ config, latest }: Pick<Run, "config" | "latest">): BlockNats[] {
  if (config.modality !== "text") return [];
  return BLOCK_METRICS.flatMap((name, i) => {
    const blockSize = BLOCK_SIZES[i] ?? config.context;
    const nats = latest[name] ?? null;
    return nats === null
      ? []
      : [{ blockSize, nats, standardError: latest[`${name}_error`] ?? null }];
  });
}
