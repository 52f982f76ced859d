/** What carries out graphs: the part of a compiled engine that differs from device to device. */
import type { Dialect } from "./graph/dialect.ts";
import type { Graph } from "./graph/value.ts";
import type { Arrays, Engine, Replicas, Signature } from "./types.ts";

/** A graph with the signatures of what it takes and gives. */
export interface TracedProgram {
  readonly graph: Graph;
  readonly inputs: Signature;
  readonly outputs: Signature;
}

/** A traced program that is ready to run. */
export interface Runner {
  /** Runs it once on checked inputs. The arrays it returns are overwritten by the next run. */
  run(inputs: Arrays): Promise<Arrays>;
  release(): Promise<void>;
}

/** A traced program that keeps its state where it runs; see {@link ResidentProgram}. */
export interface ResidentRunner {
  enqueue(inputs: Arrays): void;
  read(into: Arrays): Promise<void>;
  write(state: Arrays): void;
  release(): Promise<void>;
}

/** A device together with the library that runs graphs on it. */
export interface GraphRuntime {
  readonly device: Engine["device"];
  /** For people. */
  readonly description: string;
  /** Whether a batch may be divided over replicas; an accelerator takes it whole. */
  readonly divides: boolean;
  /** What graphs for it may consist of. */
  dialect(): Promise<Dialect>;
  /**
   * Makes a program ready.
   *
   * @param replicas How a batch is divided, where the runtime divides; `program` is then that of one
   *   replica.
   */
  open(program: TracedProgram, replicas?: Replicas): Promise<Runner>;
  /**
   * Makes a program ready that keeps state; absent where the runtime cannot.
   *
   * @param state Names of inputs whose next values are the outputs of the same names.
   */
  openResident?(program: TracedProgram, state: readonly string[]): Promise<ResidentRunner>;
  /** Gives the device back, once no program is open. */
  close?(): Promise<void>;
}
