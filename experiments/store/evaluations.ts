/** Rows of `evaluations`. */
import type { DatabaseSync } from "node:sqlite";
import type { Evaluation, ImageEvaluation, TextEvaluation } from "../types.ts";
import { nextNumber } from "./ids.ts";
import { transaction } from "./schema.ts";

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
