/** Rows of `evaluations`. */
import type { DatabaseSync } from "node:sqlite";
import type { Evaluation } from "../types.ts";
import { transaction } from "./schema.ts";

interface EvaluationRow {
  id: string;
  run_id: string;
  step: number;
  details: string;
  created_at: string;
}

export type NewEvaluation = Omit<Evaluation, "id" | "createdAt">;

export function evaluationTable(db: DatabaseSync) {
  return {
    /** Numbers it within its run and tells of it; returns its id. */
    insert(evaluation: NewEvaluation): string {
      const { runId, step, ...details } = evaluation;
      return transaction(db, () => {
        const { n } = db.prepare("SELECT count(*) + 1 AS n FROM evaluations WHERE run_id = ?")
          .get(runId) as { n: number };
        const id = `${runId}-evaluation-${String(n).padStart(3, "0")}`;
        const now = new Date().toISOString();
        db.prepare(
          `INSERT INTO evaluations (id, run_id, number, step, details, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        ).run(id, runId, n, step, JSON.stringify(details), now);
        return id;
      });
    },

    /** Oldest first. */
    list(runId: string): Evaluation[] {
      const rows = db.prepare("SELECT * FROM evaluations WHERE run_id = ? ORDER BY number")
        .all(runId) as unknown as EvaluationRow[];
      return rows.map((row) => ({
        ...JSON.parse(row.details) as Omit<NewEvaluation, "runId" | "step">,
        id: row.id,
        runId: row.run_id,
        step: row.step,
        createdAt: row.created_at,
      }));
    },
  };
}
