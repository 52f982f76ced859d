/** A model loaded by ONNX Runtime, and what threads with such models say to each other. */
import ort from "onnxruntime-node";
import { UserError } from "../host/mod.ts";
import { outputName } from "./encode.ts";
import { sizeOf } from "../graph/value.ts";
import type { Arrays, Signature, TensorSpec } from "../types.ts";

/** The execution provider of ONNX Runtime that is used here; GPUs have kernels of our own. */
export type Provider = "cpu";

interface SessionOptions {
  readonly provider: Provider;
  /** Threads for one operator; ONNX Runtime's own choice if absent. */
  readonly threads?: number;
}

/** A loaded model with buffers for its inputs and outputs. */
export interface Session {
  /** The input arrays, to be filled before {@link Session.run}. */
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
  /** The output arrays, filled by {@link Session.run}. */
  readonly outputs: Arrays;
  run(): Promise<void>;
  release(): Promise<void>;
}

/** Loads an ONNX model for repeated runs on the same buffers. */
export async function openSession(
  model: Uint8Array,
  inputs: Signature,
  outputs: Signature,
  { provider, threads }: SessionOptions,
): Promise<Session> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [provider],
    graphOptimizationLevel: "all",
    // What fails is thrown; it need not be printed too.
    logSeverityLevel: 4,
    // Planned ahead, the buffers of a run would lie beside those of the first run: twice the memory.
    enableMemPattern: false,
    ...(threads ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : {}),
  });
  const feeds = buffers(inputs);
  const results = buffers(outputs);
  const [inputNames, outputNames] = [Object.keys(inputs), Object.keys(outputs)];
  const fetches = Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      outputName(name, inputNames, outputNames),
      tensor,
    ]),
  );
  return {
    inputs: arraysOf(feeds),
    outputs: arraysOf(results),
    async run() {
      await session.run(feeds, fetches).catch((error: Error) => {
        throw OUT_OF_RANGE.test(error.message) ? outOfRange(error) : error;
      });
    },
    release: () => session.release(),
  };
}

const OUT_OF_RANGE = /indices element out of data bounds|invalid indice/;

function outOfRange({ message }: Error): UserError {
  return new UserError(
    "An index is out of range in this run: look-ups take indices from 0 to below the extent of " +
      "their axis (ONNX Runtime shows a negative one as idx=2147483647: " +
      `${/(indices element|invalid indice).*/.exec(message)![0]})`,
  );
}

type Buffers = Record<string, ort.Tensor>;

function buffers(signature: Signature): Buffers {
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec]) => [name, buffer(spec)]),
  );
}

function buffer({ shape, dtype }: TensorSpec): ort.Tensor {
  const size = sizeOf(shape);
  return dtype === "float32"
    ? new ort.Tensor("float32", new Float32Array(size), [...shape])
    : new ort.Tensor("int32", new Int32Array(size), [...shape]);
}

function arraysOf(tensors: Buffers): Arrays {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.data as Float32Array | Int32Array,
    ]),
  );
}

/**
 * What the thread that owns programs and a thread of replicas say to each other. The arrays lie in
 * shared memory: the owner writes inputs before "run" and reads outputs after "done". Each message is
 * answered, in the order in which they came.
 */
export type ToReplica =
  | {
    readonly kind: "open";
    /** By which the other messages name the program's replica. */
    readonly program: number;
    readonly model: Uint8Array;
    readonly inputSignature: Signature;
    readonly outputSignature: Signature;
    /** This replica's part of the inputs, and its outputs, in shared memory. */
    readonly inputs: Arrays;
    readonly outputs: Arrays;
  }
  | { readonly kind: "run" | "release"; readonly program: number };

export type FromReplica =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };
