/** Asking for runs, listing them and waiting for them. */
import type { ConfigGrid, ConfigOverrides, PresetName } from "../config.ts";
import type { Run, RunStatus } from "./run.ts";

export interface TrainRequest {
  readonly preset: PresetName;
  readonly overrides?: ConfigOverrides;
  /** Lists of values of which every combination is run. */
  readonly grid?: ConfigGrid;
  /** Each combination is run once for each of these. */
  readonly seeds?: readonly number[];
  /** A few words on what the run or sweep is for. */
  readonly label?: string;
}
export interface TrainAnswer {
  readonly runs: readonly Run[];
  /** For example `sweep-0003`; null for a single run. */
  readonly sweepId: string | null;
}

export interface RunFilter {
  readonly status?: RunStatus;
  readonly sweepId?: string;
  /** {@link Run.groupHash}: runs that differ only in their seed and in how often they record. */
  readonly groupHash?: string;
  /** 1 to 1000, by default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface WatchProgress {
  readonly runs: readonly Run[];
  /** Steps done and to do, over all watched runs. */
  readonly done: number;
  readonly total: number;
  /** One line for people: what runs, its loss, how long it will take. */
  readonly message: string;
}
export interface WatchOptions {
  readonly timeoutSeconds: number;
  /** Called at once, then whenever something changed but at most every `everySeconds`. */
  readonly onProgress?: (progress: WatchProgress) => void;
  /** By default 3. */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal;
}
