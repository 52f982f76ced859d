import { existsSync } from "node:fs";
import process from "node:process";
import { openCompiledEngine } from "./compiled.ts";
import { openEagerEngine } from "./eager.ts";
import { deviceNames, UserError } from "./host/mod.ts";
import { openSession, type Provider } from "./onnx/session.ts";
import { tf } from "./tf.ts";
import type { DeviceName, Engine } from "./types.ts";
import { encodeOnnx } from "./onnx/encode.ts";
import { trace } from "./trace.ts";

/**
 * Opens a place where programs run.
 *
 * "auto" takes CUDA or WebGPU where there is a real accelerator that computes correctly, never a
 * software adapter, and the CPU otherwise; the engine's description says which and why.
 *
 * @throws {UserError} If the device is unknown or cannot be used here.
 */
export async function openEngine({ device = "auto" }: { device?: DeviceName } = {}): Promise<
  Engine
> {
  switch (device) {
    case "auto":
      return await openBest();
    case "cpu":
      return openCompiledEngine("cpu", `CPU, ${navigator.hardwareConcurrency} cores`);
    case "webgpu":
    case "cuda": {
      const trouble = await troubleWith(device);
      if (trouble) throw new UserError(`Device ${device} cannot be used here: ${trouble}`);
      return openCompiledEngine(device, describeAccelerator(device));
    }
    case "tensorflow":
    case "tfjs-webgpu":
    case "tfjs-cpu":
      return await openEagerEngine(device);
    default:
      device satisfies never;
      throw new UserError(
        `Unknown device ${JSON.stringify(device)}: use ${deviceNames.join(", ")}`,
      );
  }
}

async function openBest(): Promise<Engine> {
  const reasons: string[] = [];
  for (const provider of ["cuda", "webgpu"] as const) {
    const trouble = await troubleWith(provider);
    if (!trouble) return openCompiledEngine(provider, describeAccelerator(provider));
    reasons.push(`${provider}: ${trouble}`);
  }
  const cores = navigator.hardwareConcurrency;
  return openCompiledEngine("cpu", `CPU, ${cores} cores; no accelerator (${reasons.join("; ")})`);
}

function describeAccelerator(provider: Provider): string {
  return provider === "cuda" ? "NVIDIA GPU through CUDA" : "GPU through WebGPU";
}

/** Why a provider cannot be used here; undefined if it computes a small product correctly. */
async function troubleWith(provider: "cuda" | "webgpu"): Promise<string | undefined> {
  if (provider === "cuda" && !hasCudaLibrary()) {
    return "its libraries are not installed (they come with onnxruntime-node's install script)";
  }
  if (provider === "webgpu") {
    const adapter = await webGpuAdapter();
    if (!adapter) return "no adapter";
    // A software adapter is slower than the CPU provider.
    if (adapter.isFallbackAdapter) return `${adapter.description || "the adapter"} is software`;
  }
  const specs = { x: { shape: [2, 3], dtype: "float32" } } as const;
  const graph = trace(({ x }) => ({ y: tf.matMul(x as tf.Tensor2D, tf.transpose(x!)) }), specs);
  try {
    const session = await openSession(encodeOnnx(graph), specs, {
      y: { shape: [2, 2], dtype: "float32" },
    }, { provider });
    session.inputs.x!.set([1, 2, 3, 4, 5, 6]);
    await session.run();
    const result = [...session.outputs.y!];
    await session.release();
    const expected = [14, 32, 32, 77];
    const right = result.every((value, i) => Math.abs(value - expected[i]!) < 1e-2);
    return right ? undefined : `it computes [${result}] where [${expected}] is right`;
  } catch (error) {
    return firstLine(error instanceof Error ? error.message : String(error));
  }
}

/** Looks for the file first: ONNX Runtime prints to the terminal when it cannot load it. */
function hasCudaLibrary(): boolean {
  const name = process.platform === "win32"
    ? "onnxruntime_providers_cuda.dll"
    : "libonnxruntime_providers_cuda.so";
  const folder = `../bin/napi-v6/${process.platform}/${process.arch}/`;
  return existsSync(new URL(folder + name, import.meta.resolve("onnxruntime-node")));
}

interface AdapterInfo {
  readonly isFallbackAdapter: boolean;
  readonly description: string;
}

async function webGpuAdapter(): Promise<AdapterInfo | undefined> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { description } = adapter.info;
  const software = adapter.info.isFallbackAdapter ||
    /llvmpipe|swiftshader|lavapipe/i.test(description);
  return { isFallbackAdapter: software, description };
}

function firstLine(text: string): string {
  return text.split("\n")[0]!.slice(0, 200);
}
