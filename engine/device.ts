import { openCompiledEngine } from "./compiled.ts";
import { openEagerEngine } from "./eager.ts";
import { deviceNames, requirePrecision, UserError } from "./host/mod.ts";
import { openKernelRuntime } from "./kernels/runtime.ts";
import { onnxRuntime } from "./onnx/runtime.ts";
import type { DeviceName, Engine, Precision } from "./types.ts";

/**
 * Opens a place where programs run. "auto" is no place: it is for {@link chooseEngine}, which wants
 * to know the work.
 *
 * @param options.precision In what products of matrices and convolutions are computed, by default float32.
 * @throws {UserError} If the device is unknown, cannot be used here, or does not have the precision.
 */
export async function openEngine(
  { device, precision = "float32" }: {
    device: Exclude<DeviceName, "auto">;
    precision?: Precision | undefined;
  },
): Promise<Engine> {
  requirePrecision(device, precision);
  switch (device) {
    case "cpu":
      return openCompiledEngine(onnxRuntime("cpu"));
    case "webgpu":
    case "cuda":
      return openCompiledEngine(await openKernelRuntime(device, precision));
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
