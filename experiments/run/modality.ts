/**
 * What distinguishes runs of one modality from those of another, as one object. Everything outside of
 * the modality's own folder asks this object and never which modality it is; `modalities.ts` lists them.
 */
import type { OpenSubject } from "./subject.ts";
import type { RunConfig } from "../config/mod.ts";
import type { Finding, Measured } from "../diagnosis/curve.ts";
import type { Evaluation } from "../store/results.ts";
import type { MetricName } from "../store/metrics.ts";
import type { Run } from "../store/run.ts";
import type { TextBaselines } from "../store/records.ts";

/**
 * What evaluations must have in common to be comparable: a key for each aspect, and the caution for
 * evaluations whose keys differ. Each modality gives keys of its own evaluations.
 */
export type Comparability<E extends Evaluation = Evaluation> = readonly (readonly [
  key: (evaluation: E) => unknown,
  caution: string,
])[];

export interface Modality extends Measured {
  readonly name: RunConfig["modality"];
  /** In a sentence: "a run on …". */
  readonly title: string;
  /** What a training batch consists of: "… per second". */
  readonly examples: string;
  /** @throws {UserError} If the fields of a configuration do not make sense together. */
  requireTrainable(config: RunConfig): void;
  /** What in the configuration keeps the network from learning, by its newest validation. */
  defects(run: Run): Finding[];
  readonly comparability: Comparability;
  /** Metrics that stand in a table of results, the ranking one first. */
  readonly resultMetrics: readonly MetricName[];
  /** What the baseline is, in a sentence without its full stop; the number as it is shown. */
  baselineIs(value: string): string;
  /** What text of this data needs without a network, as far as it was computed; null for images. */
  baselines(workspace: string, datasetHash: string): TextBaselines | null;
  /** The job of making a sample. @throws {UserError} If the request does not fit the run. */
  samplingJob(run: Run, request: object): JobOrder;
  /** The job of evaluating. @throws {UserError} If the request does not fit the run. */
  evaluationJob(run: Run, request: object): JobOrder;
  /** Loads what works with tensors. */
  load(): Promise<ModalityWork>;
}

/** Work that a process of its own is asked for. */
export interface JobOrder {
  /** What goes on, in a word: "Sampling". */
  readonly title: string;
  /** The module that the process starts with. */
  readonly entry: URL;
  /** What it is given beside the workspace and the run. */
  readonly input: object;
}

/** The part of a modality that works with tensors. */
export interface ModalityWork {
  readonly openSubject: OpenSubject;
}
