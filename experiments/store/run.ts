/** A training run, its status, its row in the store, and filters for lists of runs. */
import type { SQLInputValue } from "node:sqlite";
import type { DeviceChoice, DeviceName, Engine } from "../../engine/mod.ts";
import { knownModalities, withLaterFields } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";
import { columnsOf } from "./database.ts";
import type { LatestMetrics } from "./metrics.ts";

/**
 * Status of a run: `queued` waits for the worker, `running` has a living worker, `finished` completed all steps,
 * `stopped` was stopped by request (with a checkpoint), `interrupted` lost its worker (and can be resumed from
 * the last checkpoint), `failed` ended with an error.
 */
export const RUN_STATUSES = [
  "queued",
  "running",
  "finished",
  "stopped",
  "interrupted",
  "failed",
] as const;
export type RunStatus = typeof RUN_STATUSES[number];

/** Whether a run or a job has ended, so that nothing more happens to it unless it is resumed. */
export function hasEnded({ status }: { readonly status: RunStatus }): boolean {
  return status !== "queued" && status !== "running";
}

/** What the ids of pretrained runs begin with. */
export const STUDY_PREFIX = "study/";

/** Whether a run comes with the program, and so is read and never written. */
export function isPretrained(runId: string): boolean {
  return runId.startsWith(STUDY_PREFIX);
}

/** One training run. Times are ISO 8601 strings in UTC. */
export interface Run {
  /** For example `image-0012`. */
  readonly id: string;
  readonly status: RunStatus;
  /** Whether a running run was requested to stop. */
  readonly stopRequested: boolean;
  /** Current activity of the worker ("downloading mnist", "compiling", "training"); null unless running. */
  readonly activity: string | null;
  readonly config: RunConfig;
  readonly configHash: string;
  /** Hash of the configuration without seed and recording intervals. */
  readonly groupHash: string;
  /** Commit of the code that trained it, with "-dirty" where it had changes; else the version. */
  readonly codeVersion: string;
  /** SHA-256 of the data set's contents, once it was loaded. */
  readonly datasetHash: string | null;
  /** The device that was requested when it was queued or resumed; null where none was, which lets
   * the worker take the one that trains it soonest. */
  readonly requestedDevice: DeviceName | null;
  /** The folder with data sets that its request named, null where it named none; empty where the run was requested
   * with an older version, which did not record it. */
  readonly dataDirectory: string | null;
  /** The device that it was trained on last; null before it first started. */
  readonly device: Engine["device"] | null;
  /** Why its device was taken, and what was measured for that; null before it first started, and for
   * runs of older versions. */
  readonly deviceChoice: DeviceChoice | null;
  readonly parameterCount: number | null;
  /** Number of replicas that the batch was divided into; runs are repeatable bit for bit for the same number. */
  readonly replicas: number | null;
  /** Baseline of the ranking metric: its value for a model that uses no context, as the subject of its training
   * computes it. A model that is not below it has not learned to use context. */
  readonly baseline: number | null;
  /** Shape and classes of pictures; null until the data was loaded, and for data without pictures. */
  readonly pictures: PictureFacts | null;
  readonly sweepId: string | null;
  readonly label: string | null;
  /** Number of completed steps, and total number of steps. */
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
  /** Estimated seconds until the end; null unless it is training. */
  readonly etaSeconds: number | null;
  /** The newest value of each metric. */
  readonly latest: LatestMetrics;
}

/** On which device a run is trained or a job is done, and with which data. What is left out is left to the worker. */
export interface ExecutionOptions {
  readonly device?: DeviceName | undefined;
  /** The folder in which data sets are looked for before they are downloaded. */
  readonly dataDirectory?: string | undefined;
}

/** Shape and classes of images. */
export interface PictureFacts {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** Names of the classes, by index. */
  readonly classNames: readonly string[];
}

/** Properties that are known when a run starts. */
export interface RunFacts {
  readonly datasetHash: string;
  readonly device: Engine["device"];
  readonly deviceChoice: DeviceChoice;
  readonly parameterCount: number;
  readonly replicas: number;
  readonly baseline: number;
  /** Shape and classes of images, for image runs. */
  readonly pictures?: PictureFacts | undefined;
}

/** A row as {@link SELECT_RUNS} returns it. */
export interface RunRow extends
  Omit<
    Run,
    | "stopRequested"
    | "config"
    | "deviceChoice"
    | "pictures"
    | "trainedSeconds"
    | "etaSeconds"
    | "latest"
  > {
  readonly stopRequested: number;
  readonly config: string;
  readonly deviceChoice: string | null;
  readonly pictures: string | null;
  readonly pausedSeconds: number | null;
}

/** Seconds between the last sign of a run's training and its next start. */
const PAUSED = `SELECT sum(unixepoch(start.at, 'subsec') - unixepoch((
    SELECT max(sign.at) FROM events sign WHERE sign.run_id = start.run_id AND sign.id < start.id
      AND sign.kind IN ('run-started', 'run-validated', 'run-checkpointed')), 'subsec'))
  FROM events start WHERE start.run_id = runs.id AND start.kind = 'run-started'`;

export const SELECT_RUNS = `SELECT ${
  columnsOf(
    `id status stopRequested activity config configHash groupHash codeVersion datasetHash device
     requestedDevice dataDirectory deviceChoice parameterCount replicas baseline pictures sweepId label
     step steps createdAt startedAt endedAt error`,
  )
}, (SELECT max(step) FROM checkpoints WHERE run_id = runs.id) AS checkpointStep,
  (${PAUSED}) AS pausedSeconds FROM runs`;

/** Returns the run of a row. */
export function runOf(
  { pausedSeconds, ...row }: RunRow,
  latest: LatestMetrics,
): Run {
  const config = withLaterFields(JSON.parse(row.config) as RunConfig);
  const { status, deviceChoice, pictures, startedAt, endedAt, step, steps } = row;
  const speed = latest.examples_per_second;
  const training = status === "running" && speed !== undefined && speed > 0;
  return {
    ...row,
    stopRequested: row.stopRequested === 1,
    config,
    deviceChoice: deviceChoice === null ? null : JSON.parse(deviceChoice) as DeviceChoice,
    pictures: pictures === null ? null : JSON.parse(pictures) as PictureFacts,
    trainedSeconds: startedAt === null || endedAt === null
      ? null
      : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 - (pausedSeconds ?? 0),
    etaSeconds: training ? (steps - step) * config.batch_size / speed : null,
    latest,
  };
}

export interface RunFilter {
  readonly status?: RunStatus | undefined;
  readonly sweepId?: string | undefined;
  /** {@link Run.groupHash}: runs that differ only in their seed and in how often they record. */
  readonly groupHash?: string;
  /** Words that a run must all have, in its id, sweep, label, error, or values of its configuration. */
  readonly text?: string | undefined;
  /** A word of the label that begins with #. */
  readonly tag?: string | undefined;
  /** Runs that have the tag by other means, such as an entry of the journal. */
  readonly tagged?: readonly string[] | undefined;
  /** When it was queued, in UTC: a day, a month or a year ("2026-11"), or two with ".." between them. */
  readonly date?: string | undefined;
  /** Fields of the configuration and their values. */
  readonly where?: Readonly<Record<string, string | number>> | undefined;
  /** 1 to 1000, by default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

/** A condition in SQL on rows of `runs`, with the values of its parameters. */
interface Condition {
  /** TRUE where all runs are meant. */
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Returns the SQL condition of a filter. */
export function conditionOf(filter: RunFilter): Condition {
  const parts = [
    ...equal("status", filter.status),
    ...equal("sweep_id", filter.sweepId),
    ...equal("group_hash", filter.groupHash),
    ...wordsIn(filter.text),
    ...tagged(filter),
    ...queued(filter.date),
    ...Object.entries(filter.where ?? {}).map(configured),
  ];
  return {
    sql: parts.map(([sql]) => sql).join(" AND ") || "TRUE",
    values: parts.flatMap(([, ...values]) => values),
  };
}

type Part = readonly [sql: string, ...values: SQLInputValue[]];

function equal(column: string, value: string | undefined): Part[] {
  return value === undefined ? [] : [[`${column} = ?`, value]];
}

/** "%" and "_" are characters like any other. */
const LIKE = "LIKE ? ESCAPE '\\'";
const literal = (text: string) => text.replace(/[\\%_]/g, "\\$&");

function wordsIn(text = ""): Part[] {
  return text.split(/\s+/).filter((word) => word !== "").map((word) => {
    const pattern = `%${literal(word)}%`;
    return [
      `(concat_ws(' ', id, sweep_id, label, error) ${LIKE}
        OR EXISTS (SELECT 1 FROM json_each(config) WHERE value ${LIKE}))`,
      pattern,
      pattern,
    ];
  });
}

function tagged({ tag, tagged = [] }: RunFilter): Part[] {
  if (tag === undefined) return [];
  return [[
    `(concat(' ', replace(label, ',', ' '), ' ') ${LIKE} OR id IN (SELECT value FROM json_each(?)))`,
    `% #${literal(tag.replace(/^#/, ""))} %`,
    JSON.stringify(tagged),
  ]];
}

function queued(date: string | undefined): Part[] {
  if (date === undefined) return [];
  const [from, to = from] = date.split("..");
  // Times are text, and every time of a day begins with the day.
  return [["created_at BETWEEN ? AND ?", from!, `${to}~`]];
}

function configured([field, value]: [string, string | number]): Part {
  const later = knownModalities().flatMap(({ name, laterFields }) =>
    laterFields[field] === undefined ? [] : [[name, laterFields[field]] as const]
  );
  // Older runs lack a later field, and did what its default does.
  const missing = later.length === 0
    ? "NULL"
    : `CASE config ->> 'modality' ${later.map(() => "WHEN ? THEN ?").join(" ")} END`;
  // A number may come as text, as it does from a command line.
  const values = typeof value === "string" && Number.isFinite(Number(value))
    ? [value, Number(value)]
    : [value];
  return [
    `coalesce(config ->> ?, ${missing}) IN (${values.map(() => "?").join()})`,
    `$."${field}"`,
    ...later.flat(),
    ...values,
  ];
}
