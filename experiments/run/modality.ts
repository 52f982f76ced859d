/**
 * The interface of a modality: everything that differs between runs of different modalities. Code outside of
 * a modality's folder uses this interface and never the name of the modality; `modalities.ts` is the registry.
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
 * The aspects in which evaluations must agree to be comparable: for each aspect a key, and the caution if the
 * keys differ.
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
  /** @throws {UserError} If fields of the configuration contradict each other. */
  requireTrainable(config: RunConfig): void;
  /** Returns defects of the configuration that prevent learning, from the newest validation. */
  defects(run: Run): Finding[];
  readonly comparability: Comparability;
  /** Metrics of result tables; the first one ranks runs. */
  readonly resultMetrics: readonly MetricName[];
  /** Describes the baseline in a sentence without its full stop; `value` is the formatted number. */
  baselineIs(value: string): string;
  /** Returns the n-gram baselines of the data if they were computed; null for images. */
  baselines(workspace: string, datasetHash: string): TextBaselines | null;
  /**
   * Returns the input of a job for a request: all settings with defaults filled in.
   *
   * @throws {UserError} If the request is not valid for the run.
   */
  readonly jobInputs: Readonly<Record<JobKind, (run: Run, request: object) => object>>;
  /** Loads the part that uses tensors. */
  load(): Promise<ModalityWork>;
}

/** The part of a modality that uses tensors: training and jobs. */
export interface ModalityWork extends Readonly<Record<JobKind, Work>> {
  readonly openSubject: OpenSubject;
}
