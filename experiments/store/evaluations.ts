/** What is kept of every measurement of a run. */
import type { DatabaseSync } from "node:sqlite";
import type { ImageEvaluationSettings } from "../requests/image.ts";
import type { TextEvaluationSettings } from "../requests/text.ts";
import { nextNumber } from "./ids.ts";
import type { ClassifierFacts, ImageEvaluationResults } from "./image_records.ts";
import { transaction } from "./schema.ts";
import type { TextEvaluationResults } from "./text_records.ts";

/** What is kept of every evaluation. */
interface EvaluationFacts {
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
  /** Of the evaluating code. */
  readonly codeVersion: string;
  readonly device: string;
  readonly createdAt: string;
}

export interface ImageEvaluation extends EvaluationFacts {
  readonly modality: "image";
  readonly settings: ImageEvaluationSettings;
  readonly results: ImageEvaluationResults;
  readonly classifier: ClassifierFacts;
  /** Absent where `evaluate` was asked for it. */
  readonly madeBy?: "training";
}

export interface TextEvaluation extends EvaluationFacts {
  readonly modality: "text";
  readonly settings: TextEvaluationSettings;
  readonly results: TextEvaluationResults;
}

export type Evaluation = ImageEvaluation | TextEvaluation;

interface EvaluationRow {
  id: string;
  run_id: string;
  step: number;
  details: string;
  created_at: string;
}

type Fresh<E extends Evaluation> = Omit<E, "id" | "createdAt">;
export type NewEvaluation = Fresh<ImageEvaluation> | Fresh<TextEvaluation>;

export function evaluationTable(db: DatabaseSync) {
  return {
    /** Numbers it within its run; returns its id. */
    insert(evaluation: NewEvaluation): string {
      const { runId, step, ...details } = evaluation;
      return transaction(db, () => {
        const { largest } = db.prepare(
          "SELECT coalesce(max(number), 0) AS largest FROM evaluations WHERE run_id = ?",
        ).get(runId) as { largest: number };
        const { number, id } = nextNumber(db, runId, "evaluation", largest);
        const now = new Date().toISOString();
        db.prepare(
          `INSERT INTO evaluations (id, run_id, number, step, details, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        ).run(id, runId, number, step, JSON.stringify(details), now);
        return id;
      });
    },

    /** Those that training made after a step; it will make them again. */
    deleteMeasuredAfter(runId: string, step: number): void {
      db.prepare(
        `DELETE FROM evaluations
         WHERE run_id = ? AND step > ? AND details ->> '$.madeBy' = 'training'`,
      ).run(runId, step);
    },

    /** Oldest first. */
    list(runId: string): Evaluation[] {
      const rows = db.prepare("SELECT * FROM evaluations WHERE run_id = ? ORDER BY number")
        .all(runId) as unknown as EvaluationRow[];
      return rows.map((row) => ({
        // The first ones, which do not say so, are of pictures.
        modality: "image",
        ...JSON.parse(row.details),
        id: row.id,
        runId: row.run_id,
        step: row.step,
        createdAt: row.created_at,
      } as Evaluation));
    },
  };
}
