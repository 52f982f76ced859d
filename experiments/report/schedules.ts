/** The report on noise schedules: signal and noise over time, for a digit and for a line of verse. */
import { normals, parseWith, UserError } from "../../engine/host/mod.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import { EMBEDDING_DIMENSION, type NoisyLine, priorNats } from "../../models/text/mod.ts";
import {
  characterInformation,
  dataFacts,
  type Digit,
  EMBEDDING_TITLE,
  inspectedSchedules,
  LINE,
  othersFirst,
  scheduleNamed,
  verseAt,
} from "./schedule_sources.ts";
import type { InspectedSchedule } from "../run/modality.ts";
import { z } from "zod";
import { integer, optional } from "../config/fields.ts";
import { imageDatasetNames } from "../../data/mod.ts";

const DEFAULT_SCHEDULES = ["linear", "cosine"];

export const ScheduleRequest = z.strictObject({
  schedules: z.array(z.enum(inspectedSchedules)).min(1).max(inspectedSchedules.length)
    .default(DEFAULT_SCHEDULES).describe(
      `Noise schedules to show (default ${DEFAULT_SCHEDULES.join(" and ")})`,
    ),
  dataset: optional(z.enum(imageDatasetNames), "Data set of the picture", "mnist-6k"),
  digit_index: optional(integer(0, 9999), "Index of the picture in the test set", "0"),
  times: z.array(z.number().min(0).max(1)).min(2).max(20).optional().describe(
    "Times of the forward process to draw, 2 to 20 values from 0 (clean) to 1 (noise) " +
      "(default 8 values, evenly spaced)",
  ),
});

export interface Verdict {
  readonly level: "good" | "caution" | "bad";
  readonly text: string;
}

/** Signal and noise at one time of a schedule; SNR = exp(-gamma). */
export interface SchedulePoint {
  readonly t: number;
  readonly gamma: number;
  readonly alpha: number;
  readonly sigma: number;
  readonly snr: number;
}
export interface ScheduleFacts {
  readonly name: string;
  readonly description: string;
  /** Evenly spaced times from 0 to 1, inclusive. */
  readonly curve: readonly SchedulePoint[];
  readonly start: SchedulePoint;
  readonly end: SchedulePoint;
  /** Signal amplitude at t = 1: alpha, which is √ᾱ_T in the papers. */
  readonly leftoverSignal: number;
  readonly terminal: Verdict;
  /** The time at which the best linear estimate of each pixel from its noisy value recovers half of the variance of
   * the data. */
  readonly halfInformation: SchedulePoint;
  /** Shares of training times at which that estimate recovers more than 95 %, between 5 % and 95 %, and less than
   * 5 % of the variance. */
  readonly shares: {
    readonly nearlyClean: number;
    readonly informative: number;
    readonly nearlyNoise: number;
  };
  /** The same for a line of verse, by the information of each character's noisy embedding. */
  readonly verse: {
    readonly halfInformation: SchedulePoint;
    readonly shares: ScheduleFacts["shares"];
    /** Prior term of the bound at the highest noise level, in nats per character. */
    readonly priorNats: number;
  };
  /** The forward process of the digit and of the line, with the same noise at every time. */
  readonly forward: readonly {
    readonly point: SchedulePoint;
    readonly pixels: Float32Array;
    readonly verse: NoisyLine;
  }[];
}
export interface ScheduleReport {
  readonly schedules: readonly ScheduleFacts[];
  readonly digit: Digit;
  /** The line and a description of its embeddings. */
  readonly verse: { readonly line: string; readonly embeddings: string };
  /** Mean over the pixels of each pixel's variance. */
  readonly dataVariance: number;
  /** One or two sentences comparing the schedules. */
  readonly summary: string;
}
export interface ScheduleOptions {
  /** Data set of the digit. By default mnist-6k. */
  readonly dataset?: string | undefined;
  /** Index of the digit in the test set. By default 0. */
  readonly index?: number | undefined;
  /** Times of the forward process. By default 8 evenly spaced times from 0 to 1. */
  readonly times?: readonly number[] | undefined;
}

const CURVE_POINTS = 101;
const EIGHT_TIMES = Array.from({ length: 8 }, (_, i) => i / 7);
/** Number of times at which shares and crossings are computed. */
const GRID = 2000;
/** Real digits that need no download. */
const DEFAULT_DATASET = "mnist-6k";

/**
 * Reports on one or more schedules.
 *
 * @throws {UserError} If a name is unknown, or an option is out of range.
 */
export async function reportSchedules(
  names: readonly string[],
  options: ScheduleOptions,
  dataDirectory?: string,
): Promise<ScheduleReport> {
  const { schedules: known, digit_index: index = 0, ...request } = parseWith(ScheduleRequest, {
    schedules: [...new Set(names)],
    dataset: options.dataset,
    digit_index: options.index,
    times: options.times,
  });
  const { dataset = DEFAULT_DATASET, times = EIGHT_TIMES } = request;
  const data = await dataFacts(dataset, dataDirectory);
  if (index >= data.count) {
    throw new UserError(
      `digit_index is ${index}, but must be a whole number from 0 to ${data.count - 1}`,
    );
  }
  const digit = data.digit(index);
  const noise = normals({ seed: 0, stream: "schedule-noise", step: index }, digit.pixels.length);
  const inspected = await Promise.all(known.map(scheduleNamed));
  const shared: ScheduleData = {
    variances: data.variances,
    characterInformation: await characterInformation(),
    digit,
    noise,
    times,
  };
  const schedules: ScheduleFacts[] = [];
  for (const schedule of inspected) {
    schedules.push(factsOf(schedule, shared));
    await othersFirst();
  }
  return {
    schedules,
    digit,
    verse: { line: LINE, embeddings: EMBEDDING_TITLE },
    dataVariance: data.variances.reduce((sum, value) => sum + value, 0) / data.variances.length,
    summary: summarise(schedules),
  };
}

/** What the facts of all schedules are computed from. */
interface ScheduleData {
  /** Variances of the principal components of the data set. */
  readonly variances: Float64Array;
  readonly characterInformation: (gamma: number) => number;
  readonly digit: Digit;
  readonly noise: Float32Array;
  readonly times: readonly number[];
}

function factsOf(
  schedule: InspectedSchedule,
  { variances, characterInformation, digit, noise, times }: ScheduleData,
): ScheduleFacts {
  const at = (t: number) => pointAt(schedule, t);
  const pixels = informationOver((t) => recoverable(at(t).snr, variances));
  const characters = informationOver((t) => characterInformation(at(t).gamma));
  const end = at(1);
  return {
    name: schedule.name,
    description: schedule.description,
    curve: Array.from({ length: CURVE_POINTS }, (_, i) => at(i / (CURVE_POINTS - 1))),
    start: at(0),
    end,
    leftoverSignal: end.alpha,
    terminal: schedule.forEmbeddings ? priorVerdict(priorNatsOf(end.gamma)) : terminalVerdict(end),
    halfInformation: at(pixels.halfTime),
    shares: pixels.shares,
    verse: {
      halfInformation: at(characters.halfTime),
      shares: characters.shares,
      priorNats: priorNatsOf(end.gamma),
    },
    forward: times.map((t) => {
      const point = at(t);
      const pixels = digit.pixels.map((x, i) => point.alpha * x + point.sigma * noise[i]!);
      return { point, pixels, verse: verseAt(point) };
    }),
  };
}

/**
 * Returns the time at which half of the information is lost, and the shares of times with most, some and none, from
 * {@link GRID} + 1 evenly spaced times.
 *
 * @param information Does not increase with time.
 */
function informationOver(information: (t: number) => number) {
  const lastsUntil = (holds: (part: number) => boolean) => {
    let [below, above] = [0, GRID + 1];
    while (below < above) {
      const middle = Math.floor((below + above) / 2);
      if (holds(information(middle / GRID))) below = middle + 1;
      else above = middle;
    }
    return below;
  };
  const half = lastsUntil((part) => part >= 0.5);
  const clean = lastsUntil((part) => part > 0.95);
  const told = lastsUntil((part) => part >= 0.05);
  return {
    halfTime: Math.min(half / GRID, 1),
    shares: {
      nearlyClean: clean / (GRID + 1),
      informative: (told - clean) / (GRID + 1),
      nearlyNoise: (GRID + 1 - told) / (GRID + 1),
    },
  };
}

/** Returns the prior term of a character at t = 1, in nats. */
function priorNatsOf(gamma: number): number {
  return gamma === Infinity ? 0 : priorNats(gamma, EMBEDDING_DIMENSION, 1);
}

/** Returns signal and noise at a time. */
function pointAt(schedule: InspectedSchedule, t: number): SchedulePoint {
  const gamma = schedule.gamma(t);
  return { t, gamma, ...alphaSigma(gamma), snr: Math.exp(-gamma) };
}

/** Returns the share of the variance of the data that the best linear estimate of each pixel from its noisy value
 * recovers: 1 − Σ s²/(1 + SNR s²) / Σ s² over the variances s² of the pixels. */
function recoverable(snr: number, variances: Float64Array): number {
  let left = 0, all = 0;
  for (const variance of variances) {
    left += variance / (1 + snr * variance);
    all += variance;
  }
  return 1 - left / all;
}

/** Assesses the terminal SNR: sampling starts from pure noise, but with a nonzero terminal SNR training at t = 1 does
 * not (Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed"). */
function terminalVerdict({ alpha, snr }: SchedulePoint): Verdict {
  if (alpha === 0) {
    return {
      level: "good",
      text: "Nothing of the signal is left at t = 1: sampling starts from the pure noise that " +
        "training saw",
    };
  }
  const left = `${(100 * alpha).toPrecision(2)} % of the signal is left at t = 1 (SNR ${
    snr.toExponential(1)
  })`;
  if (alpha < 0.01) {
    return {
      level: "good",
      text: `${left}: not quite zero, so the noise that sampling starts from is a little unlike ` +
        "what training saw, but too little to be seen",
    };
  }
  const cause = "the noise that sampling starts from is not what training saw";
  return alpha < 0.05
    ? { level: "caution", text: `${left}: ${cause}, which can shift brightness slightly` }
    : {
      level: "bad",
      text: `${left}: ${cause}; samples will drift to medium brightness, rescale the schedule to ` +
        "zero terminal SNR",
    };
}

/** Assesses the prior term: information left at t = 1 adds to the bound and is not available to the sampler. */
function priorVerdict(nats: number): Verdict {
  const left = `${nats.toPrecision(2)} nats of each character are left at t = 1`;
  return nats < 0.01
    ? { level: "good", text: `${left}: little against the one or two that a character holds` }
    : { level: "caution", text: `${left}, which sampling from pure noise cannot know` };
}

function summarise(schedules: readonly ScheduleFacts[]): string {
  const parts = schedules.map(({ name, halfInformation, shares, verse }) =>
    `${name} hides half of the variance of the pixels by t = ${
      halfInformation.t.toFixed(2)
    }, and at ` +
    `${percent(shares.nearlyNoise)} of its times pictures are nearly pure noise, at ${
      percent(shares.nearlyClean)
    } nearly clean (text: half of the information by t = ${verse.halfInformation.t.toFixed(2)}, ${
      percent(verse.shares.nearlyNoise)
    } nearly noise, ${percent(verse.shares.nearlyClean)} nearly clean)`
  );
  return parts.join("; ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
