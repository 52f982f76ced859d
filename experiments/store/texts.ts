/** Rows of `texts`: what runs on text wrote. */
import type { DatabaseSync } from "node:sqlite";
import type { TextSample } from "../types.ts";
import { nextNumber } from "./ids.ts";
import { transaction } from "./schema.ts";

interface TextRow {
  id: string;
  run_id: string;
  step: number;
  details: string;
  created_at: string;
}

export type NewText = Omit<TextSample, "id" | "createdAt">;

export function textTable(db: DatabaseSync) {
  const sampleOf = (row: TextRow): TextSample => ({
    ...JSON.parse(row.details) as Omit<NewText, "runId" | "step">,
    id: row.id,
    runId: row.run_id,
    step: row.step,
    createdAt: row.created_at,
  });
  return {
    /** Numbers it within its run; returns its id. */
    insert(sample: NewText): string {
      const { runId, step, ...details } = sample;
      return transaction(db, () => {
        const { largest } = db.prepare(
          "SELECT coalesce(max(number), 0) AS largest FROM texts WHERE run_id = ?",
        ).get(runId) as { largest: number };
        const { number, id } = nextNumber(db, runId, "sample", largest);
        db.prepare(
          `INSERT INTO texts (id, run_id, number, step, details, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        ).run(id, runId, number, step, JSON.stringify(details), new Date().toISOString());
        return id;
      });
    },

    /** Deletes what training wrote after a step. */
    deleteWrittenAfter(runId: string, step: number): void {
      for (const { id, settings, step: of } of this.list(runId)) {
        if (of > step && settings.made_by === "training") {
          db.prepare("DELETE FROM texts WHERE id = ?").run(id);
        }
      }
    },

    byId(id: string): TextSample | null {
      const row = db.prepare("SELECT * FROM texts WHERE id = ?").get(id);
      return row ? sampleOf(row as unknown as TextRow) : null;
    },

    /** Oldest first. */
    list(runId: string): TextSample[] {
      const rows = db.prepare("SELECT * FROM texts WHERE run_id = ? ORDER BY number").all(runId);
      return (rows as unknown as TextRow[]).map(sampleOf);
    },
  };
}
