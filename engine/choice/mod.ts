/** Which device a program runs on, where nobody said. */
export { type ChoiceOptions, chooseEngine } from "./choose.ts";
export { type Candidate, CANDIDATES } from "./candidates.ts";
export { openTracingEngine } from "./tracing.ts";
export type { DeviceChoice, DeviceMeasurement, Workload } from "./types.ts";
