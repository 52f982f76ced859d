/** Rows of `runs` and `sweeps`. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { DeviceChoice, DeviceName } from "../../engine/mod.ts";
import { isPretrained, nextId, nextNumber, runClaims, sweepClaims } from "./ids.ts";
import { transaction } from "./schema.ts";
import type { MetricName } from "./metrics.ts";
import { claimedRuns } from "./workers.ts";
import { conditionOf, type PictureFacts, type Run, type RunFilter, type RunStatus } from "./run.ts";
import { configHash, groupHash, withLaterFields } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";

/** The columns of `runs` that a {@link Run} has as they are, by the names of its fields. */
const PLAIN_COLUMNS = {
  id: "id",
  status: "status",
  activity: "activity",
  configHash: "config_hash",
  groupHash: "group_hash",
  codeVersion: "code_version",
  datasetHash: "dataset_hash",
  device: "device",
  requestedDevice: "requested_device",
  dataDirectory: "data_directory",
  parameterCount: "parameter_count",
  replicas: "replicas",
  baseline: "baseline",
  sweepId: "sweep_id",
  label: "label",
  step: "step",
  steps: "steps",
  createdAt: "created_at",
  startedAt: "started_at",
  endedAt: "ended_at",
  error: "error",
} as const satisfies Partial<Record<keyof Run, string>>;

/** A row as {@link SELECT} returns it. */
interface RunRow extends Pick<Run, keyof typeof PLAIN_COLUMNS | "checkpointStep"> {
  readonly stopRequested: number;
  readonly config: string;
  readonly deviceChoice: string | null;
  readonly pictures: string | null;
  readonly pausedSeconds: number | null;
}

export interface NewRuns {
  readonly configs: readonly RunConfig[];
  readonly codeVersion: string;
  readonly label: string | null;
  /** The request behind a sweep; null for a single run. */
  readonly sweep: object | null;
  readonly place?: RunPlace | undefined;
}

/** Where a run is to be trained. What is left out is left to the worker. */
export interface RunPlace {
  readonly device?: DeviceName | undefined;
  /** The folder in which data sets are looked for before they are downloaded. */
  readonly dataDirectory?: string | undefined;
}

/** Seconds between the last sign of a run's training and its next start. */
const PAUSED = `SELECT sum(unixepoch(start.at, 'subsec') - unixepoch((
    SELECT max(sign.at) FROM events sign WHERE sign.run_id = start.run_id AND sign.id < start.id
      AND sign.kind IN ('run-started', 'run-validated', 'run-checkpointed')), 'subsec'))
  FROM events start WHERE start.run_id = runs.id AND start.kind = 'run-started'`;

const SELECT = `SELECT ${
  Object.entries(PLAIN_COLUMNS).map(([field, column]) => `${column} AS ${field}`).join(", ")
}, stop_requested AS stopRequested, config, device_choice AS deviceChoice, pictures,
  (SELECT max(step) FROM checkpoints WHERE run_id = runs.id) AS checkpointStep,
  (${PAUSED}) AS pausedSeconds FROM runs`;

export function runTable(
  db: DatabaseSync,
  workspace: string,
  latest: (runId: string) => Run["latest"],
) {
  const toRun = (row: RunRow): Run => runOf(row, latest(row.id));
  const select = (tail: string, ...values: SQLInputValue[]): Run[] =>
    (db.prepare(`${SELECT} ${tail}`).all(...values) as unknown as RunRow[]).map(toRun);
  const idsFrom = (sql: string, ...values: SQLInputValue[]): string[] =>
    (db.prepare(`SELECT id FROM ${sql}`).all(...values) as { id: string }[]).map(({ id }) => id);

  /** Returns the run with the lowest newest value of a metric among those of a condition, or null. */
  const lowestOf = (
    name: MetricName,
    condition: string,
    values: readonly SQLInputValue[],
  ): { readonly id: string; readonly value: number } | null => {
    const row = db.prepare(
      `SELECT id, (SELECT value FROM metrics WHERE run_id = runs.id AND name = ?
                   ORDER BY step DESC LIMIT 1) AS value
       FROM runs WHERE value IS NOT NULL AND ${condition} ORDER BY value, number LIMIT 1`,
    ).get(name, ...values) as { id: string; value: number } | undefined;
    return row ?? null;
  };

  const byId = (id: string): Run | null => select("WHERE id = ?", id)[0] ?? null;

  return {
    byId,
    ...claimedRuns(db, byId),

    insert(
      { configs, codeVersion, label, sweep, place = {} }: NewRuns,
    ): { ids: string[]; sweepId: string | null } {
      const claims = runClaims(db, workspace);
      const insertAll = () => {
        const now = new Date().toISOString();
        const sweepId = sweep === null ? null : nextId(db, "sweep", sweepClaims(db));
        if (sweepId !== null) {
          db.prepare("INSERT INTO sweeps (id, request, created_at) VALUES (?, ?, ?)")
            .run(sweepId, JSON.stringify(sweep), now);
        }
        const ids = configs.map((config) => {
          const id = nextId(db, config.modality, claims);
          db.prepare(
            `INSERT INTO runs (id, status, config, config_hash, group_hash, code_version, sweep_id,
               label, steps, created_at, queued_at, requested_device, data_directory)
             VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ).run(
            id,
            JSON.stringify(config),
            configHash(config),
            groupHash(config),
            codeVersion,
            sweepId,
            label,
            config.steps,
            now,
            now,
            place.device ?? null,
            place.dataDirectory ?? null,
          );
          return id;
        });
        return { ids, sweepId };
      };
      try {
        return transaction(db, insertAll);
      } catch (error) {
        claims.withdraw();
        throw error;
      }
    },

    /** Newest first. */
    list(filter: RunFilter): { runs: Run[]; total: number } {
      const { limit = 50, offset = 0 } = filter;
      const { sql, values } = conditionOf(filter);
      const { total } = db.prepare(`SELECT count(*) AS total FROM runs WHERE ${sql}`)
        .get(...values) as { total: number };
      const tail = `WHERE ${sql} ORDER BY number DESC LIMIT ? OFFSET ?`;
      return { runs: select(tail, ...values, limit, offset), total };
    },

    /** Ids of the sweeps that have such runs, newest first. */
    sweepsOf(filter: RunFilter): { ids: string[]; total: number } {
      const { limit = 50, offset = 0 } = filter;
      const { sql, values } = conditionOf(filter);
      const all = idsFrom(
        `(SELECT sweep_id AS id, max(number) AS newest FROM runs WHERE ${sql} GROUP BY sweep_id)
         WHERE id IS NOT NULL ORDER BY newest DESC`,
        ...values,
      );
      return { ids: all.slice(offset, offset + limit), total: all.length };
    },

    /** One configuration for each group of runs that repeat it, with their number. */
    configurations(): { config: RunConfig; runs: number }[] {
      const rows = db.prepare("SELECT config, count(*) AS runs FROM runs GROUP BY group_hash")
        .all();
      return (rows as { config: string; runs: number }[])
        .map(({ config, runs }) => ({ config: JSON.parse(config) as RunConfig, runs }));
    },

    withStatus(status: RunStatus): Run[] {
      return select("WHERE status = ? ORDER BY queued_at, number", status);
    },

    ids(): string[] {
      return idsFrom("runs ORDER BY number DESC");
    },

    sweepIds(): string[] {
      return idsFrom("sweeps ORDER BY id DESC");
    },

    /** Ids of the runs that are queued or running, oldest first. */
    activeIds(): string[] {
      return idsFrom("runs WHERE status IN ('queued', 'running') ORDER BY number");
    },

    queuedCount(): number {
      const row = db.prepare("SELECT count(*) AS n FROM runs WHERE status = 'queued'").get();
      return (row as { n: number }).n;
    },

    /**
     * Queues a run again, behind the others. Returns false if it is running, queued or finished.
     *
     * @param place Requested device and data directory; undefined values are not changed.
     */
    requeue(id: string, place: RunPlace = {}): boolean {
      const now = new Date().toISOString();
      const { changes } = db.prepare(
        `UPDATE runs SET status = 'queued', queued_at = ?, stop_requested = 0, error = NULL,
           ended_at = NULL, worker_id = NULL, activity = NULL,
           requested_device = coalesce(?, requested_device),
           data_directory = coalesce(?, data_directory)
         WHERE id = ? AND status IN ('stopped', 'interrupted', 'failed')`,
      ).run(now, place.device ?? null, place.dataDirectory ?? null, id);
      return Number(changes) === 1;
    },

    /**
     * Completes queued runs of older versions, which did not record the requested device and data directory, as those
     * versions did: with those of the program that starts the worker.
     */
    completePlaces({ device, dataDirectory }: RunPlace): void {
      if (dataDirectory === undefined) return;
      db.prepare(
        `UPDATE runs SET data_directory = ?, requested_device = coalesce(requested_device, ?)
         WHERE status = 'queued' AND data_directory = ''`,
      ).run(dataDirectory, device ?? null);
    },

    /** Cancels a queued run, or requests a running one to stop; returns the previous status. */
    requestStop(id: string): RunStatus {
      return transaction(db, () => {
        const { status } = db.prepare("SELECT status FROM runs WHERE id = ?").get(id) as {
          status: RunStatus;
        };
        if (status === "queued") {
          db.prepare("UPDATE runs SET status = 'stopped', ended_at = ? WHERE id = ?")
            .run(new Date().toISOString(), id);
        } else if (status === "running") {
          db.prepare("UPDATE runs SET stop_requested = 1 WHERE id = ?").run(id);
        }
        return status;
      });
    },

    /** Reserves a number for a sample; numbers are never reused. */
    nextSampleNumber(id: string): number {
      if (isPretrained(id)) return nextNumber(db, id, "sample", 0).number;
      const row = db.prepare(
        "UPDATE runs SET samples_made = samples_made + 1 WHERE id = ? RETURNING samples_made",
      ).get(id) as { samples_made: number };
      return row.samples_made;
    },

    /** As `lowest`, among the other runs with the same data set. */
    lowestBeside(
      { id, config }: Run,
      name: MetricName,
    ): { readonly id: string; readonly value: number } | null {
      return lowestOf(name, "id <> ? AND config ->> '$.dataset' = ?", [id, config.dataset]);
    },

    /** Returns the newest run with a checkpoint, or null. */
    newestWithCheckpoint(): string | null {
      const trained = "EXISTS (SELECT 1 FROM checkpoints WHERE run_id = runs.id)";
      return idsFrom(`runs WHERE ${trained} ORDER BY number DESC LIMIT 1`)[0] ?? null;
    },

    /** Returns the run with the lowest newest value of a metric, or null. */
    lowest(name: MetricName, filter: RunFilter, datasetHash: string | null): string | null {
      const { sql, values } = conditionOf(filter);
      const onData = `${sql} AND coalesce(dataset_hash = ?, TRUE)`;
      return lowestOf(name, onData, [...values, datasetHash])?.id ?? null;
    },
  };
}

function runOf(
  { stopRequested, config: stored, deviceChoice, pictures, pausedSeconds, ...row }: RunRow,
  latest: Run["latest"],
): Run {
  const config = withLaterFields(JSON.parse(stored) as RunConfig);
  const { status, startedAt, endedAt, step, steps } = row;
  const speed = latest.examples_per_second;
  const training = status === "running" && speed !== undefined && speed > 0;
  return {
    ...row,
    stopRequested: stopRequested === 1,
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
