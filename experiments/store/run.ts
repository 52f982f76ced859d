/** One training run and where it stands. */
import type { DeviceChoice, DeviceName, Engine } from "../../engine/mod.ts";
import type { RunConfig } from "../config/mod.ts";
import type { LatestMetrics } from "./metrics.ts";

/**
 * Where a run stands: `queued` waits for the worker, `running` has a living worker, `finished` did
 * all its steps, `stopped` was asked to stop (a checkpoint was kept), `interrupted` lost its worker
 * (resume goes on from the last checkpoint), `failed` met an error.
 */
export type RunStatus = "queued" | "running" | "finished" | "stopped" | "interrupted" | "failed";
export const RUN_STATUSES = [
  "queued",
  "running",
  "finished",
  "stopped",
  "interrupted",
  "failed",
] as const satisfies readonly RunStatus[];

/** One training run. Times are ISO 8601 strings in UTC. */
export interface Run {
  /** For example `image-0012`. */
  readonly id: string;
  readonly status: RunStatus;
  /** A running run that was asked to stop and has not yet done so. */
  readonly stopRequested: boolean;
  /** What the worker is doing now ("downloading mnist", "compiling", "training"), null unless running. */
  readonly activity: string | null;
  readonly config: RunConfig;
  readonly configHash: string;
  /** Equal for runs that differ only in their seed (and in how often they record). */
  readonly groupHash: string;
  /** Commit of the code that trained it, with "-dirty" where it had changes; else the version. */
  readonly codeVersion: string;
  /** SHA-256 of the data set's contents, once it was loaded. */
  readonly datasetHash: string | null;
  /** The device that was requested when it was queued or resumed; null where none was, which lets
   * the worker take the one that trains it soonest. */
  readonly requestedDevice: DeviceName | null;
  /** The folder with data sets that its request named, null where it named none. */
  readonly dataDirectory: string | null;
  /** The device that it was trained on last; null before it first started. */
  readonly device: Engine["device"] | null;
  /** Why its device was taken, and what was measured for that; null before it first started, and for
   * runs of older versions. */
  readonly deviceChoice: DeviceChoice | null;
  readonly parameterCount: number | null;
  /** Replicas the batch was cut into: part of what makes a run repeatable bit for bit. */
  readonly replicas: number | null;
  /** For text, nats per character of a bigram model: one that is not below it has learnt nothing of
   * what a context tells. For images, the denoising error, on the same images and noise levels, of
   * the best that each pixel can do by itself: the linear estimate from its own noisy value, its mean and its variance over the training
   * images. A model that is not below it has learnt nothing of the images' structure. */
  readonly baseline: number | null;
  /** What its pictures are like; null until its data was loaded, and for text. */
  readonly pictures: PictureFacts | null;
  readonly sweepId: string | null;
  readonly label: string | null;
  /** Steps done, and steps to do. */
  readonly step: number;
  readonly steps: number;
  /** Step of the newest checkpoint; null before the first. */
  readonly checkpointStep: number | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** From its first start to its end, without the time between a stop and going on; null before the
   * end. */
  readonly trainedSeconds: number | null;
  readonly error: string | null;
  /** Seconds until it ends at its present speed; null unless it is running and has a speed. */
  readonly etaSeconds: number | null;
  /** The newest value of each metric. */
  readonly latest: LatestMetrics;
}

/** Shape and classes of pictures. */
export interface PictureFacts {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** What people call the classes, in the order of their numbers. */
  readonly classNames: readonly string[];
}

export interface RunFilter {
  readonly status?: RunStatus | undefined;
  readonly sweepId?: string | undefined;
  /** {@link Run.groupHash}: runs that differ only in their seed and in how often they record. */
  readonly groupHash?: string;
  /** 1 to 1000, by default 50. */
  readonly limit?: number;
  readonly offset?: number;
}
