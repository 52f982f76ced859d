/** What is measured before a device is chosen, and what was found. */
import type { Arrays, DeviceName, Engine, Program } from "../types.ts";

/** The work that a device is wanted for. */
export interface Workload {
  /** Compiles the program that most of the time will be spent in. */
  compile(engine: Engine): Promise<Program>;
  /** Inputs of one run, by default noise. */
  inputs?(): Arrays;
  /** How often the program will be run, about. */
  readonly runs: number;
}

/** What was found of one device. */
export interface DeviceMeasurement {
  readonly device: Exclude<DeviceName, "auto">;
  /** Of one run of the program, the median of a few; null if it was not measured. */
  readonly milliseconds: number | null;
  /** Why it was not measured, or cannot be used; null where nothing stands against it. */
  readonly trouble: string | null;
}

/** Which device was taken, and why. */
export interface DeviceChoice {
  readonly device: Exclude<DeviceName, "auto">;
  /** For people: a sentence without a full stop. */
  readonly reason: string;
  /** In the order in which they were looked at; empty if the choice was not by measuring. */
  readonly measured: readonly DeviceMeasurement[];
}
