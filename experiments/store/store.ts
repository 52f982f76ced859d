/** The store of a workspace, and the only place with SQL: `lab.sqlite`, shared by any number of
 * processes. */
import { resolve } from "node:path";
import {
  checkpointTable,
  evaluationTable,
  newestSamples,
  sampleTable,
  textTable,
} from "./results.ts";
import { eventTable, metricTable } from "./metrics.ts";
import { jobTable } from "./jobs.ts";
import { runTable } from "./runs.ts";
import { openDatabase, transaction } from "./schema.ts";
import { withPretrained } from "./study.ts";
import type { DatabaseSync } from "node:sqlite";

export { LostRunError, type RunFacts } from "./runs.ts";
export { SCHEMA_VERSION } from "./schema.ts";
export type { MetricRow } from "./metrics.ts";

/** Typed access to the tables; every method is one statement or one transaction. */
export type Store = ReturnType<typeof openStore>;

/**
 * Opens the store of a workspace, making it if it is missing. It opens whatever happened to the
 * processes that wrote to it before.
 *
 * @throws {UserError} If the file is not ours, or was made by a newer version.
 */
export function openStore(workspace: string) {
  const folder = resolve(workspace);
  const db = openDatabase(folder);
  const metrics = metricTable(db);
  return withPretrained({
    workspace: folder,
    runs: runTable(db, folder, metrics.latest),
    metrics,
    checkpoints: checkpointTable(db, folder),
    samples: sampleTable(db, folder),
    evaluations: evaluationTable(db),
    texts: textTable(db),
    newestSamples: (runs: number) => newestSamples(db, runs),
    jobs: jobTable(db),
    events: eventTable(db),
    workers: workerTable(db),
    /** One transaction around several calls. */
    transaction: <T>(work: () => T): T => transaction(db, work),
    close: (): void => db.close(),
  });
}

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

function workerTable(db: DatabaseSync) {
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
