/** Rows of `metrics` and `events`. */
import { knownModalities, type Metric } from "../config/configuration.ts";
import { columnsOf, type Database } from "./database.ts";

/** The metrics of every modality; those of validation use the EMA weights. */
const SHARED_METRICS: Readonly<Record<string, Metric>> = {
  loss: {
    title: "Training loss",
    dependsOn: "objective",
    compared: true,
    logarithmic: true,
    noisy: true,
  },
  learning_rate: { title: "Learning rate" },
  gradient_norm: {
    title: "Gradient norm",
    dependsOn: "objective",
    logarithmic: true,
    noisy: true,
  },
  examples_per_second: { title: "Examples per second" },
  validation_loss: {
    title: "Validation loss",
    dependsOn: "objective",
    compared: true,
    logarithmic: true,
  },
};

/** The name of a shared metric, or of one of a modality's own. */
export type MetricName = string;

/** Returns the metrics by name, in the order of tables: the shared ones, then those of each modality. */
export function knownMetrics(): Readonly<Record<MetricName, Metric>> {
  return Object.assign({}, SHARED_METRICS, ...knownModalities().map(({ metrics }) => metrics));
}

/** The newest value of each metric that has one. */
export type LatestMetrics = Readonly<Record<MetricName, number>>;

export interface MetricPoint {
  readonly step: number;
  readonly value: number;
}
export type Curves = Readonly<Record<MetricName, readonly MetricPoint[]>>;

/** Returns the curves of metrics that have points. */
export function namedCurves(curves: Curves, names: readonly MetricName[]): Curves {
  const entries = names.map((name) => [name, curves[name] ?? []] as const);
  return Object.fromEntries(entries.filter(([, points]) => points.length > 0));
}

/** Returns curves with at most `maxPoints` (at least 2) evenly spaced points each, including the first and the last. */
export function thinned(curves: Curves, maxPoints: number): Curves {
  return Object.fromEntries(
    Object.entries(curves).map(([name, points]) => [name, thin(points, maxPoints)]),
  );
}

function thin(points: readonly MetricPoint[], count: number): readonly MetricPoint[] {
  if (points.length <= count) return points;
  const last = points.length - 1;
  return Array.from({ length: count }, (_, i) => points[Math.round(i * last / (count - 1))]!);
}

export interface MetricRow extends MetricPoint {
  readonly name: MetricName;
}

/** Number of runs whose curves are kept in memory at most, and of their points, unless one run alone has more. */
const MOST_KEPT_RUNS = 64;
const MOST_KEPT_POINTS = 500_000;

export function metricTable(db: Database) {
  const kept = new KeptCurves();
  const pointsFrom = (runId: string, name: MetricName, step: number): MetricPoint[] =>
    // Copied field by field, which takes a third of the time where there are hundreds of thousands.
    db.prepare(
      "SELECT step, value FROM metrics WHERE run_id = ? AND name = ? AND step >= ? ORDER BY step",
    ).all(runId, name, step).map(({ step, value }) => ({ step, value }) as unknown as MetricPoint);
  return {
    insert(runId: string, rows: readonly MetricRow[]): void {
      db.transaction(() => {
        for (const { name, step, value } of rows) {
          db.run(
            "INSERT OR REPLACE INTO metrics (run_id, name, step, value) VALUES (?, ?, ?, ?)",
            runId,
            name,
            step,
            value,
          );
        }
      });
    },

    latest(runId: string): LatestMetrics {
      // Steps from name to name along the index, since most runs have few of the metrics and many points.
      const rows = db.rows<{ name: MetricName; value: number }>(
        `WITH RECURSIVE names(name) AS (
           SELECT min(name) FROM metrics WHERE run_id = ?1
           UNION ALL
           SELECT (SELECT min(name) FROM metrics WHERE run_id = ?1 AND name > names.name)
           FROM names WHERE names.name IS NOT NULL
         )
         SELECT name, (SELECT value FROM metrics WHERE run_id = ?1 AND name = names.name
                       ORDER BY step DESC LIMIT 1) AS value
         FROM names WHERE name IS NOT NULL`,
        runId,
      );
      const values = new Map(rows.map(({ name, value }) => [name, value]));
      return Object.fromEntries(
        Object.keys(knownMetrics()).flatMap((name) =>
          values.has(name) ? [[name, values.get(name)!]] : []
        ),
      );
    },

    /**
     * Returns the curves of the metrics that the run has. A long training has hundreds of thousands of points, and
     * reading them takes a second in which a server answers nobody, so only new ones are read.
     */
    curves(runId: string, names: readonly MetricName[]): Curves {
      const curves = kept.ofRun(runId);
      for (const name of names) {
        const known = curves.get(name) ?? [];
        curves.set(name, withNewPoints(known, (step) => pointsFrom(runId, name, step)));
      }
      kept.trim();
      return namedCurves(Object.fromEntries(curves), names);
    },

    deleteAfter(runId: string, step: number): void {
      db.run("DELETE FROM metrics WHERE run_id = ? AND step > ?", runId, step);
    },
  };
}

/**
 * Returns a curve with the points that were stored since it was read. A run that goes on from an older checkpoint loses
 * its last points, which is seen by the last one that is known: then all points are read again.
 *
 * @param pointsFrom Reads the points from a step on.
 */
function withNewPoints(
  known: readonly MetricPoint[],
  pointsFrom: (step: number) => readonly MetricPoint[],
): readonly MetricPoint[] {
  const last = known.at(-1);
  if (!last) return pointsFrom(0);
  const [again, ...later] = pointsFrom(last.step);
  if (again?.step !== last.step || !Object.is(again.value, last.value)) return pointsFrom(0);
  return later.length === 0 ? known : [...known, ...later];
}

/** The curves of the runs that were looked at last. */
class KeptCurves {
  /** The run that was looked at last is last. */
  readonly #runs = new Map<string, Map<MetricName, readonly MetricPoint[]>>();

  ofRun(runId: string): Map<MetricName, readonly MetricPoint[]> {
    const curves = this.#runs.get(runId) ??
      new Map<MetricName, readonly MetricPoint[]>();
    this.#runs.delete(runId);
    this.#runs.set(runId, curves);
    return curves;
  }

  /** Forgets runs, beginning with those that were not looked at for the longest time. */
  trim(): void {
    const pointsOf = (curves: ReadonlyMap<unknown, readonly MetricPoint[]>) =>
      curves.values().reduce((sum, { length }) => sum + length, 0);
    let points = this.#runs.values().reduce((sum, curves) => sum + pointsOf(curves), 0);
    for (const [runId, curves] of this.#runs) {
      const { size } = this.#runs;
      if (size === 1 || (size <= MOST_KEPT_RUNS && points <= MOST_KEPT_POINTS)) return;
      points -= pointsOf(curves);
      this.#runs.delete(runId);
    }
  }
}

/** The metric that ranks runs, comparable between all configurations; lower is better. */
export interface RankingMetric {
  readonly name: MetricName;
  /** Title in a sentence: "its … is 0.08". */
  readonly title: string;
  /** Description of {@link Run.baseline}. */
  readonly baseline: string;
}

/** An event; events are ordered by `id`. */
export interface LabEvent {
  readonly id: number;
  readonly at: string;
  readonly runId: string | null;
  readonly kind:
    | "run-queued"
    | "run-started"
    | "run-validated"
    | "run-checkpointed"
    | "checkpoint-damaged"
    | "run-ended"
    | "run-warned"
    | "run-leads"
    | "sample-made"
    | "job-ended";
  readonly message: string;
}

const SELECT_EVENTS = `SELECT ${columnsOf("id at runId kind message")} FROM events`;

export function eventTable(db: Database) {
  return {
    add(kind: LabEvent["kind"], runId: string | null, message: string): void {
      db.insert("events", { at: new Date().toISOString(), runId, kind, message });
    },

    /**
     * Adds an event unless the run has one of this kind with the same message.
     *
     * @param beginning If given, messages that begin with it count as the same.
     */
    addOnce(kind: LabEvent["kind"], runId: string, message: string, beginning?: string): void {
      db.transaction(() => {
        const isKnown = this.ofRun(runId, kind).some((event) =>
          beginning === undefined ? event.message === message : event.message.startsWith(beginning)
        );
        if (!isKnown) this.add(kind, runId, message);
      });
    },

    /** Returns the id of the newest event, or 0. */
    newestId(): number {
      return db.row<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM events")!.id;
    },

    /** Returns the events of a kind of a run, oldest first. */
    ofRun(runId: string, kind: LabEvent["kind"]): LabEvent[] {
      return db.rows(`${SELECT_EVENTS} WHERE run_id = ? AND kind = ? ORDER BY id`, runId, kind);
    },

    /** Returns events with an id above `after`, oldest first. */
    after(after: number, limit: number): LabEvent[] {
      return db.rows(`${SELECT_EVENTS} WHERE id > ? ORDER BY id LIMIT ?`, after, limit);
    },

    /** Returns the newest events, oldest first. */
    newest(limit: number): LabEvent[] {
      return db.rows<LabEvent>(`${SELECT_EVENTS} ORDER BY id DESC LIMIT ?`, limit).reverse();
    },
  };
}
