/**
 * What distinguishes runs of one modality from those of another, as one object. Everything outside of
 * the modality's own folder asks this object and never which modality it is; `modalities.ts` lists them.
 */
import type { Work } from "./job_worker.ts";
import type { OpenSubject } from "./subject.ts";
import type { RunConfig } from "../config/mod.ts";
import type { Finding, Measured } from "../diagnosis/curve.ts";
import type { Evaluation } from "../store/results.ts";
import type { MetricName } from "../store/metrics.ts";
import type { JobKind } from "../store/jobs.ts";
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
  /**
   * What a job of each kind is given for a request: all settings, with their defaults filled in.
   *
   * @throws {UserError} If the request does not fit the run.
   */
  readonly jobInputs: Readonly<Record<JobKind, (run: Run, request: object) => object>>;
  /** Loads what works with tensors. */
  load(): Promise<ModalityWork>;
}

/** The part of a modality that works with tensors: it opens what is trained, and does jobs. */
export interface ModalityWork extends Readonly<Record<JobKind, Work>> {
  readonly openSubject: OpenSubject;
}
