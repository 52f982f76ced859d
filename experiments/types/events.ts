/** Something that happened, in the order of `id`. */
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
    | "sample-made";
  readonly message: string;
}
