/** Rows of `checkpoints`, `samples` and `evaluations`. */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { nextNumber } from "./ids.ts";
import { transaction } from "./schema.ts";
import { knownModalities } from "../config/configuration.ts";

export function checkpointTable(db: DatabaseSync, workspace: string) {
  return {
    /** @param path Relative to the workspace. */
    insert(runId: string, step: number, path: string, bytes: number): void {
      db.prepare(
        "INSERT OR REPLACE INTO checkpoints (run_id, step, path, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
      ).run(runId, step, path, bytes, new Date().toISOString());
    },

    /** Newest first. */
    list(runId: string): Checkpoint[] {
      const rows = db.prepare("SELECT * FROM checkpoints WHERE run_id = ? ORDER BY step DESC")
        .all(runId) as unknown as (Record<"run_id" | "path" | "created_at", string> & {
          step: number;
          bytes: number;
        })[];
      return rows.map((row) => ({
        runId: row.run_id,
        step: row.step,
        path: join(workspace, row.path),
        bytes: row.bytes,
        createdAt: row.created_at,
      }));
    },

    delete(runId: string, step: number): void {
      db.prepare("DELETE FROM checkpoints WHERE run_id = ? AND step = ?").run(runId, step);
    },
  };
}

interface SampleRow {
  id: string;
  run_id: string;
  step: number;
  kind: FileSample["kind"];
  settings: string;
  path: string;
  seconds: number;
  device: string;
  created_at: string;
}

export interface NewSample extends Omit<FileSample, "createdAt"> {
  readonly number: number;
}

export function sampleTable(db: DatabaseSync, workspace: string) {
  const sampleOf = (row: SampleRow): FileSample => {
    const { network_evaluations, ...settings } = JSON.parse(row.settings) as
      & FileSample["settings"]
      & {
        network_evaluations?: number;
        steps: number;
        guidance_scale: number;
      };
    // Older rows have no number of evaluations; their samplers evaluated the network once in a step.
    const guided = settings.guidance_scale !== 0 && settings.guidance_scale !== 1;
    return {
      id: row.id,
      runId: row.run_id,
      step: row.step,
      kind: row.kind,
      settings,
      networkEvaluations: network_evaluations ?? settings.steps * (guided ? 2 : 1),
      path: join(workspace, row.path),
      seconds: row.seconds,
      device: row.device,
      createdAt: row.created_at,
    };
  };
  return {
    /** @param sample Its path is relative to the workspace. */
    insert(sample: NewSample): void {
      db.prepare(
        `INSERT INTO samples (id, run_id, number, step, kind, settings, path, seconds, device, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        sample.id,
        sample.runId,
        sample.number,
        sample.step,
        sample.kind,
        JSON.stringify({ ...sample.settings, network_evaluations: sample.networkEvaluations }),
        sample.path,
        sample.seconds,
        sample.device,
        new Date().toISOString(),
      );
    },

    byId(id: string): FileSample | null {
      const row = db.prepare("SELECT * FROM samples WHERE id = ?").get(id);
      return row ? sampleOf(row as unknown as SampleRow) : null;
    },

    /** Oldest first. */
    list(runId: string): FileSample[] {
      const rows = db.prepare("SELECT * FROM samples WHERE run_id = ? ORDER BY number").all(runId);
      return (rows as unknown as SampleRow[]).map(sampleOf);
    },

    delete(id: string): void {
      db.prepare("DELETE FROM samples WHERE id = ?").run(id);
    },
  };
}

/** A sample of images or of text, as lists name it. */
export interface ListedSample {
  readonly id: string;
  readonly runId: string;
  readonly step: number;
  readonly kind: FileSample["kind"] | "text";
}

/** Returns the samples of the newest runs, run by run, the newest first. */
export function newestSamples(db: DatabaseSync, runs: number): ListedSample[] {
  const rows = db.prepare(
    `WITH newest AS (SELECT id, number FROM runs ORDER BY number DESC LIMIT ?)
     SELECT made.id, run_id AS runId, step, kind FROM newest JOIN (
       SELECT id, run_id, number, step, kind FROM samples
       UNION ALL SELECT id, run_id, number, step, 'text' FROM texts
     ) made ON made.run_id = newest.id
     ORDER BY newest.number DESC, made.number DESC`,
  ).all(runs);
  return (rows as unknown as ListedSample[]).map((row) => ({ ...row }));
}

/** A row of a table whose records are JSON but for what they are found by. */
interface RecordRow {
  id: string;
  run_id: string;
  step: number;
  details: string;
  created_at: string;
}

/** A record before it has an id, with whatever else its modality records. */
export type NewRecord<Kept extends RowSample | Evaluation> = Omit<Kept, "id" | "createdAt">;

/**
 * Returns the operations of such a table.
 *
 * @param kind Of the records, in their ids.
 * @param defaults Fields that the oldest records lack.
 */
function recordTable<Kept extends RowSample | Evaluation>(
  db: DatabaseSync,
  table: "texts" | "evaluations",
  kind: "sample" | "evaluation",
  defaults: () => object = () => ({}),
) {
  const recordOf = (row: unknown): Kept => {
    const { id, run_id: runId, step, details, created_at: createdAt } = row as RecordRow;
    return { ...defaults(), ...JSON.parse(details), id, runId, step, createdAt } as Kept;
  };
  return {
    /** Numbers a record within its run; returns its id. */
    insert<Made extends NewRecord<Kept>>(record: Made): string {
      const { runId, step, ...details } = record;
      return transaction(db, () => {
        const { largest } = db.prepare(
          `SELECT coalesce(max(number), 0) AS largest FROM ${table} WHERE run_id = ?`,
        ).get(runId) as { largest: number };
        const { number, id } = nextNumber(db, runId, kind, largest);
        db.prepare(
          `INSERT INTO ${table} (id, run_id, number, step, details, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        ).run(id, runId, number, step, JSON.stringify(details), new Date().toISOString());
        return id;
      });
    },

    byId(id: string): Kept | null {
      const row = db.prepare(`SELECT * FROM ${table} WHERE id = ?`).get(id);
      return row ? recordOf(row) : null;
    },

    /** Oldest first. */
    list(runId: string): Kept[] {
      return db.prepare(`SELECT * FROM ${table} WHERE run_id = ? ORDER BY number`)
        .all(runId).map(recordOf);
    },
  };
}

export function textTable(db: DatabaseSync) {
  return {
    ...recordTable<RowSample>(db, "texts", "sample"),

    /** Deletes samples that training made after a step. */
    deleteWrittenAfter(runId: string, step: number): void {
      db.prepare(
        `DELETE FROM texts
         WHERE run_id = ? AND step > ? AND details ->> '$.settings.made_by' = 'training'`,
      ).run(runId, step);
    },
  };
}

export function evaluationTable(db: DatabaseSync) {
  // The oldest records name no modality: there was only the first one.
  const defaults = () => ({ modality: knownModalities()[0]!.name });
  return {
    ...recordTable<Evaluation>(db, "evaluations", "evaluation", defaults),

    /** Deletes evaluations that training made after a step, which will be repeated. */
    deleteMeasuredAfter(runId: string, step: number): void {
      db.prepare(
        `DELETE FROM evaluations
         WHERE run_id = ? AND step > ? AND details ->> '$.madeBy' = 'training'`,
      ).run(runId, step);
    },
  };
}

/** A sample whose tensors are kept in a file. Each modality knows its settings and tensors. */
export interface FileSample {
  /** For example `image-0012-sample-003`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly kind: "contact-sheet" | "film-strip";
  readonly settings: { readonly made_by?: "request" | "training" };
  /** Evaluations of the network for each example; a guided one counts twice. */
  readonly networkEvaluations: number;
  /** Absolute path of the safetensors file; pictures drawn from it may be cached beside. */
  readonly path: string;
  /** Seconds of sampling, without start-up and compilation. */
  readonly seconds: number;
  readonly device: string;
  readonly createdAt: string;
}

/** A sample that is a row by itself. Each modality adds fields of its own. */
export interface RowSample {
  /** For example `text-0003-sample-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  readonly settings: { readonly made_by?: "request" | "training" };
  readonly createdAt: string;
}

export interface Checkpoint {
  readonly runId: string;
  readonly step: number;
  /** Absolute path of the safetensors file. */
  readonly path: string;
  readonly bytes: number;
  readonly createdAt: string;
}

/** An evaluation; each modality knows its settings and results. */
export interface Evaluation {
  /** For example `image-0012-evaluation-001`. */
  readonly id: string;
  readonly runId: string;
  /** Training step of the weights. */
  readonly step: number;
  /** Evaluations of the network for each picture or text; guidance takes two for each step. */
  readonly networkEvaluations: number;
  /** Seconds of drawing all pictures or texts, without start-up and compilation. */
  readonly samplingSeconds: number;
  readonly measuringSeconds: number;
  readonly datasetHash: string;
  readonly configHash: string;
  /** Version of the evaluating code. */
  readonly codeVersion: string;
  readonly device: string;
  readonly createdAt: string;
  readonly modality: string;
  readonly settings: object;
  readonly results: object;
  /** Undefined if it was requested with `evaluate`. */
  readonly madeBy?: "training";
}
