/** The devices that "auto" chooses from. */
import { openCompiledEngine } from "../compiled.ts";
import { cudaTrouble } from "../kernels/cuda.ts";
import { kernelRuntime, openKernelRuntime } from "../kernels/runtime.ts";
import { webGpuTrouble } from "../kernels/webgpu.ts";
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
  { device: "cpu", trouble: () => Promise.resolve(undefined), open: openCpu },
  accelerator("cuda", () => Promise.resolve(cudaTrouble())),
  accelerator("webgpu", webGpuTrouble),
];

type Accelerator = "cuda" | "webgpu";

function accelerator(device: Accelerator, trouble: Candidate["trouble"]): Candidate {
  const { dialect } = kernelRuntime(device);
  const open = async () => openCompiledEngine(await openKernelRuntime(device));
  return { device, trouble, open, apart: { dialect, entry: APART_ENTRY } };
}

function openCpu(): Promise<Engine> {
  return Promise.resolve(openCompiledEngine(onnxRuntime("cpu")));
}
