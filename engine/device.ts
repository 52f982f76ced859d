import { openCompiledEngine } from "./compiled.ts";
import { openEagerEngine } from "./eager.ts";
import { deviceNames, UserError } from "./host/mod.ts";
import { openKernelRuntime } from "./kernels/runtime.ts";
import { onnxRuntime } from "./onnx/runtime.ts";
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
    case "cuda":
      return openCompiledEngine(await openKernelRuntime(device));
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
