/**
 * The store of a workspace: `lab.sqlite`, shared by any number of processes, with the pretrained runs that come with the
 * program. SQL is in this folder only.
 *
 * The pretrained runs are in `study/` of the repository. They are read like runs of a workspace, under ids such as
 * `study/digits`, and never written: samples and evaluations of them are rows and files of the workspace that they were
 * made in.
 *
 *     study/digits/run.json              a StudyRecord
 *     study/digits/weights.safetensors   the averaged weights, in half precision
 *     study/digits/samples/              the pixels of its samples
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withLaterFields } from "../config/configuration.ts";
import { openDatabase, workerTable } from "./database.ts";
import { jobTable } from "./jobs.ts";
import { type Curves, eventTable, type MetricName, metricTable, namedCurves } from "./metrics.ts";
import {
  type Checkpoint,
  checkpointTable,
  type Evaluation,
  evaluationTable,
  type FileSample,
  newestSamples,
  type RowSample,
  sampleTable,
  textTable,
} from "./results.ts";
import { isPretrained, type Run, STUDY_PREFIX } from "./run.ts";
import { runTable } from "./runs.ts";

export { LostRunError, type WorkerKind, type WorkerRow } from "./database.ts";
export { SCHEMA_VERSION } from "./schema.ts";
export type { MetricRow } from "./metrics.ts";

/** Typed access to the tables; every method is one statement or one transaction. */
export type Store = ReturnType<typeof openStore>;

/**
 * Opens the store of a workspace, making it if it is missing. It opens whatever happened to the
 * processes that wrote to it before.
 *
 * The pretrained runs can be read too; each is read from its folder when it is first needed. Lists of runs, "latest" and
 * "best" are of the workspace's own.
 *
 * @throws {UserError} If the file is not ours, or was made by a newer version.
 */
export function openStore(workspace: string) {
  const folder = resolve(workspace);
  const db = openDatabase(folder);
  const study = openStudy(STUDY_FOLDER);
  const metrics = metricTable(db);
  const runs = runTable(db, folder, metrics.latest);
  const checkpoints = checkpointTable(db, folder);

  /** Adds what is published with pretrained runs to a table of results. */
  const withPublished = <Result extends Identified, Table extends Results<Result>>(
    table: Table,
    publishedWith: (record: StudyRecord) => readonly Result[],
  ) => ({
    ...table,
    byId: (id: string): Result | null =>
      table.byId(id) ?? study.records().flatMap(publishedWith).find((one) => one.id === id) ?? null,
    list: (runId: string): Result[] => {
      const record = study.record(runId);
      return [...(record ? publishedWith(record) : []), ...table.list(runId)];
    },
  });

  return {
    workspace: folder,
    runs: {
      ...runs,
      byId: (id: string): Run | null => study.record(id)?.run ?? runs.byId(id),
      /** The pretrained runs. */
      pretrained: (): Run[] => study.records().map(({ run }) => run),
    },
    metrics: {
      ...metrics,
      curves(id: string, names: readonly MetricName[]): Curves {
        const record = study.record(id);
        return record ? namedCurves(record.curves, names) : metrics.curves(id, names);
      },
    },
    checkpoints: {
      ...checkpoints,
      list(id: string): Checkpoint[] {
        const record = study.record(id);
        return record ? [record.checkpoint] : checkpoints.list(id);
      },
    },
    samples: withPublished(sampleTable(db, folder), ({ samples }) => samples),
    texts: withPublished(textTable(db), ({ texts }) => texts),
    evaluations: withPublished(evaluationTable(db), ({ evaluations }) => evaluations),
    newestSamples: (runs: number) => newestSamples(db, runs),
    jobs: jobTable(db),
    events: eventTable(db),
    workers: workerTable(db),
    /** One transaction around several calls. */
    transaction: <T>(work: () => T): T => db.transaction(work),
    close: (): void => db.close(),
  };
}

interface Identified {
  readonly id: string;
}

interface Results<Result> {
  byId(id: string): Result | null;
  list(runId: string): Result[];
}

/** The folder of the pretrained runs. */
export const STUDY_FOLDER: string = fileURLToPath(new URL("../../study/", import.meta.url));

/** A pretrained run and all that is kept of it. Paths are relative to its folder. */
export interface StudyRecord {
  readonly run: Run;
  readonly curves: Curves;
  readonly checkpoint: Checkpoint;
  readonly samples: readonly FileSample[];
  readonly texts: readonly RowSample[];
  readonly evaluations: readonly Evaluation[];
  /** Measurements of the weights before they were rounded to half precision. */
  readonly unrounded: readonly Evaluation[];
}

/** @param folder With a folder for each run; one that is missing holds none. */
function openStudy(folder: string) {
  const known = new Map<string, { readonly changedAt: number; readonly record: StudyRecord }>();
  /** Undefined for the id of any other run. */
  const record = (id: string): StudyRecord | undefined => {
    const name = isPretrained(id) ? id.slice(STUDY_PREFIX.length) : "";
    if (!/^[a-z]+$/.test(name)) return undefined;
    const file = statSync(join(folder, name, "run.json"), { throwIfNoEntry: false });
    if (!file) return undefined;
    const before = known.get(id);
    if (before?.changedAt === file.mtimeMs) return before.record;
    const record = readRecord(join(folder, name));
    known.set(id, { changedAt: file.mtimeMs, record });
    return record;
  };
  return {
    record,
    records(): StudyRecord[] {
      const names = existsSync(folder) ? readdirSync(folder).sort() : [];
      return names.map((name) => record(STUDY_PREFIX + name)).filter((one) => one !== undefined);
    },
  };
}

function readRecord(folder: string): StudyRecord {
  const record = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as StudyRecord;
  const here = <T extends { readonly path: string }>(file: T): T => ({
    ...file,
    path: join(folder, file.path),
  });
  return {
    ...record,
    run: { ...record.run, config: withLaterFields(record.run.config) },
    checkpoint: here(record.checkpoint),
    samples: record.samples.map(here),
  };
}
