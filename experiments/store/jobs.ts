/** Rows of `jobs`: requested samples and evaluations, and their progress. */
import type { SQLInputValue } from "node:sqlite";
import { errorOfMarked } from "../../engine/host/mod.ts";
import type { DeviceName } from "../../engine/mod.ts";
import { claimedRows, columnsOf, type Database, numberedId } from "./database.ts";
import type { ExecutionOptions, RunStatus } from "./run.ts";

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

interface JobError {
  readonly message: string;
  /** The message with marks around the names of fields; see `markedMessage`. */
  readonly marked: string;
  readonly mendable: boolean;
}

/** Names a job in messages: "job-0003 (sample image-0001)". */
export function jobTitle({ id, kind, runId }: Pick<Job, "id" | "kind" | "runId">): string {
  return `${id} (${kind} ${runId})`;
}

/** The least share of a job that has to be done before the time that is left can be estimated. */
const TELLING_SHARE = 0.05;

/** Returns the share of a job that is done, 0 to 1, and the estimated seconds that are left, where that can be told. */
export function remainingOf(
  { progress, startedAt }: Pick<Job, "progress" | "startedAt">,
): { readonly share: number; readonly seconds: number | null } {
  const { done, total } = progress ?? { done: 0, total: 1 };
  const share = total > 0 ? Math.min(1, done / total) : 0;
  if (startedAt === null || share <= TELLING_SHARE || share === 1) return { share, seconds: null };
  return { share, seconds: (Date.now() - Date.parse(startedAt)) / 1000 * (1 / share - 1) };
}

/** Progress of a long operation. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  /** A description in one line. */
  readonly message: string;
}

interface NewJob extends Pick<Job, "kind" | "runId" | "input"> {
  readonly execution?: ExecutionOptions | undefined;
}

export interface JobFilter {
  readonly runId?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** By default 50. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** A row with {@link COLUMNS}. */
interface JobRow extends Omit<Job, "stopRequested" | "input" | "progress" | "error"> {
  readonly stopRequested: number;
  readonly input: string;
  readonly done: number | null;
  readonly total: number;
  readonly message: string;
  readonly error: string | null;
  readonly mendable: number;
}

const COLUMNS = columnsOf(
  `id kind runId status stopRequested input requestedDevice dataDirectory resultId error createdAt
   startedAt endedAt done total message mendable`,
);

/** The end of a job. */
export type JobEnd =
  | { readonly status: "finished"; readonly resultId: string }
  | { readonly status: "stopped" | "interrupted" }
  | { readonly status: "failed"; readonly error: Omit<JobError, "message"> };

const NEWEST_STEP = "(SELECT max(step) FROM checkpoints WHERE checkpoints.run_id = jobs.run_id)";

export function jobTable(db: Database) {
  const select = (tail: string, ...values: SQLInputValue[]): Job[] =>
    db.rows<JobRow>(`SELECT ${COLUMNS} FROM jobs ${tail}`, ...values).map(jobOf);

  const claimed = claimedRows(db, "jobs");

  return {
    /**
     * Queues a job, or joins an identical one without a result, so that a caller that repeats its request after
     * a time-out gets the job of its first request.
     *
     * @returns The id of the job.
     */
    request({ kind, runId, input: request, execution = {} }: NewJob): string {
      return db.transaction(() => {
        const now = new Date().toISOString();
        const { device: requestedDevice = null, dataDirectory = null } = execution;
        const input = JSON.stringify(request);
        const [known] = select(
          `WHERE kind = ? AND run_id = ? AND input = ? AND requested_device IS ?
             AND data_directory IS ? AND status NOT IN ('finished', 'failed') AND stop_requested = 0
             AND (status <> 'running' OR checkpoint_step IS ${NEWEST_STEP})
           ORDER BY number DESC LIMIT 1`,
          kind,
          runId,
          input,
          requestedDevice,
          dataDirectory,
        );
        if (known) {
          db.run(
            `UPDATE jobs SET status = 'queued', queued_at = ?, ended_at = NULL, worker_id = NULL
             WHERE id = ? AND status IN ('stopped', 'interrupted')`,
            now,
            known.id,
          );
          return known.id;
        }
        const id = numberedId("job", db.nextNumber("job"));
        db.insert("jobs", {
          id,
          status: "queued",
          kind,
          runId,
          input,
          requestedDevice,
          dataDirectory,
          createdAt: now,
          queuedAt: now,
        });
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
      const condition = "run_id = coalesce(?, run_id) AND status = coalesce(?, status)";
      const values = [runId ?? null, status ?? null];
      const tail = `WHERE ${condition} ORDER BY number DESC LIMIT ? OFFSET ?`;
      const total = db.count("jobs", condition, ...values);
      return { jobs: select(tail, ...values, limit, offset), total };
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
      return db.transaction(() => {
        const next = this.queued().find((job) => kind === undefined || job.kind === kind);
        if (!next) return null;
        db.run(
          `UPDATE jobs SET status = 'running', worker_id = ?, checkpoint_step = ${NEWEST_STEP},
             done = 0, total = 1, message = 'starting', stop_requested = 0,
             error = NULL, started_at = coalesce(started_at, ?)
           WHERE id = ?`,
          workerId,
          new Date().toISOString(),
          next.id,
        );
        claimed.count(workerId);
        return this.byId(next.id);
      });
    },

    /** @throws {LostRunError} */
    setProgress(id: string, workerId: number, { done, total, message }: JobProgress): void {
      claimed.update(id, workerId, { done, total, message });
    },

    /** Cancels a queued job, or requests a running one to stop. */
    requestStop(id: string): void {
      db.run(
        `UPDATE jobs SET stop_requested = (status = 'running'),
           ended_at = CASE status WHEN 'queued' THEN ? ELSE ended_at END,
           status = CASE status WHEN 'queued' THEN 'stopped' ELSE status END
         WHERE id = ? AND status IN ('queued', 'running')`,
        new Date().toISOString(),
        id,
      );
    },

    /** Polled while the job is processed. @throws {LostRunError} */
    stopRequested: claimed.stopRequested,

    /** @throws {LostRunError} */
    end(id: string, workerId: number, end: JobEnd): void {
      claimed.update(id, workerId, {
        status: end.status,
        resultId: end.status === "finished" ? end.resultId : null,
        error: end.status === "failed" ? end.error.marked : null,
        mendable: end.status === "failed" && end.error.mendable ? 1 : 0,
        stopRequested: 0,
        endedAt: new Date().toISOString(),
      });
    },

    /** Marks the jobs of a dead worker as interrupted; returns them. */
    interrupt(workerId: number): Job[] {
      return db.rows<JobRow>(
        `UPDATE jobs SET status = 'interrupted', stop_requested = 0,
           ended_at = (SELECT heartbeat_at FROM workers WHERE id = ?1)
         WHERE worker_id = ?1 AND status = 'running' RETURNING ${COLUMNS}`,
        workerId,
      ).map(jobOf);
    },
  };
}

function jobOf({ done, total, message, mendable, ...row }: JobRow): Job {
  return {
    ...row,
    stopRequested: row.stopRequested === 1,
    input: JSON.parse(row.input) as object,
    progress: done === null ? null : { done, total, message },
    error: row.error === null ? null : {
      message: errorOfMarked(row.error).message,
      marked: row.error,
      mendable: mendable === 1,
    },
  };
}
