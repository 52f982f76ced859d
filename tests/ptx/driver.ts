/**
 * NVIDIA's driver, played: the calls that cuda.ts makes, with the checks that the driver makes of
 * their arguments, on memory of its own and with kernels interpreted.
 */
import type { CudaSymbols } from "../../engine/kernels/cuda_driver.ts";
import { compileEntry, type RunGrid } from "./compile.ts";
import { CardMemory, FROM_HOST } from "./memory.ts";
import { type Entry, parseModule } from "./module.ts";

const [SUCCESS, INVALID_VALUE, NO_BINARY, WHILE_CAPTURING] = [0, 1, 209, 900];
const MESSAGES: Readonly<Record<number, string>> = {
  [INVALID_VALUE]: "invalid argument",
  [NO_BINARY]: "no kernel image is available for execution on the device",
  [WHILE_CAPTURING]: "operation not permitted when stream is capturing",
};

export interface PlayedCard {
  /** Compute capability times ten. */
  readonly capability?: number;
  /** Of CUDA, as the driver gives it. */
  readonly version?: number;
  readonly name?: string;
  readonly count?: number;
  /** Changes the text of a module before it is compiled. */
  readonly alter?: (text: string) => string;
}

interface Kernel {
  readonly entry: Entry;
  readonly run: RunGrid;
}

interface Launch {
  readonly kernel: Kernel;
  readonly blocks: number;
  readonly table: Float64Array;
}

/** A driver with one card; what it opens can be used until the program ends. */
export function playedDriver(
  { capability = 90, version = 12040, name = "Played card", count = 1, alter }: PlayedCard = {},
): { readonly symbols: CudaSymbols; close(): void } {
  const memory = new CardMemory();
  const compiled = new Map<string, RunGrid>();
  const handles = new Map<bigint, unknown>();
  let next = 1n;
  let launches = FROM_HOST;
  let captured: Launch[] | undefined;

  const give = (buffer: AllowSharedBufferSource | null, value: unknown) => {
    handles.set(next, value);
    setWord(buffer, next++);
    return SUCCESS;
  };
  const take = <T>(handle: Deno.PointerValue) => handles.get(Deno.UnsafePointer.value(handle)) as T;
  const forget = (handle: Deno.PointerValue) =>
    handles.delete(Deno.UnsafePointer.value(handle)) ? SUCCESS : INVALID_VALUE;
  const functionOf = (entry: Entry): Kernel => {
    const run = compiled.get(entry.text) ?? compileEntry(entry, memory);
    compiled.set(entry.text, run);
    return { entry, run };
  };

  const symbols: CudaSymbols = {
    cuInit: () => SUCCESS,
    cuDriverGetVersion: (into) => setInt(into, version),
    cuDeviceGetCount: (into) => setInt(into, count),
    cuDeviceGet: (into) => setInt(into, 0),
    cuDeviceGetName: (into, length) => {
      bytesOf(into).set(new TextEncoder().encode(`${name}\0`).subarray(0, length));
      return SUCCESS;
    },
    cuDeviceGetAttribute: (into, attribute) =>
      setInt(into, attribute === 75 ? Math.floor(capability / 10) : capability % 10),
    cuDevicePrimaryCtxRetain: (into) => give(into, "context"),
    cuDevicePrimaryCtxRelease_v2: () => SUCCESS,
    cuCtxSetCurrent: () => SUCCESS,
    cuMemAlloc_v2: (into, bytes) => {
      if (Number(bytes) === 0) return INVALID_VALUE;
      setWord(into, BigInt(memory.allocate(Number(bytes))));
      return SUCCESS;
    },
    cuMemFree_v2: (address) => {
      memory.free(Number(address));
      return SUCCESS;
    },
    cuMemsetD8Async: (address, byte, bytes) => {
      if (captured) return WHILE_CAPTURING;
      memory.write(Number(address), new Int32Array(Number(bytes) / 4).fill(byte * 0x01010101));
      return SUCCESS;
    },
    cuMemcpyHtoDAsync_v2: (address, from, bytes) => {
      if (captured) return WHILE_CAPTURING;
      memory.write(Number(address), wordsOf(from, Number(bytes)));
      return SUCCESS;
    },
    cuMemcpyDtoHAsync_v2: (into, address, bytes) => {
      if (captured) return WHILE_CAPTURING;
      memory.read(Number(address), wordsOf(into, Number(bytes)));
      return SUCCESS;
    },
    cuModuleLoadData: (into, image) => {
      const text = new TextDecoder().decode(bytesOf(image));
      if (!text.endsWith("\0")) throw new Error("A text without an end");
      const module = parseModule(alter?.(text.slice(0, -1)) ?? text.slice(0, -1));
      return module.target > capability ? NO_BINARY : give(into, module);
    },
    cuModuleUnload: forget,
    cuModuleGetFunction: (into, module, name) => {
      const { entries } = take<ReturnType<typeof parseModule>>(module);
      const entry = entries.get(new TextDecoder().decode(bytesOf(name)).slice(0, -1));
      return entry ? give(into, functionOf(entry)) : INVALID_VALUE;
    },
    cuStreamCreate: (into) => give(into, "stream"),
    cuStreamDestroy_v2: forget,
    cuStreamSynchronize: () => captured ? WHILE_CAPTURING : SUCCESS,
    cuStreamBeginCapture_v2: () => {
      if (captured) return WHILE_CAPTURING;
      captured = [];
      return SUCCESS;
    },
    cuStreamEndCapture: (_, into) => {
      const graph = captured;
      captured = undefined;
      return graph ? give(into, graph) : INVALID_VALUE;
    },
    cuGraphInstantiateWithFlags: (into, graph) => give(into, take(graph)),
    cuGraphDestroy: forget,
    cuGraphExecDestroy: forget,
    cuGraphLaunch: (graph) => {
      for (const { kernel, blocks, table } of take<Launch[]>(graph)) {
        kernel.run(blocks, table, ++launches);
      }
      return SUCCESS;
    },
    cuLaunchKernel(kernel, x, y, z, lanes, ...[laneY, laneZ, shared, , parameters, extra]) {
      const { entry, run } = take<Kernel>(kernel);
      const fits = x > 0 && y === 1 && z === 1 && lanes === entry.lanes && laneY === 1 &&
        laneZ === 1 && shared === 0 && extra === null;
      if (!fits) return INVALID_VALUE;
      if (!captured) throw new Error("A launch that is not recorded");
      const [pointer] = new BigUint64Array(bytesOf(parameters).slice().buffer);
      const view = new Deno.UnsafePointerView(Deno.UnsafePointer.create(pointer!)!);
      const table = Float64Array.from(
        { length: entry.parameterBytes / 8 },
        (_, i) => Number(view.getBigUint64(8 * i)),
      );
      captured.push({ kernel: { entry, run }, blocks: x, table });
      return SUCCESS;
    },
    cuGetErrorString(code, into) {
      const text = new TextEncoder().encode(`${MESSAGES[code] ?? "unknown error"}\0`);
      handles.set(next++, text);
      setWord(into, Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)));
      return SUCCESS;
    },
  };
  return { symbols, close() {} };
}

function bytesOf(buffer: AllowSharedBufferSource | null): Uint8Array {
  if (buffer === null) throw new TypeError("A buffer is missing");
  return ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}

function wordsOf(buffer: AllowSharedBufferSource | null, length: number): Int32Array {
  const bytes = bytesOf(buffer);
  if (length > bytes.byteLength) throw new RangeError("A copy beyond the end of an array");
  return new Int32Array(bytes.buffer, bytes.byteOffset, length / 4);
}

function setInt(buffer: AllowSharedBufferSource | null, value: number): number {
  new DataView(bytesOf(buffer).buffer).setInt32(bytesOf(buffer).byteOffset, value, true);
  return SUCCESS;
}

function setWord(buffer: AllowSharedBufferSource | null, value: bigint): void {
  new DataView(bytesOf(buffer).buffer).setBigUint64(bytesOf(buffer).byteOffset, value, true);
}
