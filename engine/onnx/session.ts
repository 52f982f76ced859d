/**
 * A model loaded by ONNX Runtime, and the thread that holds one replica of each of several programs.
 * This file is the program of that thread too.
 */
import ort from "onnxruntime-node";
import { mapValues } from "../call.ts";
import { UserError } from "../host/mod.ts";
import { outputName } from "./encode.ts";
import { sizeOf } from "../graph/value.ts";
import type { Arrays, Signature, TensorSpec } from "../types.ts";

/** A loaded model with buffers for its inputs and outputs. */
export interface Session {
  /** The input arrays, to be filled before {@link Session.run}. */
  readonly inputs: Readonly<Record<string, Float32Array | Int32Array>>;
  /** The output arrays, filled by {@link Session.run}. */
  readonly outputs: Arrays;
  run(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Loads an ONNX model for repeated runs on the same buffers, on the processor: GPUs have kernels of our own.
 *
 * @param threads For one operator; ONNX Runtime's own choice if absent.
 */
export async function openSession(
  model: Uint8Array,
  inputs: Signature,
  outputs: Signature,
  threads?: number,
): Promise<Session> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    // What fails is thrown; it need not be printed too.
    logSeverityLevel: 4,
    // Planned ahead, the buffers of a run would lie beside those of the first run: twice the memory.
    enableMemPattern: false,
    ...(threads ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : {}),
  });
  const feeds = mapValues(inputs, bufferOf);
  const results = mapValues(outputs, bufferOf);
  const [inputNames, outputNames] = [Object.keys(inputs), Object.keys(outputs)];
  const fetches = Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      outputName(name, inputNames, outputNames),
      tensor,
    ]),
  );
  return {
    inputs: mapValues(feeds, arrayOf),
    outputs: mapValues(results, arrayOf),
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

function bufferOf({ shape, dtype }: TensorSpec): ort.Tensor {
  const size = sizeOf(shape);
  return dtype === "float32"
    ? new ort.Tensor("float32", new Float32Array(size), [...shape])
    : new ort.Tensor("int32", new Int32Array(size), [...shape]);
}

const arrayOf = ({ data }: ort.Tensor) => data as Float32Array | Int32Array;

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

/** Carries out the messages of the thread that owns the programs, one after another. */
function serveReplicas(owner: Worker): void {
  const replicas = new Map<number, Replica>();
  let last: Promise<void> = Promise.resolve();
  owner.onmessage = ({ data }: MessageEvent<ToReplica>) => {
    last = last.then(async () => owner.postMessage(await answer(replicas, data)));
  };
}

interface Replica {
  readonly session: Session;
  readonly inputs: Arrays;
  readonly outputs: Arrays;
}

async function answer(
  replicas: Map<number, Replica>,
  message: ToReplica,
): Promise<FromReplica> {
  try {
    await carryOut(replicas, message);
    return { kind: "done" };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

async function carryOut(replicas: Map<number, Replica>, message: ToReplica): Promise<void> {
  const { program } = message;
  switch (message.kind) {
    case "open": {
      const { model, inputSignature, outputSignature, inputs, outputs } = message;
      const session = await openSession(model, inputSignature, outputSignature, 1);
      replicas.set(program, { session, inputs, outputs });
      return;
    }
    case "run": {
      const replica = replicas.get(program);
      if (!replica) throw new Error("Internal: a replica was run before it was opened");
      const { session, inputs, outputs } = replica;
      for (const [name, array] of Object.entries(inputs)) session.inputs[name]!.set(array);
      await session.run();
      for (const [name, array] of Object.entries(outputs)) array.set(session.outputs[name]!);
      return;
    }
    case "release": {
      const replica = replicas.get(program);
      replicas.delete(program);
      await replica?.session.release();
      return;
    }
    default:
      message satisfies never;
  }
}

/** The program of a thread of replicas. */
export const REPLICA_THREAD = new URL("./session.ts", import.meta.url);

if (import.meta.main) serveReplicas(self as unknown as Worker);
