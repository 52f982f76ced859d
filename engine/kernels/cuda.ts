/** Kernels on an NVIDIA card: compiled by the driver, and replayed as one graph. */
import {
  type DeviceProgram,
  type KernelDevice,
  type KernelProgram,
  type Reading,
  wordsOf,
} from "./compile.ts";
import { cString, type CudaCard, openCard, pointerIn } from "./cuda_driver.ts";
import type { Kernel } from "./kernel.ts";
import { type Launch, type MemoryPlan, planProgram } from "./memory.ts";
import { joinPtx, mostInstances, printPtx } from "./ptx.ts";
import type { SourceTensor, Tensor } from "./tensor.ts";
import { sizeOf } from "../graph/value.ts";
import type { Precision } from "../types.ts";

/** Elements of one allocation: indices are 32 bits wide. */
const CAPACITY = 2 ** 31 - 64;
/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL. */
const THREAD_LOCAL = 1;

/**
 * Opens the first NVIDIA card.
 *
 * @throws {UserError} If there is none that can be used, with the reason.
 */
export function openCuda(
  precision: Precision = "float32",
  card: CudaCard = openCard(precision),
): KernelDevice {
  const inTf32 = precision === "tf32" ? ", products in tf32" : "";
  return {
    device: "cuda",
    description: `${card.name} through CUDA${inTf32}`,
    precision,
    open: (program) => Promise.resolve(new CudaProgram(card, program)),
    close: () => card.close(),
  };
}

/** Why there is no card that can be used; undefined if there is one. It opens the driver for a moment. */
export function cudaTrouble(): string | undefined {
  try {
    openCard().close();
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^Device cuda cannot be used here: |; use .*$/g, "");
  }
}

class CudaProgram implements DeviceProgram {
  readonly #card: CudaCard;
  readonly #plan: MemoryPlan;
  readonly #banks: readonly bigint[];
  readonly #module: Deno.PointerValue;
  readonly #graph: Deno.PointerValue;

  constructor(card: CudaCard, program: KernelProgram) {
    this.#card = card;
    const textOf = (kernel: Kernel) => printPtx(kernel);
    const { launches, plan } = planProgram(program, textOf, CAPACITY, divided);
    this.#plan = plan;
    this.#banks = this.#plan.banks.map((size) => this.#allocate(4 * size));
    for (const source of program.sources) {
      if (source.data) this.write(source, wordsOf(source.data));
      else this.#clear(source);
    }
    const { module, functions } = loadModule(card, launches, program.precision);
    this.#module = module;
    this.#graph = this.#capture(launches, functions);
  }

  write(tensor: SourceTensor, words: Float32Array | Int32Array): void {
    if (words.length === 0) return;
    const { symbols, stream, check } = this.#card;
    const bytes = words as Float32Array<ArrayBuffer>;
    const address = this.#address(tensor);
    check(
      symbols.cuMemcpyHtoDAsync_v2(address, bytes, BigInt(words.byteLength), stream),
      "Writing a tensor",
    );
  }

  enqueue(): void {
    const { symbols, stream, check } = this.#card;
    check(symbols.cuGraphLaunch(this.#graph, stream), "Launching a step");
  }

  read(readings: readonly Reading[]): Promise<void> {
    const { symbols, stream, check } = this.#card;
    for (const { tensor, into } of readings) {
      if (into.length === 0) continue;
      const bytes = into as Float32Array<ArrayBuffer>;
      const address = this.#address(tensor);
      check(
        symbols.cuMemcpyDtoHAsync_v2(bytes, address, BigInt(into.byteLength), stream),
        "Reading a tensor",
      );
    }
    check(symbols.cuStreamSynchronize(stream), "Waiting for the card");
    return Promise.resolve();
  }

  release(): void {
    const { symbols, stream } = this.#card;
    symbols.cuStreamSynchronize(stream);
    symbols.cuGraphExecDestroy(this.#graph);
    symbols.cuModuleUnload(this.#module);
    for (const bank of this.#banks) symbols.cuMemFree_v2(bank);
  }

  #allocate(bytes: number): bigint {
    const { symbols, check } = this.#card;
    const address = new BigUint64Array(1);
    const megabytes = (bytes / 2 ** 20).toFixed(0);
    check(symbols.cuMemAlloc_v2(address, BigInt(bytes)), `Taking ${megabytes} MB of memory`);
    return address[0]!;
  }

  /** State begins at zero; all other memory is written before it is read. */
  #clear(tensor: Tensor): void {
    const { symbols, stream, check } = this.#card;
    const bytes = 4 * sizeOf(tensor.shape);
    if (bytes === 0) return;
    const address = this.#address(tensor);
    check(symbols.cuMemsetD8Async(address, 0, BigInt(bytes), stream), "Clearing memory");
  }

  #address(tensor: Tensor): bigint {
    const { bank, offset } = this.#plan.places.get(tensor)!;
    return this.#banks[bank]! + BigInt(4 * offset);
  }

  /** Records all launches once, as a graph that is then replayed by one call. */
  #capture(
    launches: readonly Launch[],
    functions: ReadonlyMap<string, Deno.PointerValue>,
  ): Deno.PointerValue {
    const { symbols, stream, check } = this.#card;
    check(symbols.cuStreamBeginCapture_v2(stream, THREAD_LOCAL), "Beginning to record");
    for (const { text, kernels } of launches) {
      const [first] = kernels as readonly [Kernel];
      const table = BigUint64Array.from(
        kernels.flatMap(({ reads, writes }) =>
          [...reads, ...writes].map((tensor) => this.#address(tensor))
        ),
      );
      const pointer = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(table)));
      const blocks = kernels.length * first.workgroups;
      const parameters = BigUint64Array.of(pointer);
      const key = `${kernels.length} ${text}`;
      check(
        symbols.cuLaunchKernel(
          functions.get(key)!,
          blocks,
          1,
          1,
          first.lanes,
          1,
          1,
          0,
          stream,
          parameters,
          null,
        ),
        `Recording ${first.name}`,
      );
      // Read by the call above: it must not be collected before.
      if (table.length === 0) throw new Error("Internal: a kernel without tensors");
    }
    const handle = new BigUint64Array(1);
    check(symbols.cuStreamEndCapture(stream, handle), "Recording a step");
    const graph = pointerIn(handle);
    check(symbols.cuGraphInstantiateWithFlags(handle, graph, 0n), "Making a graph");
    symbols.cuGraphDestroy(graph);
    return pointerIn(handle);
  }
}

/** As many launches as the parameters of so many kernels need. */
function divided({ text, kernels }: Launch): Launch[] {
  const most = mostInstances(kernels[0]!);
  return Array.from({ length: Math.ceil(kernels.length / most) }, (_, i) => ({
    text,
    kernels: kernels.slice(i * most, (i + 1) * most),
  }));
}

/** Compiles every text once, and finds the functions by number of kernels and text. */
function loadModule(
  { symbols, check }: CudaCard,
  launches: readonly Launch[],
  precision: Precision,
) {
  const entries = new Map<string, string>();
  for (const { text, kernels } of launches) {
    const key = `${kernels.length} ${text}`;
    if (!entries.has(key)) {
      entries.set(key, printPtx(kernels[0]!, kernels.length, `kernel${entries.size}`));
    }
  }
  const handle = new BigUint64Array(1);
  const text = cString(joinPtx([...entries.values()], precision));
  check(symbols.cuModuleLoadData(handle, text), "Compiling the kernels");
  const module = pointerIn(handle);
  const functions = new Map<string, Deno.PointerValue>();
  [...entries.keys()].forEach((key, i) => {
    const name = cString(`kernel${i}`);
    check(symbols.cuModuleGetFunction(handle, module, name), "Finding a kernel");
    functions.set(key, pointerIn(handle));
  });
  return { module, functions };
}
