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
import { join, resolve } from "node:path";
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
import { type Curves, eventTable, type MetricName, metricTable } from "./metrics.ts";
import { jobTable } from "./jobs.ts";
import { runTable } from "./runs.ts";
import { openDatabase, transaction } from "./schema.ts";
import { workerTable } from "./workers.ts";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isPretrained, STUDY_PREFIX } from "./ids.ts";
import type { Run } from "./run.ts";
import { withLaterFields } from "../config/configuration.ts";

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

/** The tables of a workspace, as far as pretrained runs appear in them. */
interface Tables {
  readonly runs: { byId(id: string): Run | null };
  readonly metrics: { curves(id: string, names: readonly MetricName[], after: number): Curves };
  readonly checkpoints: { list(id: string): Checkpoint[] };
  readonly samples: Lists<FileSample> & { byId(id: string): FileSample | null };
  readonly texts: Lists<RowSample> & { byId(id: string): RowSample | null };
  readonly evaluations: Lists<Evaluation> & { byId(id: string): Evaluation | null };
}

interface Lists<Made> {
  list(runId: string): Made[];
}

/**
 * Returns the tables of a workspace in which the pretrained runs can be read too; each is read from its folder when it
 * is first needed. Lists of runs, "latest" and "best" are of the workspace's own.
 */
function withPretrained<Of extends Tables>(tables: Of) {
  const { runs, metrics, checkpoints, samples, texts, evaluations } = tables;
  const study = openStudy(STUDY_FOLDER);
  const all = () => study.ids().map((id) => study.record(id)!);
  const merged = <Made, Table extends Lists<Made>>(
    table: Table,
    published: (record: StudyRecord) => readonly Made[],
  ) => ({
    ...table,
    list: (id: string): Made[] => {
      const record = study.record(id);
      return [...(record ? published(record) : []), ...table.list(id)];
    },
  });
  return {
    ...tables,
    runs: {
      ...runs,
      byId: (id: string): Run | null => study.record(id)?.run ?? runs.byId(id),
      /** The pretrained runs. */
      pretrained: (): Run[] => all().map(({ run }) => run),
    },
    metrics: {
      ...metrics,
      curves(id: string, names: readonly MetricName[], after: number): Curves {
        const record = study.record(id);
        return record ? laterPoints(record.curves, names, after) : metrics.curves(id, names, after);
      },
    },
    checkpoints: {
      ...checkpoints,
      list(id: string): Checkpoint[] {
        const record = study.record(id);
        return record ? [record.checkpoint] : checkpoints.list(id);
      },
    },
    samples: {
      ...merged<FileSample, Of["samples"]>(samples, (record) => record.samples),
      byId: (id: string): FileSample | null =>
        samples.byId(id) ?? withId(all().flatMap((record) => record.samples), id),
    },
    texts: {
      ...merged<RowSample, Of["texts"]>(texts, (record) => record.texts),
      byId: (id: string): RowSample | null =>
        texts.byId(id) ?? withId(all().flatMap((record) => record.texts), id),
    },
    evaluations: {
      ...merged<Evaluation, Of["evaluations"]>(evaluations, (record) => record.evaluations),
      byId: (id: string): Evaluation | null =>
        evaluations.byId(id) ?? withId(all().flatMap((record) => record.evaluations), id),
    },
  };
}

function withId<Made extends { readonly id: string }>(
  made: readonly Made[],
  id: string,
): Made | null {
  return made.find((one) => one.id === id) ?? null;
}

/** The points after a step of those metrics that there are. */
function laterPoints(curves: Curves, names: readonly MetricName[], after: number): Curves {
  const entries = names.flatMap((name) => {
    const points = curves[name]?.filter(({ step }) => step > after) ?? [];
    return points.length > 0 ? [[name, points]] : [];
  });
  return Object.fromEntries(entries);
}

/** @param folder With a folder for each run; one that is missing holds none. */
function openStudy(folder: string) {
  const known = new Map<string, { readonly changedAt: number; readonly record: StudyRecord }>();
  const fileOf = (name: string) => join(folder, name, "run.json");
  return {
    ids(): string[] {
      if (!existsSync(folder)) return [];
      return readdirSync(folder).filter((name) => existsSync(fileOf(name))).sort()
        .map((name) => `${STUDY_PREFIX}${name}`);
    },
    /** Undefined for the id of any other run. */
    record(id: string): StudyRecord | undefined {
      if (!isPretrained(id)) return undefined;
      const name = id.slice(STUDY_PREFIX.length);
      const changedAt = /^[a-z]+$/.test(name)
        ? statSync(fileOf(name), { throwIfNoEntry: false })?.mtimeMs
        : undefined;
      if (changedAt === undefined) return undefined;
      const before = known.get(id);
      if (before?.changedAt === changedAt) return before.record;
      const record = readRecord(join(folder, name));
      known.set(id, { changedAt, record });
      return record;
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
