/** ONNX Runtime as the runtime of compiled engines, with a replica of the program for each core. */
import { PORTABLE, REPLICA } from "../graph/builder.ts";
import type { Arrays, GraphRuntime, Replicas, Runner, Signature, TracedProgram } from "../types.ts";
import { blockSize } from "./blocked_layout.ts";
import { encodeOnnx } from "./encode.ts";
import { type FromReplica, openSession, REPLICA_THREAD, type ToReplica } from "./session.ts";
import { allocate, mapValues, timesBatch } from "../call.ts";
import { sizeOf } from "../graph/value.ts";

/** ONNX Runtime on the processor. Nothing is loaded before a program is opened. */
export function onnxRuntime(): GraphRuntime {
  const threads = new ReplicaThreads();
  return {
    device: "cpu",
    description: `CPU, ${navigator.hardwareConcurrency} cores`,
    divides: true,
    dialect: async () => ({ ...PORTABLE, blockSize: await blockSize() }),
    open: (program, replicas) => openRunner(threads, program, replicas),
  };
}

async function openRunner(
  threads: ReplicaThreads,
  program: TracedProgram,
  replicas: Replicas | undefined,
): Promise<Runner> {
  if (replicas && replicas.count > 1) return await openReplicas(threads, program, replicas);
  const session = await openSession(encodeOnnx(program.graph), program.inputs, program.outputs);
  return {
    async run(arrays) {
      for (const [name, array] of Object.entries(arrays)) session.inputs[name]!.set(array);
      await session.run();
      return session.outputs;
    },
    dispose: () => session.release(),
  };
}

/**
 * Runs one model on slices of a batch, one single-threaded session on each core.
 *
 * On a CPU this beats letting ONNX Runtime spread every operator over all cores: operators that it
 * runs on one thread only become parallel too, and no thread waits for another 2,000 times a step.
 * The first replica runs on the calling thread.
 */
async function openReplicas(
  threads: ReplicaThreads,
  { graph, inputs, outputs }: TracedProgram,
  { count, split, outputs: combine }: Replicas,
): Promise<Runner> {
  const model = encodeOnnx(graph);
  const shared = shareArrays(inputs, (name) => split.includes(name) ? count : 1);
  const own = await openSession(model, inputs, outputs, 1);
  const program = threads.newProgram();
  const others = Array.from({ length: count - 1 }, (_, i) => ({
    thread: threads.take(i),
    arrays: { ...sliceOf(shared, inputs, split, i + 1), ...ownNumber(inputs) },
    results: shareArrays(outputs, () => 1),
  }));
  const dispose = async () => {
    await Promise.all(others.map(({ thread }) => thread.leave(program)));
    await own.release();
  };
  // Each is told once which one it is, if it asks.
  for (const [i, arrays] of [own.inputs, ...others.map((other) => other.arrays)].entries()) {
    arrays[REPLICA]?.fill(i);
  }
  const signatures = { inputSignature: inputs, outputSignature: outputs };
  try {
    await Promise.all(
      others.map(({ thread, arrays, results }) =>
        thread.ask({
          kind: "open",
          program,
          model,
          ...signatures,
          inputs: arrays,
          outputs: results,
        })
      ),
    );
  } catch (error) {
    await dispose();
    throw error;
  }
  const { [REPLICA]: _, ...ownSlice } = sliceOf(shared, inputs, split, 0);
  const results = [own.outputs, ...others.map((other) => other.results)];
  const combined = combine === "mean" ? meansOf(outputs, results) : joinsOf(outputs, results);
  return {
    async run(arrays) {
      for (const [name, array] of Object.entries(arrays)) shared[name]!.set(array);
      const running = others.map(({ thread }) => thread.ask({ kind: "run", program }));
      for (const [name, array] of Object.entries(ownSlice)) own.inputs[name]!.set(array);
      const finished = await Promise.allSettled([own.run(), ...running]);
      for (const outcome of finished) if (outcome.status === "rejected") throw outcome.reason;
      return combined();
    },
    dispose,
  };
}

/** The views of replica `index` on the arrays: its part of those that are split, all of the others. */
function sliceOf(
  arrays: Arrays,
  signature: Signature,
  split: readonly string[],
  index: number,
): Arrays {
  return mapValues(arrays, (array, name) => {
    const length = sizeOf(signature[name]!.shape);
    const start = split.includes(name) ? index * length : 0;
    return array.subarray(start, start + length);
  });
}

/** Computes the means of the replicas' outputs into arrays made once. */
function meansOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const means = mapValues(outputs, allocate);
  return () => {
    for (const [name, mean] of Object.entries(means)) {
      const arrays = results.map((result) => result[name]!);
      let sum = arrays[0]!;
      // Two replicas are the common case, and take a single pass.
      const last = arrays.at(-1)!;
      for (const array of arrays.slice(1, -1)) {
        for (let i = 0; i < mean.length; i++) mean[i] = sum[i]! + array[i]!;
        sum = mean;
      }
      const share = 1 / arrays.length;
      for (let i = 0; i < mean.length; i++) mean[i] = (sum[i]! + last[i]!) * share;
    }
    return means;
  };
}

/** Joins the replicas' outputs along their first axis into arrays made once. */
function joinsOf(outputs: Signature, results: readonly Arrays[]): () => Arrays {
  const joined = mapValues(outputs, (spec) => allocate(timesBatch(spec, results.length)));
  return () => {
    for (const [name, whole] of Object.entries(joined)) {
      results.forEach((result, i) => whole.set(result[name]!, i * result[name]!.length));
    }
    return joined;
  };
}

/**
 * The threads of a runtime's replicas, one for each core beside the calling thread. All programs share
 * them: a thread costs about 18 MB of memory. One ends when no program is left in it.
 */
class ReplicaThreads {
  readonly #threads: (ReplicaThread | undefined)[] = [];
  #programs = 0;

  newProgram(): number {
    return this.#programs++;
  }

  take(index: number): ReplicaThread {
    const end = () => {
      if (this.#threads[index] === thread) this.#threads[index] = undefined;
    };
    const thread: ReplicaThread = this.#threads[index] ??= new ReplicaThread(end);
    thread.users++;
    return thread;
  }
}

/** A worker thread that answers messages in the order in which it gets them. */
class ReplicaThread {
  /** Programs that have a replica in it. */
  users = 0;
  #failure: Error | undefined;
  readonly #onEnd: () => void;
  readonly #waiting: { resolve(): void; reject(error: Error): void }[] = [];
  readonly #worker = new Worker(REPLICA_THREAD.href, { type: "module" });

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#worker.onmessage = ({ data }: MessageEvent<FromReplica>) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (data.kind === "done") resolve();
      else reject(new Error(data.message));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failure = new Error(`A replica's thread failed: ${event.message}`);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
      this.#onEnd();
    };
  }

  ask(message: ToReplica): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  /** Gives up a program's replica, and the thread if no other is left in it. */
  async leave(program: number): Promise<void> {
    this.users--;
    if (!this.#failure) await this.ask({ kind: "release", program });
    // Where several are given up at once, the last answer ends the thread.
    if (this.users > 0 || this.#waiting.length > 0) return;
    this.#onEnd();
    this.#worker.terminate();
  }
}

/** Room for a replica's own number, if its graph asks for it. */
function ownNumber(inputs: Signature): Arrays {
  return REPLICA in inputs ? { [REPLICA]: new Int32Array(new SharedArrayBuffer(4)) } : {};
}

/** Arrays in shared memory, `times(name)` as long as the signature says. */
function shareArrays(signature: Signature, times: (name: string) => number): Arrays {
  return mapValues(signature, ({ shape, dtype }, name) => {
    const memory = new SharedArrayBuffer(4 * sizeOf(shape) * times(name));
    return dtype === "float32" ? new Float32Array(memory) : new Int32Array(memory);
  });
}
