/** Noise schedules side by side: signal and noise over time, on a digit and on a line of verse. */
import type { ImageConfig } from "../config.ts";

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
/** A line as the likeliest characters behind its noisy embeddings, each with its probability. */
export interface NoisyLine {
  readonly text: string;
  readonly confidence: readonly number[];
}
export interface ScheduleFacts {
  readonly name: string;
  readonly description: string;
  /** Evenly spaced times from 0 to 1, both included. */
  readonly curve: readonly SchedulePoint[];
  readonly start: SchedulePoint;
  readonly end: SchedulePoint;
  /** The part of the signal left at t = 1: alpha, which the papers write as the root of alpha-bar_T. */
  readonly leftoverSignal: number;
  readonly terminal: Verdict;
  /** Where the best linear estimate of each pixel from its own noisy value (its mean and variance
   * being known) recovers half of the data's variance. */
  readonly halfInformation: SchedulePoint;
  /** Shares of training times, by what that estimate recovers: above 95 %, between, below 5 %. */
  readonly shares: {
    readonly nearlyClean: number;
    readonly informative: number;
    readonly nearlyNoise: number;
  };
  /** The same of a line of verse: what each character's own noisy embedding tells of it. */
  readonly verse: {
    readonly halfInformation: SchedulePoint;
    readonly shares: ScheduleFacts["shares"];
    /** What the noisiest embedding still tells: the prior term of the bound, in nats per character. */
    readonly priorNats: number;
  };
  /** The forward process on the digit and on the line: the same noise at every time. */
  readonly forward: readonly {
    readonly point: SchedulePoint;
    readonly pixels: Float32Array;
    readonly verse: NoisyLine;
  }[];
}
export interface ScheduleReport {
  readonly schedules: readonly ScheduleFacts[];
  readonly digit: {
    readonly dataset: string;
    readonly index: number;
    readonly label: number;
    readonly height: number;
    readonly width: number;
    /** In [-1, 1]. */
    readonly pixels: Float32Array;
  };
  /** The line, and what its embeddings are. */
  readonly verse: { readonly line: string; readonly embeddings: string };
  /** Mean over the pixels of each pixel's variance. */
  readonly dataVariance: number;
  /** One or two sentences that compare the schedules. */
  readonly summary: string;
}
export interface ScheduleOptions {
  /** Data set the digit comes from: by default mnist-6k. */
  readonly dataset?: ImageConfig["dataset"];
  /** Index of the digit in the test set, by default 0. */
  readonly index?: number;
  /** Times of the forward process, by default 8 evenly spaced from 0 to 1. */
  readonly times?: readonly number[];
}
