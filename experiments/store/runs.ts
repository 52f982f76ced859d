/** Rows of `runs` and `sweeps`. */
import { join } from "node:path";
import type { SQLInputValue } from "node:sqlite";
import { namesIn, NewFolders } from "../common/system.ts";
import { configHash, groupHash } from "../config/configuration.ts";
import type { RunConfig } from "../config/fields.ts";
import { claimedRows, type Database, numberedId } from "./database.ts";
import type { MetricName } from "./metrics.ts";
import { nextResultNumber } from "./results.ts";
import {
  conditionOf,
  type ExecutionOptions,
  isPretrained,
  type Run,
  type RunFacts,
  type RunFilter,
  runOf,
  type RunRow,
  type RunStatus,
  SELECT_RUNS,
} from "./run.ts";

interface NewRuns {
  readonly configs: readonly RunConfig[];
  readonly codeVersion: string;
  readonly label: string | null;
  /** The request behind a sweep; null for a single run. */
  readonly sweep: object | null;
  readonly execution?: ExecutionOptions | undefined;
}

export function runTable(
  db: Database,
  workspace: string,
  latest: (runId: string) => Run["latest"],
) {
  const select = (tail: string, ...values: SQLInputValue[]): Run[] =>
    db.rows<RunRow>(`${SELECT_RUNS} ${tail}`, ...values).map((row) => runOf(row, latest(row.id)));
  const idsFrom = (sql: string, ...values: SQLInputValue[]): string[] =>
    db.rows<{ id: string }>(`SELECT id FROM ${sql}`, ...values).map(({ id }) => id);

  /** Returns the run with the lowest newest value of a metric among those of a condition, or null. */
  const lowestOf = (
    name: MetricName,
    condition: string,
    values: readonly SQLInputValue[],
  ): { readonly id: string; readonly value: number } | null =>
    db.row<{ id: string; value: number }>(
      `SELECT id, (SELECT value FROM metrics WHERE run_id = runs.id AND name = ?
                   ORDER BY step DESC LIMIT 1) AS value
       FROM runs WHERE value IS NOT NULL AND ${condition} ORDER BY value, number LIMIT 1`,
      name,
      ...values,
    ) ?? null;

  const byId = (id: string): Run | null => select("WHERE id = ?", id)[0] ?? null;

  return {
    byId,
    ...claimedRuns(db, byId),

    insert(
      { configs, codeVersion, label, sweep, execution = {} }: NewRuns,
    ): { ids: string[]; sweepId: string | null } {
      const folders = new NewFolders(join(workspace, "runs"));
      const insertAll = () => {
        const now = new Date().toISOString();
        const sweepId = sweep && numberedId("sweep", db.nextNumber("sweep"));
        if (sweepId !== null) {
          db.insert("sweeps", { id: sweepId, request: JSON.stringify(sweep), createdAt: now });
        }
        const ids = configs.map((config) => {
          const id = claimNextId(db, config.modality, folders);
          db.insert("runs", {
            id,
            status: "queued",
            config: JSON.stringify(config),
            configHash: configHash(config),
            groupHash: groupHash(config),
            codeVersion,
            sweepId,
            label,
            steps: config.steps,
            createdAt: now,
            queuedAt: now,
            requestedDevice: execution.device ?? null,
            dataDirectory: execution.dataDirectory ?? null,
          });
          return id;
        });
        return { ids, sweepId };
      };
      try {
        return db.transaction(insertAll);
      } catch (error) {
        folders.withdraw();
        throw error;
      }
    },

    /** Newest first. */
    list(filter: RunFilter): { runs: Run[]; total: number } {
      const { limit = 50, offset = 0 } = filter;
      const { sql, values } = conditionOf(filter);
      const tail = `WHERE ${sql} ORDER BY number DESC LIMIT ? OFFSET ?`;
      const total = db.count("runs", sql, ...values);
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
      return db.rows<{ config: string; runs: number }>(
        "SELECT config, count(*) AS runs FROM runs GROUP BY group_hash",
      ).map(({ config, runs }) => ({ config: JSON.parse(config) as RunConfig, runs }));
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
      return db.count("runs", "status = 'queued'");
    },

    /**
     * Queues a run again, behind the others. Returns false if it is running, queued or finished.
     *
     * @param execution Requested device and data directory; undefined values are not changed.
     */
    requeue(id: string, execution: ExecutionOptions = {}): boolean {
      return db.run(
        `UPDATE runs SET status = 'queued', queued_at = ?, stop_requested = 0, error = NULL,
           ended_at = NULL, worker_id = NULL, activity = NULL,
           requested_device = coalesce(?, requested_device),
           data_directory = coalesce(?, data_directory)
         WHERE id = ? AND status IN ('stopped', 'interrupted', 'failed')`,
        new Date().toISOString(),
        execution.device ?? null,
        execution.dataDirectory ?? null,
        id,
      ) === 1;
    },

    /**
     * Completes queued runs of older versions, which did not record the requested device and data directory, as those
     * versions did: with those of the program that starts the worker.
     */
    completeExecution({ device, dataDirectory }: ExecutionOptions): void {
      if (dataDirectory === undefined) return;
      db.run(
        `UPDATE runs SET data_directory = ?, requested_device = coalesce(requested_device, ?)
         WHERE status = 'queued' AND data_directory = ''`,
        dataDirectory,
        device ?? null,
      );
    },

    /** Cancels a queued run, or requests a running one to stop; returns the previous status. */
    requestStop(id: string): RunStatus {
      return db.transaction(() => {
        const { status } = db.row<Pick<Run, "status">>("SELECT status FROM runs WHERE id = ?", id)!;
        if (status === "queued") {
          const now = new Date().toISOString();
          db.run("UPDATE runs SET status = 'stopped', ended_at = ? WHERE id = ?", now, id);
        } else if (status === "running") {
          db.run("UPDATE runs SET stop_requested = 1 WHERE id = ?", id);
        }
        return status;
      });
    },

    /** Reserves a number for a sample; numbers are never reused. */
    nextSampleNumber(id: string): number {
      if (isPretrained(id)) return nextResultNumber(db, id, "sample");
      return db.row<{ made: number }>(
        "UPDATE runs SET samples_made = samples_made + 1 WHERE id = ? RETURNING samples_made AS made",
        id,
      )!.made;
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

/** Returns what a worker does to the runs that it has claimed. */
function claimedRuns(db: Database, byId: (id: string) => Run | null) {
  const { count, update, stopRequested } = claimedRows(db, "runs");
  return {
    /** Claims the oldest queued run for a worker, or returns null. */
    claim(workerId: number, codeVersion: string): Run | null {
      return db.transaction(() => {
        const row = db.row<{ id: string }>(
          `UPDATE runs SET status = 'running', worker_id = ?, code_version = ?, activity = 'starting',
             stop_requested = 0, error = NULL, ended_at = NULL, started_at = coalesce(started_at, ?)
           WHERE number = (SELECT number FROM runs WHERE status = 'queued'
                           ORDER BY queued_at, number LIMIT 1)
           RETURNING id`,
          workerId,
          codeVersion,
          new Date().toISOString(),
        );
        if (!row) return null;
        count(workerId);
        return byId(row.id);
      });
    },

    /** Polled by the trainer at every step. @throws {LostRunError} */
    stopRequested,

    /** @throws {LostRunError} */
    setActivity(id: string, workerId: number, activity: string): void {
      update(id, workerId, { activity });
    },

    /** @throws {LostRunError} */
    setFacts(id: string, workerId: number, { deviceChoice, pictures, ...facts }: RunFacts): void {
      update(id, workerId, {
        ...facts,
        deviceChoice: JSON.stringify(deviceChoice),
        pictures: pictures === undefined ? null : JSON.stringify(pictures),
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
    ): void {
      const endedAt = new Date().toISOString();
      update(id, workerId, { status, error, activity: null, stopRequested: 0, endedAt });
    },

    /** Marks the runs of a dead worker as interrupted; returns their ids. */
    interrupt(workerId: number): string[] {
      return db.rows<{ id: string }>(
        `UPDATE runs SET status = 'interrupted', activity = NULL, stop_requested = 0,
           ended_at = (SELECT heartbeat_at FROM workers WHERE id = ?1)
         WHERE worker_id = ?1 AND status = 'running' RETURNING id`,
        workerId,
      ).map(({ id }) => id);
    },
  };
}

/** Makes the folder of the next run, so that no id names files of an earlier store. Returns the id of the run. */
function claimNextId(db: Database, prefix: string, folders: NewFolders): string {
  let number = db.nextNumber(prefix);
  while (!folders.make(numberedId(prefix, number))) {
    number = db.nextNumber(prefix, largestNumber(namesIn(folders.parent), prefix) + 1);
  }
  return numberedId(prefix, number);
}

function largestNumber(names: readonly string[], prefix: string): number {
  const pattern = new RegExp(`^${prefix}-(\\d{1,15})$`);
  return Math.max(0, ...names.map((name) => Number(pattern.exec(name)?.[1] ?? 0)));
}
