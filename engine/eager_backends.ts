/**
 * TensorFlow.js backends that compute at once.
 *
 * Open no more than one of them in a process besides "tfjs-cpu": their native libraries may clash
 * (TensorFlow and Mesa's software Vulkan both bring LLVM, and crash together).
 */
import { createRequire } from "node:module";
import util from "node:util";
import { UserError } from "./host/mod.ts";
import { tf } from "./tf.ts";
import type { DeviceName } from "./types.ts";

export type EagerDevice = Extract<DeviceName, "tensorflow" | "tfjs-webgpu" | "tfjs-cpu">;

/** A backend that is ready for use. */
export interface Backend {
  /** The name that TensorFlow.js knows it by. */
  readonly name: string;
  /** For people. */
  readonly description: string;
}

/**
 * Makes a backend ready.
 *
 * @throws {UserError} If it cannot be used here, with what to do.
 */
export async function openBackend(device: EagerDevice): Promise<Backend> {
  switch (device) {
    case "tfjs-cpu":
      return { name: "cpu", description: "TensorFlow.js in plain JavaScript, on one core" };
    case "tfjs-webgpu":
      return await openWebGpu();
    case "tensorflow":
      return await openTensorFlow();
  }
}

async function openWebGpu(): Promise<Backend> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) {
    throw new UserError(
      "Device tfjs-webgpu cannot be used here: there is no WebGPU adapter; use cpu",
    );
  }
  await import("@tensorflow/tfjs-backend-webgpu");
  await ready("webgpu", "tfjs-webgpu");
  const { description, vendor, isFallbackAdapter } = adapter.info;
  const name = description || vendor || "an unnamed adapter";
  return {
    name: "webgpu",
    description: `TensorFlow.js on WebGPU: ${name}${isFallbackAdapter ? ", in software" : ""}`,
  };
}

const TENSORFLOW_PACKAGE = "@tensorflow/tfjs-node-gpu";

async function openTensorFlow(): Promise<Backend> {
  // The package calls this function, which current versions of Node and Deno no longer have.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null });
  // Not one of our dependencies, so it is looked for where npm installs: in a `node_modules` of the
  // program's folder or of one above it.
  const require = createRequire(import.meta.url);
  try {
    require(TENSORFLOW_PACKAGE);
  } catch (error) {
    const missing = (error as { code?: string }).code === "MODULE_NOT_FOUND";
    const reason = missing ? "it is not installed" : `it does not load (${firstLineOf(error)})`;
    throw new UserError(
      `Device tensorflow needs ${TENSORFLOW_PACKAGE}, and ${reason}; ` +
        `run \`npm install --no-save --no-package-lock ${TENSORFLOW_PACKAGE}@4.22.0\` ` +
        "in the program's folder, or use another device",
    );
  }
  await ready("tensorflow", "tensorflow");
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  return {
    name: "tensorflow",
    description: `TensorFlow's own library on the ${isUsingGpuDevice ? "GPU" : "CPU"}`,
  };
}

async function ready(name: string, device: EagerDevice): Promise<void> {
  const reason = await tf.setBackend(name).then(
    (set) => set ? undefined : "TensorFlow.js could not start it",
    firstLineOf,
  );
  if (reason) throw new UserError(`Device ${device} cannot be used here: ${reason}; use cpu`);
}

function firstLineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
