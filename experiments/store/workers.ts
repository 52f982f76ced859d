/** Rows of `workers`, and what a worker does to the runs and jobs that it has claimed. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { DeviceChoice, Engine } from "../../engine/mod.ts";
import type { PictureFacts, Run } from "./run.ts";
import { transaction } from "./schema.ts";

/** What a worker takes up: training runs, or jobs (samples and evaluations). */
export type WorkerKind = "training" | "jobs";

export interface WorkerRow {
  readonly id: number;
  readonly kind: WorkerKind;
  readonly state: "starting" | "working" | "ended" | "lost";
  readonly pid: number | null;
  readonly claims: number;
  readonly spawnedAt: string;
  readonly heartbeatAt: string;
}

const SELECT =
  `SELECT id, kind, state, pid, claims, spawned_at AS spawnedAt, heartbeat_at AS heartbeatAt
  FROM workers`;

export function workerTable(db: DatabaseSync) {
  return {
    insert(kind: WorkerKind = "training"): number {
      const now = new Date().toISOString();
      const { lastInsertRowid } = db.prepare(
        "INSERT INTO workers (kind, state, spawned_at, heartbeat_at) VALUES (?, 'starting', ?, ?)",
      ).run(kind, now, now);
      return Number(lastInsertRowid);
    },

    /** Those that have not ended, as far as the store knows. */
    open(): WorkerRow[] {
      return db.prepare(`${SELECT} WHERE state IN ('starting', 'working') ORDER BY id`)
        .all() as unknown as WorkerRow[];
    },

    /** The newest ones of a kind, newest first. */
    newest(limit: number, kind: WorkerKind = "training"): WorkerRow[] {
      return db.prepare(`${SELECT} WHERE kind = ? ORDER BY id DESC LIMIT ?`)
        .all(kind, limit) as unknown as WorkerRow[];
    },

    setPid(id: number, pid: number): void {
      db.prepare("UPDATE workers SET pid = ? WHERE id = ?").run(pid, id);
    },

    /** False if it was given up before it came. */
    begin(id: number, pid: number): boolean {
      const { changes } = db.prepare(
        "UPDATE workers SET state = 'working', pid = ?, heartbeat_at = ? WHERE id = ? AND state = 'starting'",
      ).run(pid, new Date().toISOString(), id);
      return Number(changes) === 1;
    },

    countClaim(id: number): void {
      db.prepare("UPDATE workers SET claims = claims + 1 WHERE id = ?").run(id);
    },

    heartbeat(id: number): void {
      db.prepare("UPDATE workers SET heartbeat_at = ? WHERE id = ?")
        .run(new Date().toISOString(), id);
    },

    end(id: number, state: "ended" | "lost"): void {
      db.prepare("UPDATE workers SET state = ?, ended_at = ? WHERE id = ?")
        .run(state, new Date().toISOString(), id);
    },
  };
}

/** Thrown when a worker writes to a run that it does not own any more. */
export class LostRunError extends Error {
  override readonly name = "LostRunError";
}

/** Returns what a worker does to rows of a table that it has claimed. */
export function claimedRows(db: DatabaseSync, table: "runs" | "jobs") {
  const lost = (id: string) => new LostRunError(`${id} was taken from this worker`);
  return {
    /** @throws {LostRunError} If the worker does not own the row. */
    update(id: string, workerId: number, changes: Readonly<Record<string, SQLInputValue>>): void {
      const { changes: count } = db.prepare(
        `UPDATE ${table} SET ${Object.keys(changes).map((name) => `${name} = ?`).join(", ")}
         WHERE id = ? AND worker_id = ? AND status = 'running'`,
      ).run(...Object.values(changes), id, workerId);
      if (Number(count) === 0) throw lost(id);
    },

    /** @throws {LostRunError} If the worker does not own the row. */
    stopRequested(id: string, workerId: number): boolean {
      const row = db.prepare(
        `SELECT stop_requested FROM ${table} WHERE id = ? AND worker_id = ? AND status = 'running'`,
      ).get(id, workerId) as { stop_requested: number } | undefined;
      if (!row) throw lost(id);
      return row.stop_requested === 1;
    },
  };
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

/** @param byId Returns the run of an id. */
export function claimedRuns(db: DatabaseSync, byId: (id: string) => Run | null) {
  const claimed = claimedRows(db, "runs");
  return {
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
        return row ? byId(row.id) : null;
      });
    },

    /** Polled by the trainer at every step. @throws {LostRunError} */
    stopRequested(id: string, workerId: number): boolean {
      return claimed.stopRequested(id, workerId);
    },

    /** @throws {LostRunError} */
    setActivity(id: string, workerId: number, activity: string): void {
      claimed.update(id, workerId, { activity });
    },

    /** @throws {LostRunError} */
    setFacts(id: string, workerId: number, facts: RunFacts): void {
      claimed.update(id, workerId, {
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
      claimed.update(id, workerId, { step });
    },

    /** @throws {LostRunError} */
    end(
      id: string,
      workerId: number,
      status: "finished" | "stopped" | "interrupted" | "failed",
      error: string | null,
    ) {
      claimed.update(id, workerId, {
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
  };
}
