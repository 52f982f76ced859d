/** Rows of `checkpoints`, `samples`, `texts` and `evaluations`. */
import { join } from "node:path";
import { knownModalities } from "../config/configuration.ts";
import { columnsOf, type Database } from "./database.ts";
import { isPretrained } from "./run.ts";

const CHECKPOINT = columnsOf("runId step path bytes createdAt");

export function checkpointTable(db: Database, workspace: string) {
  return {
    /** @param path Relative to the workspace. */
    insert(runId: string, step: number, path: string, bytes: number): void {
      db.run(
        "INSERT OR REPLACE INTO checkpoints (run_id, step, path, bytes, created_at) VALUES (?, ?, ?, ?, ?)",
        runId,
        step,
        path,
        bytes,
        new Date().toISOString(),
      );
    },

    /** Newest first. */
    list(runId: string): Checkpoint[] {
      return db.rows<Checkpoint>(
        `SELECT ${CHECKPOINT} FROM checkpoints WHERE run_id = ? ORDER BY step DESC`,
        runId,
      ).map((row) => ({ ...row, path: join(workspace, row.path) }));
    },

    delete(runId: string, step: number): void {
      db.run("DELETE FROM checkpoints WHERE run_id = ? AND step = ?", runId, step);
    },
  };
}

/** Numbers up to this one are those of what is published with a pretrained run. */
const PUBLISHED = 100;

/**
 * Takes the next number of a kind of result of a run. Call it in a transaction.
 *
 * @param largest The largest number that is in use.
 */
export function nextResultNumber(
  db: Database,
  runId: string,
  kind: "sample" | "evaluation",
  largest = 0,
): number {
  const published = isPretrained(runId) ? PUBLISHED : 0;
  return db.nextNumber(`${runId}-${kind}`, Math.max(largest, published) + 1);
}

/** Returns the id of a result, which is also the name of a file: "image-0012-sample-003". */
export function resultId(runId: string, kind: "sample" | "evaluation", number: number): string {
  return `${runId.replace("/", "-")}-${kind}-${String(number).padStart(3, "0")}`;
}

const SAMPLE = columnsOf("id runId step kind settings path seconds device createdAt");

interface NewSample extends Omit<FileSample, "createdAt"> {
  readonly number: number;
}

export function sampleTable(db: Database, workspace: string) {
  const select = (tail: string, value: string): FileSample[] =>
    db.rows<FileSample & { settings: string }>(`SELECT ${SAMPLE} FROM samples ${tail}`, value)
      .map((row) => ({ ...row, ...settingsOf(row.settings), path: join(workspace, row.path) }));
  return {
    /** @param sample Its path is relative to the workspace. */
    insert({ settings, networkEvaluations, ...sample }: NewSample): void {
      db.insert("samples", {
        ...sample,
        settings: JSON.stringify({ ...settings, network_evaluations: networkEvaluations }),
        createdAt: new Date().toISOString(),
      });
    },

    byId(id: string): FileSample | null {
      return select("WHERE id = ?", id)[0] ?? null;
    },

    /** Oldest first. */
    list(runId: string): FileSample[] {
      return select("WHERE run_id = ? ORDER BY number", runId);
    },

    delete(id: string): void {
      db.run("DELETE FROM samples WHERE id = ?", id);
    },
  };
}

/** Returns the settings of a stored sample, and the evaluations of the network, which are stored with them. */
function settingsOf(stored: string): Pick<FileSample, "settings" | "networkEvaluations"> {
  const { network_evaluations, ...settings } = JSON.parse(stored) as FileSample["settings"] & {
    network_evaluations?: number;
    steps: number;
    guidance_scale: number;
  };
  // Older rows have no number of evaluations; their samplers evaluated the network once in a step.
  const guided = settings.guidance_scale !== 0 && settings.guidance_scale !== 1;
  return {
    settings,
    networkEvaluations: network_evaluations ?? settings.steps * (guided ? 2 : 1),
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
export function newestSamples(db: Database, runs: number): ListedSample[] {
  return db.rows<ListedSample>(
    `WITH newest AS (SELECT id, number FROM runs ORDER BY number DESC LIMIT ?)
     SELECT made.id, run_id AS runId, step, kind FROM newest JOIN (
       SELECT id, run_id, number, step, kind FROM samples
       UNION ALL SELECT id, run_id, number, step, 'text' FROM texts
     ) made ON made.run_id = newest.id
     ORDER BY newest.number DESC, made.number DESC`,
    runs,
  );
}

/** A row of a table whose records are JSON except for the columns that they are found by. */
type RecordRow = Pick<RowSample, "id" | "runId" | "step" | "createdAt"> & { details: string };
const RECORD = columnsOf("id runId step createdAt details");

/** A record before it has an id, with whatever else its modality records. */
type NewRecord<Kept extends RowSample | Evaluation> = Omit<Kept, "id" | "createdAt">;

/** What distinguishes the tables of records. */
interface RecordKind {
  readonly table: "texts" | "evaluations";
  /** Kind of the records, in their ids. */
  readonly kind: "sample" | "evaluation";
  /** Path of the field that is "training" in the records that training made. */
  readonly madeBy: "$.settings.made_by" | "$.madeBy";
  /** Returns fields that the oldest records lack. */
  readonly defaults: () => object;
}

function recordTable<Kept extends RowSample | Evaluation>(
  db: Database,
  { table, kind, madeBy, defaults }: RecordKind,
) {
  const select = (tail: string, value: string): Kept[] =>
    db.rows<RecordRow>(`SELECT ${RECORD} FROM ${table} ${tail}`, value)
      .map(({ details, ...row }) => ({ ...defaults(), ...JSON.parse(details), ...row }) as Kept);
  return {
    /** Numbers a record within its run; returns its id. */
    insert<Made extends NewRecord<Kept>>({ runId, step, ...details }: Made): string {
      return db.transaction(() => {
        const { largest } = db.row<{ largest: number }>(
          `SELECT coalesce(max(number), 0) AS largest FROM ${table} WHERE run_id = ?`,
          runId,
        )!;
        const number = nextResultNumber(db, runId, kind, largest);
        const id = resultId(runId, kind, number);
        const createdAt = new Date().toISOString();
        db.insert(table, { id, runId, number, step, details: JSON.stringify(details), createdAt });
        return id;
      });
    },

    byId(id: string): Kept | null {
      return select("WHERE id = ?", id)[0] ?? null;
    },

    /** Oldest first. */
    list(runId: string): Kept[] {
      return select("WHERE run_id = ? ORDER BY number", runId);
    },

    /** Deletes records that training made after a step, which it will make again. */
    deleteMadeAfter(runId: string, step: number): void {
      db.run(
        `DELETE FROM ${table}
         WHERE run_id = ? AND step > ? AND details ->> '${madeBy}' = 'training'`,
        runId,
        step,
      );
    },
  };
}

export function textTable(db: Database) {
  return recordTable<RowSample>(db, {
    table: "texts",
    kind: "sample",
    madeBy: "$.settings.made_by",
    defaults: () => ({}),
  });
}

export function evaluationTable(db: Database) {
  return recordTable<Evaluation>(db, {
    table: "evaluations",
    kind: "evaluation",
    madeBy: "$.madeBy",
    // The oldest records name no modality: there was only the first one.
    defaults: () => ({ modality: knownModalities()[0]!.name }),
  });
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

/** Number of checkpoints of a run that are kept, the newest ones. */
export const KEPT_CHECKPOINTS = 2;

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
