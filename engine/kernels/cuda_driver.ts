/**
 * NVIDIA's driver, reached by its C interface; nothing besides it has to be installed.
 * https://docs.nvidia.com/cuda/cuda-driver-api/
 */
import { UserError } from "../host/mod.ts";
import type { Precision } from "../types.ts";

const SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDriverGetVersion: { parameters: ["buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDevicePrimaryCtxRetain: { parameters: ["buffer", "i32"], result: "i32" },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32"], result: "i32" },
  cuCtxSetCurrent: { parameters: ["pointer"], result: "i32" },
  cuMemGetInfo_v2: { parameters: ["buffer", "buffer"], result: "i32" },
  cuMemAlloc_v2: { parameters: ["buffer", "usize"], result: "i32" },
  cuMemFree_v2: { parameters: ["u64"], result: "i32" },
  cuMemsetD8Async: { parameters: ["u64", "u8", "usize", "pointer"], result: "i32" },
  cuMemcpyHtoDAsync_v2: { parameters: ["u64", "buffer", "usize", "pointer"], result: "i32" },
  cuMemcpyDtoHAsync_v2: { parameters: ["buffer", "u64", "usize", "pointer"], result: "i32" },
  cuModuleLoadData: { parameters: ["buffer", "buffer"], result: "i32" },
  cuModuleUnload: { parameters: ["pointer"], result: "i32" },
  cuModuleGetFunction: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  cuStreamCreate: { parameters: ["buffer", "u32"], result: "i32" },
  cuStreamDestroy_v2: { parameters: ["pointer"], result: "i32" },
  cuStreamSynchronize: { parameters: ["pointer"], result: "i32" },
  cuStreamBeginCapture_v2: { parameters: ["pointer", "i32"], result: "i32" },
  cuStreamEndCapture: { parameters: ["pointer", "buffer"], result: "i32" },
  cuGraphInstantiateWithFlags: { parameters: ["buffer", "pointer", "u64"], result: "i32" },
  cuGraphDestroy: { parameters: ["pointer"], result: "i32" },
  cuGraphLaunch: { parameters: ["pointer", "pointer"], result: "i32" },
  cuGraphExecDestroy: { parameters: ["pointer"], result: "i32" },
  cuLaunchKernel: {
    parameters: [
      "pointer",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "pointer",
      "buffer",
      "pointer",
    ],
    result: "i32",
  },
  cuGetErrorString: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

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
