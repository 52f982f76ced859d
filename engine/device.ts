import { CANDIDATES } from "./choice/mod.ts";
import { openCompiledEngine, traceFor } from "./compiled.ts";
import { openEagerEngine } from "./eager.ts";
import { deviceNames, UserError } from "./host/mod.ts";
import { onnxRuntime } from "./onnx/runtime.ts";
import { tf } from "./tf.ts";
import type { DeviceName, Engine } from "./types.ts";

/**
 * Opens a place where programs run. "auto" is no place: it is for {@link chooseEngine}, which wants
 * to know the work.
 *
 * @throws {UserError} If the device is unknown or cannot be used here.
 */
export async function openEngine(
  { device }: { device: Exclude<DeviceName, "auto"> },
): Promise<Engine> {
  switch (device) {
    case "cpu":
      return openCompiledEngine(onnxRuntime("cpu"));
    case "webgpu":
    case "cuda": {
      const trouble = await troubleWith(device);
      if (trouble) throw new UserError(`Device ${device} cannot be used here: ${trouble}`);
      return openCompiledEngine(onnxRuntime(device));
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

/** Why a device cannot be used here; undefined if it computes a small product correctly. */
async function troubleWith(device: "cuda" | "webgpu"): Promise<string | undefined> {
  const missing = await CANDIDATES.find((candidate) => candidate.device === device)!.trouble();
  if (missing) return missing;
  const inputs = { x: { shape: [2, 3], dtype: "float32" } } as const;
  const runtime = onnxRuntime(device);
  try {
    const program = await traceFor(
      runtime,
      ({ x }) => ({ y: tf.matMul(x as tf.Tensor2D, tf.transpose(x!)) }),
      inputs,
      {},
    );
    const runner = await runtime.open(program);
    const result = [...(await runner.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) })).y!];
    await runner.release();
    const expected = [14, 32, 32, 77];
    const right = result.every((value, i) => Math.abs(value - expected[i]!) < 1e-2);
    return right ? undefined : `it computes [${result}] where [${expected}] is right`;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200);
  }
}
