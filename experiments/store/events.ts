/** Rows of `events`: what happened, for pages that follow along. */
import type { DatabaseSync } from "node:sqlite";
import type { LabEvent } from "../types.ts";
import { transaction } from "./schema.ts";

interface EventRow {
  id: number;
  at: string;
  run_id: string | null;
  kind: LabEvent["kind"];
  message: string;
}

export function eventTable(db: DatabaseSync) {
  return {
    add(kind: LabEvent["kind"], runId: string | null, message: string): void {
      db.prepare("INSERT INTO events (at, run_id, kind, message) VALUES (?, ?, ?, ?)")
        .run(new Date().toISOString(), runId, kind, message);
    },

    /** Adds it unless the same was said of the run before. */
    addOnce(kind: LabEvent["kind"], runId: string, message: string): void {
      transaction(db, () => {
        const said = this.ofRun(runId, kind).some((event) => event.message === message);
        if (!said) this.add(kind, runId, message);
      });
    },

    /** Those of one kind about a run, oldest first. */
    ofRun(runId: string, kind: LabEvent["kind"]): LabEvent[] {
      return eventsOf(
        db.prepare("SELECT * FROM events WHERE run_id = ? AND kind = ? ORDER BY id")
          .all(runId, kind),
      );
    },

    /** Later than `after`, oldest first. */
    after(after: number, limit: number): LabEvent[] {
      return eventsOf(
        db.prepare("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?").all(after, limit),
      );
    },

    /** The newest ones, oldest first. */
    newest(limit: number): LabEvent[] {
      return eventsOf(db.prepare("SELECT * FROM events ORDER BY id DESC LIMIT ?").all(limit))
        .reverse();
    },
  };
}

function eventsOf(rows: unknown[]): LabEvent[] {
  return (rows as EventRow[]).map(({ id, at, run_id, kind, message }) => ({
    id,
    at,
    runId: run_id,
    kind,
    message,
  }));
}
