/** Everything that tools, the command line and the pages may ask of the laboratory. */
export * from "./types/run.ts";
export type * from "./types/pictures.ts";
export * from "./types/metrics.ts";
export type * from "./types/training.ts";
export type * from "./types/sampling.ts";
export type * from "./types/writing.ts";
export type * from "./types/jobs.ts";
export type * from "./types/image_evaluation.ts";
export type * from "./types/text_evaluation.ts";
export type * from "./types/evaluation.ts";
export type * from "./types/schedules.ts";
export type * from "./types/comparison.ts";
export type * from "./types/inspection.ts";
export type * from "./types/events.ts";
export type * from "./types/lab.ts";
