/** Which noise levels training sees. */
import type { TimeSampling } from "./names/mod.ts";
import { normalQuantile } from "./normal_quantile.ts";
import type { Schedule } from "./schedule.ts";
import { gammaOfEdmSigma } from "./views.ts";

/**
 * Times in [0, 1) for the examples of a batch, spread evenly: t_i = (offset + i/N) mod 1.
 *
 * With an offset uniform in [0, 1) each t_i is uniform, and the loss of a batch varies far less than
 * with independent times (Kingma et al. 2021, appendix I.1). Other distributions of levels keep this:
 * they are {@link trainingLevel} of these.
 *
 * @param offset One random number for the batch, in [0, 1).
 * @param count N, the number of examples.
 */
export function stratifiedTimes(offset: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (offset + i / count) % 1);
}

export interface TimeOptions {
  /** Mean of the normal distribution: of logit t (default 0), or of ln σ' (default −1.2). */
  readonly mean?: number;
  /** Its standard deviation: default 1 for logit t, 1.2 for ln σ'. */
  readonly deviation?: number;
}

/**
 * The quantile function of the training levels: takes a uniform number u in [0, 1] to γ, increasing.
 *
 * - "uniform": t = u on the schedule.
 * - "logit-normal": logit t ~ N(mean, deviation²) on the schedule, which dwells on the middle (Esser
 *   et al. 2024, "Scaling Rectified Flow Transformers", equation 19).
 * - "log-normal": EDM's ln σ' ~ N(mean, deviation²), whatever the schedule (Karras et al. 2022,
 *   table 1).
 */
export function trainingLevel(
  schedule: Schedule,
  sampling: TimeSampling = "uniform",
  options: TimeOptions = {},
): (u: number) => number {
  switch (sampling) {
    case "uniform":
      return (u) => schedule.gamma(u);
    case "logit-normal": {
      const { mean = 0, deviation = 1 } = options;
      return (u) => schedule.gamma(1 / (1 + Math.exp(-mean - deviation * boundedQuantile(u))));
    }
    case "log-normal": {
      const { mean = -1.2, deviation = 1.2 } = options;
      return (u) => gammaOfEdmSigma(Math.exp(mean + deviation * boundedQuantile(u)));
    }
  }
  return sampling satisfies never;
}

/** Uniform numbers of 24 bits include 0, whose quantile is −∞: half a unit inside is far enough. */
function boundedQuantile(u: number): number {
  return normalQuantile(Math.min(Math.max(u, 2 ** -25), 1 - 2 ** -25));
}
