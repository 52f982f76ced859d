/** The names that `openEngine` accepts. */
export const deviceNames = [
  "auto",
  "cpu",
  "webgpu",
  "cuda",
  "tensorflow",
  "tfjs-webgpu",
  "tfjs-cpu",
] as const;
export type DeviceName = typeof deviceNames[number];
