import type { Arrays, Signature } from "../types.ts";

/**
 * What the thread that owns a program and the thread of one of its replicas say to each other. The
 * arrays lie in shared memory: the owner writes inputs before "run" and reads outputs after "done".
 */
export type ToReplica =
  | {
    readonly kind: "open";
    readonly model: Uint8Array;
    readonly inputSignature: Signature;
    readonly outputSignature: Signature;
    /** This replica's part of the inputs, and its outputs, in shared memory. */
    readonly inputs: Arrays;
    readonly outputs: Arrays;
  }
  | { readonly kind: "run" };

export type FromReplica =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };
