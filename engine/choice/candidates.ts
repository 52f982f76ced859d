/** The devices that "auto" chooses from. */
import { existsSync } from "node:fs";
import process from "node:process";
import { openCompiledEngine } from "../compiled.ts";
import { onnxRuntime } from "../onnx/runtime.ts";
import type { GraphRuntime } from "../runtime.ts";
import type { Engine } from "../types.ts";
import { APART_ENTRY } from "./apart.ts";

/** A device that may be chosen. */
export interface Candidate {
  readonly device: Engine["device"];
  /** Why it cannot be used on this machine; undefined if it is worth measuring. It is asked often,
   * so it looks for what is there and computes nothing. */
  trouble(): Promise<string | undefined>;
  open(): Promise<Engine>;
  /**
   * How it is measured in a process of its own, so that a driver that hangs or crashes takes no more
   * than that process down. A candidate without it is measured in this process.
   */
  readonly apart?: {
    /** In which dialect programs are traced for it. */
    readonly dialect: GraphRuntime["dialect"];
    /** The program of that process. */
    readonly entry: URL;
  };
}

/** In the order in which they are measured: the first is the one that others are checked against. */
export const CANDIDATES: readonly Candidate[] = [
  { device: "cpu", trouble: () => Promise.resolve(undefined), open: () => open("cpu") },
  accelerator("cuda", () => Promise.resolve(cudaTrouble())),
  accelerator("webgpu", webGpuTrouble),
];

type Accelerator = "cuda" | "webgpu";

function accelerator(device: Accelerator, trouble: Candidate["trouble"]): Candidate {
  const { dialect } = onnxRuntime(device);
  return { device, trouble, open: () => open(device), apart: { dialect, entry: APART_ENTRY } };
}

function open(device: "cpu" | Accelerator): Promise<Engine> {
  return Promise.resolve(openCompiledEngine(onnxRuntime(device)));
}

/** Looks for the file first: ONNX Runtime prints to the terminal when it cannot load it. */
function cudaTrouble(): string | undefined {
  const name = process.platform === "win32"
    ? "onnxruntime_providers_cuda.dll"
    : "libonnxruntime_providers_cuda.so";
  const folder = `../bin/napi-v6/${process.platform}/${process.arch}/`;
  return existsSync(new URL(folder + name, import.meta.resolve("onnxruntime-node")))
    ? undefined
    : "its libraries are not installed (they come with onnxruntime-node's install script)";
}

/** A software adapter is slower than the CPU's own kernels, whatever it is to compute. */
async function webGpuTrouble(): Promise<string | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return "no adapter";
  const { description, isFallbackAdapter } = adapter.info;
  return isFallbackAdapter || /llvmpipe|swiftshader|lavapipe/i.test(description)
    ? `${description || "the adapter"} is software`
    : undefined;
}
