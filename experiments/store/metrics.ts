/** Rows of `metrics`. */
import type { DatabaseSync } from "node:sqlite";
import {
  type Curves,
  METRIC_NAMES,
  type MetricName,
  type MetricPoint,
  type Run,
} from "../types.ts";
import { transaction } from "./schema.ts";

export interface MetricRow extends MetricPoint {
  readonly name: MetricName;
}

export function metricTable(db: DatabaseSync) {
  const insert = db.prepare(
    "INSERT OR REPLACE INTO metrics (run_id, name, step, value) VALUES (?, ?, ?, ?)",
  );
  const newest = db.prepare(
    "SELECT value FROM metrics WHERE run_id = ? AND name = ? ORDER BY step DESC LIMIT 1",
  );
  const points = db.prepare(
    "SELECT step, value FROM metrics WHERE run_id = ? AND name = ? AND step > ? ORDER BY step",
  );
  return {
    insert(runId: string, rows: readonly MetricRow[]): void {
      transaction(db, () => {
        for (const { name, step, value } of rows) insert.run(runId, name, step, value);
      });
    },

    latest(runId: string): Run["latest"] {
      const entries = METRIC_NAMES.flatMap((name) => {
        const row = newest.get(runId, name) as { value: number } | undefined;
        return row ? [[name, row.value]] : [];
      });
      return Object.fromEntries(entries);
    },

    /** The curves of those metrics that the run has. */
    curves(runId: string, names: readonly MetricName[], afterStep: number): Curves {
      const entries = names.flatMap((name) => {
        const rows = points.all(runId, name, afterStep) as unknown as MetricPoint[];
        return rows.length > 0 ? [[name, rows.map(({ step, value }) => ({ step, value }))]] : [];
      });
      return Object.fromEntries(entries);
    },

    deleteAfter(runId: string, step: number): void {
      db.prepare("DELETE FROM metrics WHERE run_id = ? AND step > ?").run(runId, step);
    },
  };
}
