/** Rows of `jobs`: requested samples and evaluations, and their progress. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { errorOfMarked } from "../../engine/host/mod.ts";
import type { DeviceName } from "../../engine/mod.ts";
import { nextId } from "./ids.ts";
import type { RunStatus } from "./run.ts";
import type { RunPlace } from "./runs.ts";
import { transaction } from "./schema.ts";
import { claimedRows } from "./workers.ts";

/** Kinds of jobs: a sample (images or texts), or an evaluation. */
export type JobKind = "sample" | "evaluate";

/**
 * A request to sample from or to evaluate a run, processed by a worker that outlives the caller. Its status has the
 * meaning of that of a {@link Run}: an interrupted job lost its process, and is continued when the same job is
 * requested again. Times are ISO 8601 strings in UTC.
 */
export interface Job {
  /** For example `job-0003`. */
  readonly id: string;
  readonly kind: JobKind;
  readonly runId: string;
  readonly status: RunStatus;
  /** Whether a running job was requested to stop. */
  readonly stopRequested: boolean;
  /** The request with defaults filled in. */
  readonly input: object;
  /** The requested device; null for the fastest one. */
  readonly requestedDevice: DeviceName | null;
  readonly dataDirectory: string | null;
  /** Progress; null before the first start. */
  readonly progress: JobProgress | null;
  /** Id of the resulting sample or evaluation; null until the job is finished. */
  readonly resultId: string | null;
  /** The error, and whether the caller can correct it; null unless the job failed. */
  readonly error: JobError | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface JobError {
  readonly message: string;
  /** The message with marks around the names of fields; see `markedMessage`. */
  readonly marked: string;
  readonly mendable: boolean;
}

/** Names a job in messages: "job-0003 (sample image-0001)". */
export function jobTitle({ id, kind, runId }: Pick<Job, "id" | "kind" | "runId">): string {
  return `${id} (${kind} ${runId})`;
}

/** Progress of a long operation. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  /** A description in one line. */
  readonly message: string;
}

export interface NewJob extends Pick<Job, "kind" | "runId" | "input"> {
  readonly place?: RunPlace | undefined;
}

export interface JobFilter {
  readonly runId?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** By default 50. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

interface JobRow {
  id: string;
  kind: JobKind;
  run_id: string;
  status: RunStatus;
  stop_requested: number;
  input: string;
  requested_device: DeviceName | null;
  data_directory: string | null;
  done: number | null;
  total: number | null;
  message: string | null;
  result_id: string | null;
  error: string | null;
  mendable: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

/** The end of a job. */
export type JobEnd =
  | { readonly status: "finished"; readonly resultId: string }
  | { readonly status: "stopped" | "interrupted" }
  | { readonly status: "failed"; readonly error: Omit<JobError, "message"> };

const NEWEST_STEP = "(SELECT max(step) FROM checkpoints WHERE checkpoints.run_id = jobs.run_id)";

export function jobTable(db: DatabaseSync) {
  const select = (tail: string, ...values: SQLInputValue[]): Job[] =>
    (db.prepare(`SELECT * FROM jobs ${tail}`).all(...values) as unknown as JobRow[]).map(jobOf);

  const claimed = claimedRows(db, "jobs");

  return {
    /**
     * Queues a job, or joins an identical one without a result, so that a caller that repeats its request after
     * a time-out gets the job of its first request.
     *
     * @returns The id of the job.
     */
    request({ kind, runId, input, place = {} }: NewJob): string {
      return transaction(db, () => {
        const now = new Date().toISOString();
        const asked = [
          kind,
          runId,
          JSON.stringify(input),
          place.device ?? null,
          place.dataDirectory ?? null,
        ];
        const [known] = select(
          `WHERE kind = ? AND run_id = ? AND input = ? AND requested_device IS ?
             AND data_directory IS ? AND status NOT IN ('finished', 'failed') AND stop_requested = 0
             AND (status <> 'running' OR checkpoint_step IS ${NEWEST_STEP})
           ORDER BY number DESC LIMIT 1`,
          ...asked,
        );
        if (known) {
          db.prepare(
            `UPDATE jobs SET status = 'queued', queued_at = ?, ended_at = NULL, worker_id = NULL
             WHERE id = ? AND status IN ('stopped', 'interrupted')`,
          ).run(now, known.id);
          return known.id;
        }
        const id = nextId(db, "job", {
          claim: (id) => select("WHERE id = ?", id).length === 0,
          largest: () => 0,
        });
        db.prepare(
          `INSERT INTO jobs (id, status, kind, run_id, input, requested_device, data_directory,
             created_at, queued_at)
           VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?)`,
        ).run(id, ...asked, now, now);
        return id;
      });
    },

    byId(id: string): Job | null {
      return select("WHERE id = ?", id)[0] ?? null;
    },

    /** Newest first. */
    list(
      { runId, status, limit = 50, offset = 0 }: JobFilter = {},
    ): { jobs: Job[]; total: number } {
      const asked = Object.entries({ run_id: runId, status })
        .filter((column): column is [string, string] => column[1] !== undefined);
      const where = asked.length === 0
        ? ""
        : `WHERE ${asked.map(([name]) => `${name} = ?`).join(" AND ")}`;
      const filter = asked.map(([, value]) => value);
      const { total } = db.prepare(`SELECT count(*) AS total FROM jobs ${where}`)
        .get(...filter) as { total: number };
      const tail = `${where} ORDER BY number DESC LIMIT ? OFFSET ?`;
      return { jobs: select(tail, ...filter, limit, offset), total };
    },

    /** Returns queued jobs in the order of processing: samples, which are short, before evaluations. */
    queued(): Job[] {
      return select("WHERE status = 'queued' ORDER BY kind = 'evaluate', queued_at, number");
    },

    running(): Job[] {
      return select("WHERE status = 'running' ORDER BY number");
    },

    /** Claims the first queued job for a worker, or returns null. */
    claim(workerId: number, kind?: JobKind): Job | null {
      return transaction(db, () => {
        const next = this.queued().find((job) => kind === undefined || job.kind === kind);
        if (!next) return null;
        db.prepare(
          `UPDATE jobs SET status = 'running', worker_id = ?, checkpoint_step = ${NEWEST_STEP},
             done = 0, total = 1, message = 'starting', stop_requested = 0,
             error = NULL, started_at = coalesce(started_at, ?)
           WHERE id = ?`,
        ).run(workerId, new Date().toISOString(), next.id);
        return this.byId(next.id);
      });
    },

    /** @throws {LostRunError} */
    setProgress(id: string, workerId: number, { done, total, message }: JobProgress): void {
      claimed.update(id, workerId, { done, total, message });
    },

    /** Cancels a queued job, or requests a running one to stop. */
    requestStop(id: string): void {
      db.prepare(
        `UPDATE jobs SET stop_requested = (status = 'running'),
           ended_at = CASE status WHEN 'queued' THEN ? ELSE ended_at END,
           status = CASE status WHEN 'queued' THEN 'stopped' ELSE status END
         WHERE id = ? AND status IN ('queued', 'running')`,
      ).run(new Date().toISOString(), id);
    },

    /** Polled while the job is processed. @throws {LostRunError} */
    stopRequested(id: string, workerId: number): boolean {
      return claimed.stopRequested(id, workerId);
    },

    /** @throws {LostRunError} */
    end(id: string, workerId: number, end: JobEnd): void {
      claimed.update(id, workerId, {
        status: end.status,
        result_id: end.status === "finished" ? end.resultId : null,
        error: end.status === "failed" ? end.error.marked : null,
        mendable: end.status === "failed" && end.error.mendable ? 1 : 0,
        stop_requested: 0,
        ended_at: new Date().toISOString(),
      });
    },

    /** Marks the jobs of a dead worker as interrupted; returns them. */
    interrupt(workerId: number): Job[] {
      const rows = db.prepare(
        `UPDATE jobs SET status = 'interrupted', stop_requested = 0,
           ended_at = (SELECT heartbeat_at FROM workers WHERE id = ?1)
         WHERE worker_id = ?1 AND status = 'running' RETURNING *`,
      ).all(workerId);
      return (rows as unknown as JobRow[]).map(jobOf);
    },
  };
}

function jobOf(row: JobRow): Job {
  const { done, total, message } = row;
  return {
    id: row.id,
    kind: row.kind,
    runId: row.run_id,
    status: row.status,
    stopRequested: row.stop_requested === 1,
    input: JSON.parse(row.input) as object,
    requestedDevice: row.requested_device,
    dataDirectory: row.data_directory,
    progress: done === null ? null : { done, total: total!, message: message! },
    resultId: row.result_id,
    error: row.error === null ? null : {
      message: errorOfMarked(row.error).message,
      marked: row.error,
      mendable: row.mendable === 1,
    },
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
