/** Which device a program runs on, where nobody said. */
export { type Candidate, type ChoiceOptions, chooseEngine, openTracingEngine } from "./choose.ts";
export type { DeviceChoice, DeviceMeasurement, Workload } from "./timing.ts";
