/** How far a process of its own is with a sample or an evaluation. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}
export type SampleProgress = JobProgress;
