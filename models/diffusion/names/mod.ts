/** What can be named in a configuration or a request, for those who check one without loading what
 * does the work. */

/** The samplers. */
export const samplerNames = [
  "ddpm",
  "ddim",
  "euler",
  "euler-ancestral",
  "heun",
  "flow-heun",
  "dpmpp-2m",
  "dpmpp-2m-sde",
] as const;
export type SamplerName = typeof samplerNames[number];

/**
 * How a sampler's noise levels lie, for n steps, before the last, which is always γ = −∞ (the clean
 * estimate itself):
 *
 * - "trailing": t = 1, 1 − 1/n, … 1/n. Even in time, from the noisy end itself.
 * - "leading": t = 1 − 1/n, … 0. Even in time, but never starts from the noisy end, which Lin et al.
 *   2024 (section 3.3) advise against; older samplers do so.
 * - "linspace": t = 1, … 0, both ends included.
 * - "karras": from the schedule's largest σ' to its smallest, even in σ'^(1/ρ) (Karras et al. 2022,
 *   equation 5).
 */
export const spacingNames = ["trailing", "leading", "linspace", "karras"] as const;
export type Spacing = typeof spacingNames[number];

/** The noise schedules. */
export const scheduleNames = [
  "linear",
  "scaled-linear",
  "cosine",
  "sigmoid",
  "sqrt",
  "edm",
  "flow",
] as const;
export type ScheduleName = typeof scheduleNames[number];

/** What a network is trained to predict. */
export const targetNames = ["epsilon", "x0", "v", "flow", "edm"] as const;
export type Target = typeof targetNames[number];

/** The weightings of the loss over noise levels. */
export const weightingNames = ["uniform", "snr", "min-snr", "soft-min-snr", "vlb"] as const;
export type Weighting = typeof weightingNames[number];

/** The distributions of the levels that training sees. */
export const timeSamplingNames = ["uniform", "logit-normal", "log-normal"] as const;
export type TimeSampling = typeof timeSamplingNames[number];
