/**
 * The tables of the store, which may be queried: `sqlite3 workspace/lab.sqlite`.
 * Times are ISO 8601 in UTC, paths are relative to the workspace.
 */
import type { DatabaseSync } from "node:sqlite";
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

/** Returns the version of the tables of a database. */
export function schemaVersion(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/**
 * Brings the tables of a database to the newest version. Call it in a transaction.
 *
 * @param path Path of the database, for the message.
 * @throws {UserError} If they were made by a newer version.
 */
export function migrate(db: DatabaseSync, path: string): void {
  const version = schemaVersion(db);
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `${path} was made by a newer TextDiffusion (its tables are version ${version}, this program ` +
        `knows version ${SCHEMA_VERSION}): update the program or use another --workspace`,
    );
  }
  for (const changes of VERSIONS.slice(version)) db.exec(changes);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}
