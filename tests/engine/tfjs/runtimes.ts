/** The devices that the suite can run on. */
import { kernelRuntime } from "../../../engine/kernels/runtime.ts";
import { onnxRuntime } from "../../../engine/onnx/runtime.ts";
import type { GraphRuntime } from "../../../engine/types.ts";

/** What runs graphs on each device that compiles them. */
export const RUNTIMES = {
  cpu: () => onnxRuntime(),
  cuda: () => kernelRuntime("cuda"),
  webgpu: () => kernelRuntime("webgpu"),
} satisfies Record<string, () => GraphRuntime>;

export type SuiteDevice = keyof typeof RUNTIMES;
