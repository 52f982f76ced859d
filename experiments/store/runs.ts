/** Rows of `runs` and `sweeps`. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { DeviceChoice, DeviceName, Engine } from "../../engine/mod.ts";
import { isPretrained, nextId, nextNumber, runClaims, sweepClaims } from "./ids.ts";
import { transaction } from "./schema.ts";
import type { MetricName } from "./metrics.ts";
import { conditionOf, type PictureFacts, type Run, type RunFilter, type RunStatus } from "./run.ts";
import { configHash, groupHash, withLaterFields } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";

/** A row as SQLite gives it. */
interface RunRow {
  number: number;
  id: string;
  status: RunStatus;
  stop_requested: number;
  activity: string | null;
  config: string;
  config_hash: string;
  group_hash: string;
  code_version: string;
  dataset_hash: string | null;
  device: Engine["device"] | null;
  parameter_count: number | null;
  replicas: number | null;
  baseline: number | null;
  pictures: string | null;
  device_choice: string | null;
  requested_device: DeviceName | null;
  data_directory: string | null;
  sweep_id: string | null;
  label: string | null;
  step: number;
  steps: number;
  checkpoint_step: number | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  paused_seconds: number | null;
  error: string | null;
  worker_id: number | null;
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

/** Thrown when a worker writes to a run that it does not own any more. */
export class LostRunError extends Error {
  override readonly name = "LostRunError";
}

/** Seconds between the last sign of a run's training and its next start. */
const PAUSED = `SELECT sum(unixepoch(start.at, 'subsec') - unixepoch((
    SELECT max(sign.at) FROM events sign WHERE sign.run_id = start.run_id AND sign.id < start.id
      AND sign.kind IN ('run-started', 'run-validated', 'run-checkpointed')), 'subsec'))
  FROM events start WHERE start.run_id = runs.id AND start.kind = 'run-started'`;

const SELECT = `SELECT *, (SELECT max(step) FROM checkpoints WHERE run_id = runs.id)
  AS checkpoint_step, (${PAUSED}) AS paused_seconds FROM runs`;

export function runTable(
  db: DatabaseSync,
  workspace: string,
  latest: (runId: string) => Run["latest"],
) {
  const toRun = (row: RunRow): Run => runOf(row, latest(row.id));
  const select = (tail: string, ...values: SQLInputValue[]): Run[] =>
    (db.prepare(`${SELECT} ${tail}`).all(...values) as unknown as RunRow[]).map(toRun);

  /** Updates a run of a worker. @throws {LostRunError} If the worker does not own the run. */
  const update = (id: string, workerId: number, changes: Record<string, SQLInputValue>): void => {
    const names = Object.keys(changes);
    const { changes: count } = db.prepare(
      `UPDATE runs SET ${names.map((name) => `${name} = ?`).join(", ")}
       WHERE id = ? AND worker_id = ? AND status = 'running'`,
    ).run(...Object.values(changes), id, workerId);
    if (Number(count) === 0) {
      throw new LostRunError(`Run ${id} was taken from this worker`);
    }
  };

  return {
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

    byId(id: string): Run | null {
      return select("WHERE id = ?", id)[0] ?? null;
    },

    /** Newest first. */
    list(filter: RunFilter): { runs: Run[]; total: number } {
      const { limit = 50, offset = 0 } = filter;
      const { where, values } = conditionOf(filter);
      const { total } = db.prepare(`SELECT count(*) AS total FROM runs ${where}`)
        .get(...values) as { total: number };
      const order = "ORDER BY number DESC LIMIT ? OFFSET ?";
      const runs = select(`${where} ${order}`, ...values, limit, offset);
      return { runs, total };
    },

    /** Ids of the sweeps that have such runs, newest first. */
    sweepsOf(filter: RunFilter): { ids: string[]; total: number } {
      const { limit = 50, offset = 0 } = filter;
      const { where, values } = conditionOf(filter);
      const rows = db.prepare(
        `SELECT sweep_id AS id, max(number) AS newest FROM runs ${where} GROUP BY sweep_id
         HAVING sweep_id IS NOT NULL ORDER BY newest DESC`,
      ).all(...values) as { id: string }[];
      return {
        ids: rows.slice(offset, offset + limit).map(({ id }) => id),
        total: rows.length,
      };
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
      const rows = db.prepare("SELECT id FROM runs ORDER BY number DESC").all();
      return rows.map((row) => (row as { id: string }).id);
    },

    sweepIds(): string[] {
      const rows = db.prepare("SELECT id FROM sweeps ORDER BY id DESC").all();
      return rows.map((row) => (row as { id: string }).id);
    },

    /** Ids of the runs that are queued or running, oldest first. */
    activeIds(): string[] {
      const rows = db.prepare(
        "SELECT id FROM runs WHERE status IN ('queued', 'running') ORDER BY number",
      ).all();
      return rows.map((row) => (row as { id: string }).id);
    },

    queuedCount(): number {
      const row = db.prepare("SELECT count(*) AS n FROM runs WHERE status = 'queued'").get();
      return (row as { n: number }).n;
    },

    /** Claims the oldest queued run for a worker, or returns null. */
    claim(workerId: number, codeVersion: string): Run | null {
      return transaction(db, () => {
        const row = db.prepare(
          `UPDATE runs SET status = 'running', worker_id = ?, code_version = ?, activity = 'starting',
             stop_requested = 0, error = NULL, ended_at = NULL, started_at = coalesce(started_at, ?)
           WHERE number = (SELECT number FROM runs WHERE status = 'queued'
                           ORDER BY queued_at, number LIMIT 1)
           RETURNING id`,
        ).get(workerId, codeVersion, new Date().toISOString()) as { id: string } | undefined;
        return row ? this.byId(row.id) : null;
      });
    },

    /**
     * Queues a run again, behind the others. Returns false if it is running, queued or finished.
     *
     * @param place Requested device and data directory; undefined values are not changed.
     */
    requeue(id: string, place: RunPlace = {}): boolean {
      const { changes } = db.prepare(
        `UPDATE runs SET status = 'queued', queued_at = ?, stop_requested = 0, error = NULL,
           ended_at = NULL, worker_id = NULL, activity = NULL,
           requested_device = coalesce(?, requested_device),
           data_directory = coalesce(?, data_directory)
         WHERE id = ? AND status IN ('stopped', 'interrupted', 'failed')`,
      ).run(
        new Date().toISOString(),
        place.device ?? null,
        place.dataDirectory ?? null,
        id,
      );
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

    /** Polled by the trainer at every step. @throws {LostRunError} */
    stopRequested(id: string, workerId: number): boolean {
      const row = db.prepare(
        "SELECT stop_requested FROM runs WHERE id = ? AND worker_id = ? AND status = 'running'",
      ).get(id, workerId) as { stop_requested: number } | undefined;
      if (!row) throw new LostRunError(`Run ${id} was taken from this worker`);
      return row.stop_requested === 1;
    },

    /** @throws {LostRunError} */
    setActivity(id: string, workerId: number, activity: string): void {
      update(id, workerId, { activity });
    },

    /** @throws {LostRunError} */
    setFacts(id: string, workerId: number, facts: RunFacts): void {
      update(id, workerId, {
        dataset_hash: facts.datasetHash,
        device: facts.device,
        device_choice: JSON.stringify(facts.deviceChoice),
        parameter_count: facts.parameterCount,
        replicas: facts.replicas,
        baseline: facts.baseline,
        pictures: facts.pictures === undefined ? null : JSON.stringify(facts.pictures),
      });
    },

    /** @throws {LostRunError} */
    setStep(id: string, workerId: number, step: number): void {
      update(id, workerId, { step });
    },

    /** @throws {LostRunError} */
    end(
      id: string,
      workerId: number,
      status: "finished" | "stopped" | "interrupted" | "failed",
      error: string | null,
    ) {
      update(id, workerId, {
        status,
        error,
        activity: null,
        stop_requested: 0,
        ended_at: new Date().toISOString(),
      });
    },

    /** Marks the runs of a dead worker as interrupted; returns their ids. */
    interrupt(workerId: number): string[] {
      const rows = db.prepare(
        `UPDATE runs SET status = 'interrupted', activity = NULL, stop_requested = 0,
           ended_at = (SELECT heartbeat_at FROM workers WHERE id = ?1)
         WHERE worker_id = ?1 AND status = 'running' RETURNING id`,
      ).all(workerId);
      return rows.map((row) => (row as { id: string }).id);
    },

    /** Reserves a number for a sample; numbers are never reused. */
    nextSampleNumber(id: string): number {
      if (isPretrained(id)) return nextNumber(db, id, "sample", 0).number;
      const row = db.prepare(
        "UPDATE runs SET samples_made = samples_made + 1 WHERE id = ? RETURNING samples_made",
      ).get(id) as { samples_made: number };
      return row.samples_made;
    },

    /** Returns the run with the lowest newest value of a metric among the other runs with the same data set, or
     * null. */
    lowestBeside(
      { id, config }: Run,
      name: MetricName,
    ): { readonly id: string; readonly value: number } | null {
      const row = db.prepare(
        `SELECT id, (SELECT value FROM metrics WHERE run_id = runs.id AND name = ?
                     ORDER BY step DESC LIMIT 1) AS value
         FROM runs WHERE value IS NOT NULL AND id <> ? AND json_extract(config, '$.dataset') = ?
         ORDER BY value, number LIMIT 1`,
      ).get(name, id, config.dataset) as { id: string; value: number } | undefined;
      return row ?? null;
    },

    /** Returns the newest run with a checkpoint, or null. */
    newestWithCheckpoint(): string | null {
      const row = db.prepare(
        `SELECT id FROM runs WHERE EXISTS (SELECT 1 FROM checkpoints WHERE run_id = runs.id)
         ORDER BY number DESC LIMIT 1`,
      ).get() as { id: string } | undefined;
      return row?.id ?? null;
    },

    /** Returns the run with the lowest newest value of a metric, or null. */
    lowest(name: MetricName, filter: RunFilter, datasetHash: string | null): string | null {
      const { where, values } = conditionOf(filter);
      const row = db.prepare(
        `SELECT id, (SELECT value FROM metrics WHERE run_id = runs.id AND name = ?
                     ORDER BY step DESC LIMIT 1) AS value
         FROM runs ${where === "" ? "WHERE" : `${where} AND`} value IS NOT NULL
           AND coalesce(dataset_hash = ?, TRUE)
         ORDER BY value, number LIMIT 1`,
      ).get(name, ...values, datasetHash) as { id: string } | undefined;
      return row?.id ?? null;
    },
  };
}

function runOf(row: RunRow, latest: Run["latest"]): Run {
  const config = withLaterFields(JSON.parse(row.config) as RunConfig);
  const speed = latest.examples_per_second;
  const training = row.status === "running" && speed !== undefined && speed > 0;
  return {
    id: row.id,
    status: row.status,
    stopRequested: row.stop_requested === 1,
    activity: row.activity,
    config,
    configHash: row.config_hash,
    groupHash: row.group_hash,
    codeVersion: row.code_version,
    datasetHash: row.dataset_hash,
    device: row.device,
    requestedDevice: row.requested_device,
    dataDirectory: row.data_directory,
    deviceChoice: row.device_choice === null ? null : JSON.parse(row.device_choice) as DeviceChoice,
    parameterCount: row.parameter_count,
    replicas: row.replicas,
    baseline: row.baseline,
    pictures: row.pictures === null ? null : JSON.parse(row.pictures) as PictureFacts,
    sweepId: row.sweep_id,
    label: row.label,
    step: row.step,
    steps: row.steps,
    checkpointStep: row.checkpoint_step,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    trainedSeconds: row.started_at === null || row.ended_at === null
      ? null
      : (Date.parse(row.ended_at) - Date.parse(row.started_at)) / 1000 -
        (row.paused_seconds ?? 0),
    error: row.error,
    etaSeconds: training ? (row.steps - row.step) * config.batch_size / speed : null,
    latest,
  };
}
