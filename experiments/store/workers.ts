/** Rows of `workers`: processes that train, and processes that do jobs. At most one of each kind is
 * open at a time. */
import type { DatabaseSync } from "node:sqlite";

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
