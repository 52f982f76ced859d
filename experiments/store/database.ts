/**
 * The database of a workspace: opening it, executing statements and numbering; and the rows of `workers`, with what a
 * worker does to the rows of other tables that it has claimed.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { UserError } from "../../engine/host/mod.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";

/** Number of statements that stay prepared: to prepare one takes longer than to execute most of them. */
const MOST_STATEMENTS = 200;
/** Milliseconds that a statement waits for the transaction of another process. */
const BUSY_TIMEOUT = 10_000;

/** Values of a row by the names of its fields, which are those of the columns in camel case. */
type Fields = Readonly<Record<string, SQLInputValue>>;

/** Returns the name of the column of a field: `run_id` for `runId`. */
function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Returns the columns of fields, whose names are separated by spaces, for a SELECT: `run_id AS runId`. */
export function columnsOf(fields: string): string {
  return fields.trim().split(/\s+/).map((field) => `${columnOf(field)} AS ${field}`).join(", ");
}

/** A database whose statements are prepared once. Every execution is finished before the next one begins. */
export class Database extends DatabaseSync {
  readonly #prepared = new Map<string, StatementSync>();

  override prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = super.prepare(sql);
    this.#prepared.set(sql, statement);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > MOST_STATEMENTS) this.#prepared.delete(oldest!);
    return statement;
  }

  /** Returns the rows of a query. Their type is that which the query selects. */
  rows<Row extends object>(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.prepare(sql).all(...values).map((row) => ({ ...row } as Row));
  }

  /** Returns the first row of a query, undefined if there is none. */
  row<Row extends object>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    const row = this.prepare(sql).get(...values);
    return row && { ...row } as Row;
  }

  /** Returns how many rows of a table a condition holds for. */
  count(table: string, condition: string, ...values: readonly SQLInputValue[]): number {
    const sql = `SELECT count(*) AS count FROM ${table} WHERE ${condition}`;
    return this.row<{ count: number }>(sql, ...values)!.count;
  }

  /** Executes a statement. Returns the number of rows that it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.prepare(sql).run(...values).changes);
  }

  /** Inserts a row. Returns its `rowid`. */
  insert(table: string, fields: Fields): number {
    const columns = Object.keys(fields).map(columnOf);
    const { lastInsertRowid } = this.prepare(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    ).run(...Object.values(fields));
    return Number(lastInsertRowid);
  }

  /**
   * Runs `work` in one transaction that takes the write lock at once, so that what it reads cannot
   * change before it writes. Within a transaction it joins that one.
   */
  transaction<T>(work: () => T): T {
    if (this.isTransaction) return work();
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.isTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Takes the next number of what is counted under a name. It is larger than all that were taken before, so that what
   * was deleted by hand leaves a gap. Call it in a transaction.
   *
   * @param least The smallest number that is free otherwise.
   */
  nextNumber(name: string, least = 1): number {
    const counter = this.row<{ last: number }>("SELECT last FROM counters WHERE name = ?", name);
    const number = Math.max((counter?.last ?? 0) + 1, least);
    this.run("INSERT OR REPLACE INTO counters (name, last) VALUES (?, ?)", name, number);
    return number;
  }
}

/** Returns an id with a number of at least four digits: "image-0012". */
export function numberedId(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(4, "0")}`;
}

/**
 * Opens `lab.sqlite` in the workspace, making both if they are missing.
 *
 * @throws {UserError} If the workspace cannot be made or written to, the file is not ours, or it was
 * made by a newer version.
 */
export function openDatabase(workspace: string): Database {
  const path = join(workspace, "lab.sqlite");
  let db: Database | undefined;
  try {
    if (!existsSync(workspace)) mkdirSync(workspace, { recursive: true });
    db = new Database(path, { timeout: BUSY_TIMEOUT });
    useWriteAheadLog(db);
    // In WAL mode NORMAL survives the death of any process; only a power cut can lose the last
    // transactions, and never the file.
    db.exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    if (schemaVersion(db) !== SCHEMA_VERSION) db.transaction(() => migrate(db!, path));
    return db;
  } catch (error) {
    db?.close();
    throw explainedFailure(workspace, path, error);
  }
}

/** Converts errors that the user can correct to user errors. */
function explainedFailure(workspace: string, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  if (/not a database|malformed/.test(error.message)) {
    return new UserError(
      `${path} is not a store of TextDiffusion (${error.message}): move it away or use another --workspace`,
    );
  }
  const isDenied = error instanceof Deno.errors.NotCapable ||
    /^E(?!RR_)/.test(String(Object(error).code)) ||
    /unable to open|readonly|disk/.test(error.message);
  if (!isDenied) return error;
  return new UserError(
    `The workspace ${workspace} cannot be used (${error.message}): it must be a folder that this ` +
      "program may write to; use another --workspace",
  );
}

/** Switches to WAL mode, which needs exclusive access and does not wait for it. */
function useWriteAheadLog(db: Database): void {
  const deadline = Date.now() + BUSY_TIMEOUT;
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      const busy = error instanceof Error && /locked|busy/.test(error.message);
      if (!busy || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
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

const SELECT_WORKERS = `SELECT ${
  columnsOf("id kind state pid claims spawnedAt heartbeatAt")
} FROM workers`;

/** Milliseconds between two heartbeats of a worker. */
const HEARTBEAT_EVERY = 1000;

export function workerTable(db: Database) {
  const beatAt = new Map<number, number>();
  return {
    insert(kind: WorkerKind = "training"): number {
      const now = new Date().toISOString();
      return db.insert("workers", { kind, state: "starting", spawnedAt: now, heartbeatAt: now });
    },

    /** Those that have not ended, as far as the store knows. */
    open(): WorkerRow[] {
      return db.rows(`${SELECT_WORKERS} WHERE state IN ('starting', 'working') ORDER BY id`);
    },

    /** The newest ones of a kind, newest first. */
    newest(limit: number, kind: WorkerKind = "training"): WorkerRow[] {
      return db.rows(`${SELECT_WORKERS} WHERE kind = ? ORDER BY id DESC LIMIT ?`, kind, limit);
    },

    setPid(id: number, pid: number): void {
      db.run("UPDATE workers SET pid = ? WHERE id = ?", pid, id);
    },

    /** Returns false if the worker was given up before its process began. */
    begin(id: number, pid: number): boolean {
      const now = new Date().toISOString();
      return db.run(
        "UPDATE workers SET state = 'working', pid = ?, heartbeat_at = ? WHERE id = ? AND state = 'starting'",
        pid,
        now,
        id,
      ) === 1;
    },

    /** Records that a worker is alive, at most every second. Returns whether it did. */
    heartbeat(id: number): boolean {
      const now = Date.now();
      if (now - (beatAt.get(id) ?? 0) < HEARTBEAT_EVERY) return false;
      beatAt.set(id, now);
      db.run("UPDATE workers SET heartbeat_at = ? WHERE id = ?", new Date(now).toISOString(), id);
      return true;
    },

    end(id: number, state: "ended" | "lost"): void {
      const now = new Date().toISOString();
      db.run("UPDATE workers SET state = ?, ended_at = ? WHERE id = ?", state, now, id);
    },
  };
}

/** Thrown when a worker writes to a run or job that it does not own any more. */
export class LostRunError extends Error {
  override readonly name = "LostRunError";
}

/** Returns what a worker does to rows of a table that it has claimed. */
export function claimedRows(db: Database, table: "runs" | "jobs") {
  const owned = "id = ? AND worker_id = ? AND status = 'running'";
  const lost = (id: string) => new LostRunError(`${id} was taken from this worker`);
  return {
    /** Counts that a worker has claimed a row. */
    count(workerId: number): void {
      db.run("UPDATE workers SET claims = claims + 1 WHERE id = ?", workerId);
    },

    /** @throws {LostRunError} If the worker does not own the row. */
    update(id: string, workerId: number, changes: Fields): void {
      const set = Object.keys(changes).map((field) => `${columnOf(field)} = ?`).join(", ");
      const sql = `UPDATE ${table} SET ${set} WHERE ${owned}`;
      if (db.run(sql, ...Object.values(changes), id, workerId) === 0) throw lost(id);
    },

    /** @throws {LostRunError} If the worker does not own the row. */
    stopRequested(id: string, workerId: number): boolean {
      const sql = `SELECT stop_requested AS requested FROM ${table} WHERE ${owned}`;
      const row = db.row<{ requested: number }>(sql, id, workerId);
      if (!row) throw lost(id);
      return row.requested === 1;
    },
  };
}
