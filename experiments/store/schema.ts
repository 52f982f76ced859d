/**
 * The tables of the store, which may be queried: `sqlite3 workspace/lab.sqlite`.
 * Times are ISO 8601 in UTC, paths are relative to the workspace.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../../engine/host/mod.ts";

/** The migrations of the tables. */
const VERSIONS = [
  `
  CREATE TABLE sweeps (
    id TEXT PRIMARY KEY,
    request TEXT NOT NULL,             -- what was asked for, JSON
    created_at TEXT NOT NULL
  );
  CREATE TABLE workers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL CHECK (state IN ('starting', 'working', 'ended', 'lost')),
    pid INTEGER,
    claims INTEGER NOT NULL DEFAULT 0, -- runs it has taken up
    spawned_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL,
    ended_at TEXT
  );
  CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK
      (status IN ('queued', 'running', 'finished', 'stopped', 'interrupted', 'failed')),
    stop_requested INTEGER NOT NULL DEFAULT 0,
    activity TEXT,
    config TEXT NOT NULL,              -- JSON
    config_hash TEXT NOT NULL,
    group_hash TEXT NOT NULL,
    code_version TEXT NOT NULL,
    dataset_hash TEXT,
    device TEXT,
    parameter_count INTEGER,
    replicas INTEGER,
    trivial_mse REAL,
    sweep_id TEXT REFERENCES sweeps(id),
    label TEXT,
    step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL,
    samples_made INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    error TEXT,
    worker_id INTEGER REFERENCES workers(id)
  );
  CREATE INDEX runs_by_status ON runs (status, queued_at, number);
  CREATE INDEX runs_by_sweep ON runs (sweep_id);
  CREATE TABLE metrics (
    run_id TEXT NOT NULL REFERENCES runs(id),
    name TEXT NOT NULL,
    step INTEGER NOT NULL,             -- steps done when it was measured
    value REAL NOT NULL,
    PRIMARY KEY (run_id, name, step)
  ) WITHOUT ROWID;
  CREATE TABLE checkpoints (
    run_id TEXT NOT NULL REFERENCES runs(id),
    step INTEGER NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (run_id, step)
  ) WITHOUT ROWID;
  CREATE TABLE samples (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs(id),
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('contact-sheet', 'film-strip')),
    settings TEXT NOT NULL,            -- JSON
    path TEXT NOT NULL,
    seconds REAL NOT NULL,
    device TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX samples_by_run ON samples (run_id, number);
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    run_id TEXT,
    kind TEXT NOT NULL,
    message TEXT NOT NULL
  );`,
  `
  CREATE TABLE evaluations (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs(id),
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,             -- training step of the weights
    details TEXT NOT NULL,             -- settings, results and what produced them, JSON
    created_at TEXT NOT NULL,
    UNIQUE (run_id, number)
  ) WITHOUT ROWID;`,
  `
  CREATE TABLE texts (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs(id),
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,             -- training step of the weights
    details TEXT NOT NULL,             -- settings, texts and film, JSON
    created_at TEXT NOT NULL,
    UNIQUE (run_id, number)
  ) WITHOUT ROWID;`,
  `ALTER TABLE runs ADD COLUMN pictures TEXT; -- height, width, channels and class names, JSON`,
  `
  CREATE TABLE counters (
    name TEXT PRIMARY KEY,             -- what comes before the number of an id: image, text-0001-sample
    last INTEGER NOT NULL              -- the last number that was given
  ) WITHOUT ROWID;
  CREATE INDEX runs_by_group ON runs (group_hash);
  CREATE INDEX events_by_run ON events (run_id, kind);
  -- Events outlive runs that were deleted by hand.
  INSERT INTO counters (name, last)
  SELECT substr(id, 1, instr(id, '-') - 1), max(CAST(substr(id, instr(id, '-') + 1) AS INTEGER))
  FROM (SELECT id FROM runs UNION SELECT run_id FROM events UNION SELECT id FROM sweeps
        UNION SELECT sweep_id FROM runs)
  WHERE id LIKE '%-%' GROUP BY 1;`,
  `ALTER TABLE runs ADD COLUMN device_choice TEXT; -- why its device, and what was measured, JSON`,
  `ALTER TABLE runs RENAME COLUMN trivial_mse TO baseline;
  UPDATE metrics SET name = 'examples_per_second'
  WHERE name IN ('images_per_second', 'windows_per_second');`,
  `ALTER TABLE runs ADD COLUMN requested_device TEXT;  -- null: the one that trains it soonest
  ALTER TABLE runs ADD COLUMN data_directory TEXT; -- where its data is at hand; null: nowhere
  -- Until this version a run's data came from the folder of the program that started its worker, which was not
  -- recorded. '' marks runs that still need one.
  UPDATE runs SET data_directory = '' WHERE status <> 'finished';`,
  `ALTER TABLE workers ADD COLUMN kind TEXT NOT NULL DEFAULT 'training'; -- or 'jobs'
  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('sample', 'evaluate')),
    run_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK
      (status IN ('queued', 'running', 'finished', 'stopped', 'interrupted', 'failed')),
    stop_requested INTEGER NOT NULL DEFAULT 0,
    input TEXT NOT NULL,               -- what was requested, with its defaults, JSON
    requested_device TEXT,             -- null: the one that does it soonest
    data_directory TEXT,
    checkpoint_step INTEGER,           -- the run's newest checkpoint when it was started
    done REAL,
    total REAL,
    message TEXT,                      -- what goes on
    result_id TEXT,                    -- of the sample or evaluation
    error TEXT,
    mendable INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    worker_id INTEGER REFERENCES workers(id)
  );
  CREATE INDEX jobs_by_status ON jobs (status, queued_at, number);
  CREATE INDEX jobs_by_run ON jobs (run_id);`,
  // What is made of pretrained runs, which have no rows here, refers to them too.
  `
  CREATE TABLE samples_of_any (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('contact-sheet', 'film-strip')),
    settings TEXT NOT NULL,            -- JSON
    path TEXT NOT NULL,
    seconds REAL NOT NULL,
    device TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO samples_of_any SELECT id, run_id, number, step, kind, settings, path, seconds, device,
    created_at FROM samples;
  DROP TABLE samples;
  ALTER TABLE samples_of_any RENAME TO samples;
  CREATE INDEX samples_by_run ON samples (run_id, number);
  ${
    ["evaluations", "texts"].map((name) => `
  CREATE TABLE ${name}_of_any (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,             -- training step of the weights
    details TEXT NOT NULL,             -- settings and what was made, JSON
    created_at TEXT NOT NULL,
    UNIQUE (run_id, number)
  ) WITHOUT ROWID;
  INSERT INTO ${name}_of_any SELECT id, run_id, number, step, details, created_at FROM ${name};
  DROP TABLE ${name};
  ALTER TABLE ${name}_of_any RENAME TO ${name};`).join("")
  }`,
] as const;

/** Version of the tables, recorded in every store. */
export const SCHEMA_VERSION = VERSIONS.length;

/** Number of statements that stay prepared: to prepare one takes longer than to execute most of them. */
const MOST_STATEMENTS = 200;

/** A database whose statements are prepared once. Every execution is finished before the next one begins. */
class Database extends DatabaseSync {
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
}

/** Milliseconds that a statement waits for the transaction of another process. */
const BUSY_TIMEOUT = 10_000;

/**
 * Opens `lab.sqlite` in the workspace, making both if they are missing.
 *
 * @throws {UserError} If the workspace cannot be made or written to, the file is not ours, or it was
 * made by a newer version.
 */
export function openDatabase(workspace: string): DatabaseSync {
  const path = join(workspace, "lab.sqlite");
  const db = openFile(workspace, path);
  try {
    useWriteAheadLog(db);
    // In WAL mode NORMAL survives the death of any process; only a power cut can lose the last
    // transactions, and never the file.
    db.exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    if (schemaVersion(db) !== SCHEMA_VERSION) transaction(db, () => migrate(db, path));
    return db;
  } catch (error) {
    db.close();
    if (error instanceof Error && /not a database|malformed/.test(error.message)) {
      throw new UserError(
        `${path} is not a store of TextDiffusion (${error.message}): move it away or use another --workspace`,
      );
    }
    throw explainedFailure(workspace, error);
  }
}

function openFile(workspace: string, path: string): DatabaseSync {
  try {
    if (!existsSync(workspace)) mkdirSync(workspace, { recursive: true });
    return new Database(path, { timeout: BUSY_TIMEOUT });
  } catch (error) {
    throw explainedFailure(workspace, error);
  }
}

/** Converts errors that the user can correct to user errors. */
function explainedFailure(workspace: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const isDenied = error instanceof Deno.errors.NotCapable ||
    /^E(?!RR_)/.test(String(Object(error).code)) ||
    /unable to open|readonly|disk/.test(error.message);
  if (!isDenied) return error;
  return new UserError(
    `The workspace ${workspace} cannot be used (${error.message}): it must be a folder that this ` +
      "program may write to; use another --workspace",
  );
}

/**
 * Runs `work` in one transaction that takes the write lock at once, so that what it reads cannot
 * change before it writes. Within a transaction it joins that one.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) return work();
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** Switches to WAL mode, which needs exclusive access and does not wait for it. */
function useWriteAheadLog(db: DatabaseSync): void {
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

function schemaVersion(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function migrate(db: DatabaseSync, path: string): void {
  const version = schemaVersion(db);
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `${path} was made by a newer TextDiffusion (its tables are version ${version}, this program ` +
        `knows version ${SCHEMA_VERSION}): update the program or use another --workspace`,
    );
  }
  for (const changes of VERSIONS.slice(version)) db.exec(changes);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}
