/** Where work runs: on the device asked for, or on the one that does it soonest. */
import {
  type ChoiceOptions,
  chooseEngine,
  type DeviceChoice,
  type DeviceName,
  type Engine,
  openEngine,
  type Workload,
} from "../engine/mod.ts";

/**
 * Opens the device asked for; with "auto", or nothing, the one that {@link chooseEngine} finds.
 *
 * @throws {UserError} If the device asked for cannot be used here.
 */
export async function engineFor(
  device: DeviceName | undefined,
  workload: Workload,
  options: ChoiceOptions = {},
): Promise<{ engine: Engine; choice: DeviceChoice }> {
  if (device === undefined || device === "auto") return await chooseEngine(workload, options);
  const engine = await openEngine({ device });
  return { engine, choice: { device, reason: `${device} was asked for`, measured: [] } };
}
