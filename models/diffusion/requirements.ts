/** Refuses combinations of a schedule, an objective and a weighting that cannot work. */
import { UserError } from "../../engine/host/mod.ts";
import type { Target, TimeSampling, Weighting } from "./names/mod.ts";
import { type Objective, objectiveOf } from "./objective.ts";
import { hasZeroTerminalSnr, type Schedule } from "./schedule.ts";
import type { WeightOptions } from "./weights.ts";

/** What training is to combine. */
export interface TrainingChoices extends WeightOptions {
  readonly schedule: Schedule;
  readonly objective: Target | Objective;
  readonly weighting?: Weighting;
  readonly times?: TimeSampling;
}

/**
 * Checks that the choices make sense together, before anything is trained.
 *
 * @throws {UserError} Naming the fields that do not fit, the reason, and what would.
 */
export function requireTrainable(choices: TrainingChoices): void {
  const { schedule, weighting = "uniform", times = "uniform", snrLimit } = choices;
  const given = typeof choices.objective === "string"
    ? { target: choices.objective }
    : choices.objective;
  const { target, sigmaData } = objectiveOf(given);
  if (target === "epsilon" && hasZeroTerminalSnr(schedule)) {
    throw new UserError(
      `target is "epsilon" with schedule "${schedule.name}", which ends in pure noise: there x̂ = ` +
        '(z − σ ε̂)/α, and every weight but "uniform", would divide by an SNR of zero; use target ' +
        '"v", "x0", "flow" or "edm", or a schedule without zero terminal SNR',
    );
  }
  if (given.sigmaData !== undefined && target !== "edm") {
    throw new UserError(
      `sigma_data is ${given.sigmaData} with target "${target}": only target "edm" takes it`,
    );
  }
  if (!(sigmaData > 0 && Number.isFinite(sigmaData))) {
    throw new UserError(`sigma_data is ${sigmaData}: it is a standard deviation, above 0`);
  }
  if (snrLimit !== undefined && weighting !== "min-snr" && weighting !== "soft-min-snr") {
    throw new UserError(
      `snr_limit is ${snrLimit} with weighting "${weighting}": only "min-snr" and "soft-min-snr" ` +
        "take it, leave it out",
    );
  }
  if (snrLimit !== undefined && !(snrLimit > 0 && Number.isFinite(snrLimit))) {
    throw new UserError(`snr_limit is ${snrLimit}: it is a signal-to-noise ratio, above 0`);
  }
  if (weighting === "vlb" && times !== "uniform") {
    throw new UserError(
      `weighting is "vlb" with times "${times}": the bound is an even mean over the schedule's times, ` +
        'and drawing its ends rarely would miss most of it; use times "uniform"',
    );
  }
}
