/**
 * NVIDIA's driver, reached by its C interface; nothing besides it has to be installed.
 * https://docs.nvidia.com/cuda/cuda-driver-api/
 */
import { UserError } from "../host/mod.ts";
import type { Precision } from "../types.ts";

/** A function that gives an error code, 0 where it succeeds. */
function call<const Parameters extends readonly Deno.NativeType[]>(...parameters: Parameters) {
  return { parameters, result: "i32" } as const;
}

/** The extents of a grid, or of a block. */
const EXTENTS = ["u32", "u32", "u32"] as const;

const SYMBOLS = {
  cuInit: call("u32"),
  cuDriverGetVersion: call("buffer"),
  cuDeviceGetCount: call("buffer"),
  cuDeviceGet: call("buffer", "i32"),
  cuDeviceGetName: call("buffer", "i32", "i32"),
  cuDeviceGetAttribute: call("buffer", "i32", "i32"),
  cuDevicePrimaryCtxRetain: call("buffer", "i32"),
  cuDevicePrimaryCtxRelease_v2: call("i32"),
  cuCtxSetCurrent: call("pointer"),
  cuMemAlloc_v2: call("buffer", "usize"),
  cuMemFree_v2: call("u64"),
  cuMemsetD8Async: call("u64", "u8", "usize", "pointer"),
  cuMemcpyHtoDAsync_v2: call("u64", "buffer", "usize", "pointer"),
  cuMemcpyDtoHAsync_v2: call("buffer", "u64", "usize", "pointer"),
  cuModuleLoadData: call("buffer", "buffer"),
  cuModuleUnload: call("pointer"),
  cuModuleGetFunction: call("buffer", "pointer", "buffer"),
  cuStreamCreate: call("buffer", "u32"),
  cuStreamDestroy_v2: call("pointer"),
  cuStreamSynchronize: call("pointer"),
  cuStreamBeginCapture_v2: call("pointer", "i32"),
  cuStreamEndCapture: call("pointer", "buffer"),
  cuGraphInstantiateWithFlags: call("buffer", "pointer", "u64"),
  cuGraphDestroy: call("pointer"),
  cuGraphLaunch: call("pointer", "pointer"),
  cuGraphExecDestroy: call("pointer"),
  cuLaunchKernel: call("pointer", ...EXTENTS, ...EXTENTS, "u32", "pointer", "buffer", "pointer"),
  cuGetErrorString: call("i32", "buffer"),
} satisfies Deno.ForeignLibraryInterface;

type CudaLibrary = Pick<Deno.DynamicLibrary<typeof SYMBOLS>, "symbols" | "close">;
export type CudaSymbols = CudaLibrary["symbols"];

/** Compute capabilities that the kernels' text is for: 7.0, Volta, and with tf32 8.0, Ampere. */
const OLDEST_CARDS: Record<Precision, number> = { float32: 7, tf32: 8 };
/** CUDA 11.4: the oldest driver that has all of these functions (cuGraphInstantiateWithFlags came last). */
const OLDEST_DRIVER = 11040;
/** CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR. */
const [MAJOR, MINOR] = [75, 76] as const;
const OUT_OF_MEMORY = 2;
const NEEDED = `CUDA ${versionText(OLDEST_DRIVER)}`;

/** A card with a context of its own, and a queue of work. */
export interface CudaCard {
  readonly symbols: CudaSymbols;
  readonly stream: Deno.PointerValue;
  readonly name: string;
  /** @throws If a call of the driver failed. */
  check(result: number, what: string): void;
  close(): void;
}

/**
 * Opens the first card.
 *
 * @throws {UserError} If there is no driver, no card, or too old a one; it says which.
 */
export function openCard(
  precision: Precision = "float32",
  library: CudaLibrary = openLibrary(precision),
): CudaCard {
  const { symbols } = library;
  const refuse = (why: string, instead?: string): never => {
    library.close();
    throw refusal(why, precision, instead);
  };
  const started = symbols.cuInit(0);
  if (started !== 0) refuse(`NVIDIA's driver finds no card (${errorText(symbols, started)})`);
  const number = new Int32Array(1);
  symbols.cuDriverGetVersion(number);
  if (number[0]! < OLDEST_DRIVER) {
    refuse(`NVIDIA's driver is for CUDA ${versionText(number[0]!)}, and ${NEEDED} is needed`);
  }
  symbols.cuDeviceGetCount(number);
  if (number[0] === 0) refuse("NVIDIA's driver finds no card");
  symbols.cuDeviceGet(number, 0);
  const device = number[0]!;
  const name = deviceName(symbols, device);
  const [major, minor] = [MAJOR, MINOR].map((attribute) => {
    symbols.cuDeviceGetAttribute(number, attribute, device);
    return number[0]!;
  }) as [number, number];
  const capability = `${name} has compute capability ${major}.${minor}`;
  if (major < OLDEST_CARDS.float32) refuse(`${capability}, and 7.0 is needed`);
  if (major < OLDEST_CARDS[precision]) {
    refuse(`${capability}, and precision "tf32" needs 8.0`, 'use precision "float32"');
  }
  const check = (result: number, what: string) => {
    if (result === 0) return;
    const text = `${what} failed on ${name}: ${errorText(symbols, result)}`;
    if (result === OUT_OF_MEMORY) throw new UserError(`${text}; take a smaller batch or network`);
    throw new Error(`Internal: ${text}`);
  };
  const handle = new BigUint64Array(1);
  check(symbols.cuDevicePrimaryCtxRetain(handle, device), "Opening a context");
  check(symbols.cuCtxSetCurrent(pointerIn(handle)), "Taking the context");
  // Not blocked by the default stream, which is nobody's here.
  check(symbols.cuStreamCreate(handle, 1), "Making a stream");
  const stream = pointerIn(handle);
  return {
    symbols,
    stream,
    name,
    check,
    close() {
      symbols.cuStreamDestroy_v2(stream);
      symbols.cuDevicePrimaryCtxRelease_v2(device);
      library.close();
    },
  };
}

/** The library under the name that the driver installs it by. */
function openLibrary(precision: Precision): CudaLibrary {
  const name = Deno.build.os === "windows" ? "nvcuda.dll" : "libcuda.so.1";
  try {
    return Deno.dlopen(name, SYMBOLS);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const why = /symbol/i.test((error as Error).message)
      ? `is older than that of ${NEEDED}, which is needed`
      : "is not installed";
    throw refusal(`NVIDIA's driver (${name}) ${why}`, precision);
  }
}

function refusal(
  why: string,
  precision: Precision,
  instead = precision === "float32"
    ? "use webgpu or cpu"
    : `use webgpu or cpu, with precision "float32" (now "${precision}")`,
): UserError {
  return new UserError(`Device cuda cannot be used here: ${why}; ${instead}`);
}

/** A version as the driver numbers them, 1000 · major + 10 · minor. */
function versionText(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor(version % 1000 / 10)}`;
}

/** The pointer that a call wrote into a buffer. */
export function pointerIn(buffer: BigUint64Array): Deno.PointerValue {
  return Deno.UnsafePointer.create(buffer[0]!);
}

/** A string as C has them. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

function deviceName(symbols: CudaSymbols, device: number): string {
  const bytes = new Uint8Array(256);
  symbols.cuDeviceGetName(bytes, bytes.length, device);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function errorText(symbols: CudaSymbols, code: number): string {
  const buffer = new BigUint64Array(1);
  symbols.cuGetErrorString(code, buffer);
  const text = pointerIn(buffer);
  return text ? new Deno.UnsafePointerView(text).getCString() : `error ${code}`;
}
