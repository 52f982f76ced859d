/** The store of a workspace, and the only place with SQL: `lab.sqlite`, shared by any number of
 * processes. */
import { resolve } from "node:path";
import {
  checkpointTable,
  evaluationTable,
  newestSamples,
  sampleTable,
  textTable,
} from "./results.ts";
import { eventTable, metricTable } from "./metrics.ts";
import { jobTable } from "./jobs.ts";
import { runTable } from "./runs.ts";
import { openDatabase, transaction } from "./schema.ts";
import { withPretrained } from "./study.ts";
import { workerTable } from "./workers.ts";

export { LostRunError, type WorkerKind, type WorkerRow } from "./workers.ts";
export { SCHEMA_VERSION } from "./schema.ts";
export type { MetricRow } from "./metrics.ts";

/** Typed access to the tables; every method is one statement or one transaction. */
export type Store = ReturnType<typeof openStore>;

/**
 * Opens the store of a workspace, making it if it is missing. It opens whatever happened to the
 * processes that wrote to it before.
 *
 * @throws {UserError} If the file is not ours, or was made by a newer version.
 */
export function openStore(workspace: string) {
  const folder = resolve(workspace);
  const db = openDatabase(folder);
  const metrics = metricTable(db);
  return withPretrained({
    workspace: folder,
    runs: runTable(db, folder, metrics.latest),
    metrics,
    checkpoints: checkpointTable(db, folder),
    samples: sampleTable(db, folder),
    evaluations: evaluationTable(db),
    texts: textTable(db),
    newestSamples: (runs: number) => newestSamples(db, runs),
    jobs: jobTable(db),
    events: eventTable(db),
    workers: workerTable(db),
    /** One transaction around several calls. */
    transaction: <T>(work: () => T): T => transaction(db, work),
    close: (): void => db.close(),
  });
}
