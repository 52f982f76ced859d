/** The interfaces of engines, and of the runtimes that execute their graphs on a device. */
import type { DeviceName, Precision } from "./host/mod.ts";
import type { tf } from "./tf.ts";
import type { Dialect } from "./graph/builder.ts";
import type { Graph } from "./graph/value.ts";

export type { DeviceName, Precision };

/** Element types that cross the engine's boundary. */
export type DType = "float32" | "int32";

/** Shape and element type of one tensor. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The named inputs, or outputs, of a program. */
export type Signature = Readonly<Record<string, TensorSpec>>;

/** Named flat arrays in row-major order. */
export type Arrays = Record<string, Float32Array | Int32Array>;

/** A pure function over TensorFlow.js tensors, by name. */
export type TensorFunction = (
  inputs: Record<string, tf.Tensor>,
) => Record<string, tf.Tensor>;

/** A value known when a function is compiled. */
export interface Constant {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** The division of one run over processor cores. */
export interface Replicas {
  /** Number of replicas; it must divide the first axis of every input in `split`. */
  readonly count: number;
  /** Inputs that are cut along their first axis, one slice for each replica. */
  readonly split: readonly string[];
  /** How the replicas' outputs become one: averaged (a loss and gradients that are means over the
   * examples), or joined along their first axis. */
  readonly outputs: "mean" | "concat";
}

export interface CompileOptions {
  /** Values baked into the program, given to the function beside its inputs. */
  readonly constants?: Readonly<Record<string, Constant>> | undefined;
  readonly replicas?: Replicas | undefined;
}

/** A compiled function: fixed shapes, run many times. */
export interface Program {
  readonly inputs: Signature;
  readonly outputs: Signature;
  /**
   * Runs the program once. Calls that come while one is running wait for their turn.
   *
   * @param inputs One array for each name of {@link Program.inputs}; they are read before the call
   * returns, and may be written to afterwards.
   * @returns Arrays owned by the program and overwritten by its next run: copy what must be kept. A
   * call that others waited for returns arrays of its own.
   * @throws {UserError} If an input is missing, unknown, or of the wrong length or type, or the
   * program was disposed of.
   */
  run(inputs: Arrays): Promise<Arrays>;
  /** The traced graph as an ONNX model, for export and inspection. */
  toOnnx(): Uint8Array;
  dispose(): Promise<void>;
}

/**
 * A traced program that keeps some of its tensors, its state, where it runs, from one run to the next.
 * Only one run at a time changes it, in the order in which runs were asked for.
 */
export interface ResidentRunner {
  /**
   * Queues one run: the state becomes what the function gives under its names. It does not wait.
   *
   * @throws {UserError} In a compiled function, if an input is missing, unknown, or of the wrong
   * length or type.
   */
  enqueue(inputs: Arrays): void;
  /** Waits for all that is queued and copies state into the given arrays, by name. */
  read(into: Arrays): Promise<void>;
  /** Sets state, for all runs that are queued from now on. */
  write(state: Arrays): void;
  dispose(): Promise<void>;
}

/** A compiled function that keeps its state where it runs. */
export interface ResidentProgram extends ResidentRunner {
  readonly inputs: Signature;
  readonly state: Signature;
}

/** A place where programs run. */
export interface Engine {
  /** The device in use, never "auto". */
  readonly device: Exclude<DeviceName, "auto">;
  /** A description of the device and the reason for its choice. */
  readonly description: string;
  /** The recommended number of replicas for a batch of this size; 1 on an accelerator. */
  replicasFor(batchSize: number): number;
  compile(fn: TensorFunction, inputs: Signature, options?: CompileOptions): Promise<Program>;
  /**
   * Compiles a function that maps inputs and state to the state's new values, where the engine can
   * keep state: absent where it cannot. State that the function gives no value for stays as it is.
   */
  readonly compileResident?:
    | ((
      fn: TensorFunction,
      inputs: Signature,
      state: Signature,
      options?: Pick<CompileOptions, "constants">,
    ) => Promise<ResidentProgram>)
    | undefined;
  dispose(): Promise<void>;
}

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
  dispose(): Promise<void>;
}

/** A device together with the library that runs graphs on it. */
export interface GraphRuntime {
  readonly device: Engine["device"];
  /** For people. */
  readonly description: string;
  /** Whether a batch may be divided over replicas; an accelerator takes it whole. */
  readonly divides: boolean;
  /** The operators that its graphs may consist of. */
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
   * @param state Names of inputs whose next values are the outputs of the same names, if there are any.
   */
  openResident?(program: TracedProgram, state: readonly string[]): Promise<ResidentRunner>;
  /** Gives the device back, once no program is open. */
  close?(): Promise<void>;
}
