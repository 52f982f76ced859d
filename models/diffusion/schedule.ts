import { type ScheduleName, scheduleNames } from "./names/mod.ts";
import { alphaSigma, gammaOfAlphaCumprod } from "./notation.ts";
import { type Definition, definitions } from "./schedule_definitions.ts";

/** How the noise level grows with time. */
export interface Schedule {
  readonly name: ScheduleName;
  /**
   * γ(t) = −log SNR(t): strictly increasing on [0, 1] and finite, but for γ(1) = +∞ where a schedule
   * ends in pure noise ({@link hasZeroTerminalSnr}).
   */
  gamma(t: number): number;
  /** One sentence for people. */
  readonly description: string;
}

/**
 * Checks what everything built on a schedule takes for granted, once, when it is defined.
 *
 * @throws {RangeError} If γ is not strictly increasing on [0, 1], or not finite anywhere but at 1.
 */
export function defineSchedule(schedule: Schedule): Schedule {
  const points = 256;
  let previous = -Infinity;
  for (let i = 0; i <= points; i++) {
    const gamma = schedule.gamma(i / points);
    if (!(gamma > previous) || (gamma === Infinity && i < points)) {
      throw new RangeError(
        `Schedule ${schedule.name}: γ(${i / points}) = ${gamma} after ${previous}, but γ must be ` +
          "finite and strictly increasing (+∞ is allowed at t = 1)",
      );
    }
    previous = gamma;
  }
  return schedule;
}

const schedules: { readonly [Name in ScheduleName]: Schedule } = Object.fromEntries(
  scheduleNames.map((name) => {
    const { gamma, description }: Definition = definitions[name];
    return [name, defineSchedule({ name, gamma, description })];
  }),
) as { [Name in ScheduleName]: Schedule };

/** What may be changed about a named schedule. */
export interface ScheduleOptions {
  /** Rescales the schedule to end in pure noise ({@link zeroTerminalSnr}). */
  readonly zeroTerminalSnr?: boolean;
}

/** The schedule of this name. */
export function schedule(name: ScheduleName, options: ScheduleOptions = {}): Schedule {
  return options.zeroTerminalSnr ? zeroTerminalSnr(schedules[name]) : schedules[name];
}

/** Whether a schedule ends in pure noise, γ(1) = +∞. */
export function hasZeroTerminalSnr(schedule: Schedule): boolean {
  return schedule.gamma(1) === Infinity;
}

/**
 * A schedule shifted and scaled so that no signal is left at t = 1 while t = 0 stays as it is, which
 * lets sampling start from what training saw (Lin et al. 2024, "Common Diffusion Noise Schedules and
 * Sample Steps are Flawed", algorithm 1): α'(t) = (α(t) − α(1)) · α(0)/(α(0) − α(1)).
 *
 * A schedule that ends in pure noise already is returned as it is.
 */
export function zeroTerminalSnr(schedule: Schedule): Schedule {
  if (hasZeroTerminalSnr(schedule)) return schedule;
  const alphaAt = (t: number) => alphaSigma(schedule.gamma(t)).alpha;
  const first = alphaAt(0), last = alphaAt(1);
  return defineSchedule({
    name: schedule.name,
    gamma: (t) => gammaOfAlphaCumprod(((alphaAt(t) - last) * first / (first - last)) ** 2),
    description: `${schedule.description}; rescaled to end in pure noise (Lin et al. 2024)`,
  });
}
