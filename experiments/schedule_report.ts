/**
 * What noise schedules do to the data: numbers, verdicts and a noised digit. Models and data load
 * when a report is asked for, not when a server starts.
 */
import { UserError } from "../engine/host/mod.ts";
import type { ImageConfig } from "./config.ts";
import { nearest } from "./nearest.ts";
import type { InspectedSchedule } from "./schedule_finder.ts";
import { inspectedSchedules } from "./schedule_names.ts";
import { characterInformation, EMBEDDING_TITLE, LINE, verseAt } from "./schedule_verse.ts";
import type {
  ScheduleFacts,
  ScheduleOptions,
  SchedulePoint,
  ScheduleReport,
  Verdict,
} from "./types.ts";

const CURVE_POINTS = 101;
const MAX_TIMES = 20;
/** Times at which shares and crossings are looked for. */
const GRID = 2000;
/** Real digits, which are always at hand. */
const DEFAULT_DATASET = "mnist-6k";

type Digit = ScheduleReport["digit"];

/** What the report needs to know of a data set. */
interface DataFacts {
  /** Variance of every pixel. */
  readonly variances: Float64Array;
  readonly count: number;
  digit(index: number): Digit;
}

/**
 * Describes one or more schedules.
 *
 * @throws {UserError} If a name is unknown, or an option is out of range.
 */
export async function reportSchedules(
  names: readonly string[],
  options: ScheduleOptions,
  dataDirectory?: string,
): Promise<ScheduleReport> {
  const known = requireSchedules(names);
  const { times = Array.from({ length: 8 }, (_, i) => i / 7), index = 0 } = options;
  requireTimes(times);
  const { scheduleNamed, priorNatsOf } = await import("./schedule_finder.ts");
  const { normals } = await import("../engine/mod.ts");
  const data = await dataFacts(options.dataset ?? DEFAULT_DATASET, dataDirectory);
  if (!Number.isInteger(index) || index < 0 || index >= data.count) {
    throw new UserError(
      `index is ${index}, but must be a whole number from 0 to ${data.count - 1}`,
    );
  }
  const digit = data.digit(index);
  const noise = normals({ seed: 0, stream: "schedule-noise", step: index }, digit.pixels.length);
  const schedules = known.map((name) =>
    factsOf(scheduleNamed(name), data.variances, digit, noise, times, priorNatsOf)
  );
  return {
    schedules,
    digit,
    verse: { line: LINE, embeddings: EMBEDDING_TITLE },
    dataVariance: data.variances.reduce((sum, value) => sum + value, 0) / data.variances.length,
    summary: summarise(schedules),
  };
}

function requireSchedules(names: readonly string[]): string[] {
  const known = inspectedSchedules;
  const listed = known.join(", ");
  if (names.length === 0) throw new UserError(`Name at least one schedule: there are ${listed}`);
  return [...new Set(names)].map((name) => {
    const found = known.find((other) => other === name);
    if (found) return found;
    throw new UserError(
      `There is no schedule ${JSON.stringify(name)}: did you mean ${
        nearest(name, known, 1)[0]
      }? There are ${listed}`,
    );
  });
}

function requireTimes(times: readonly number[]): void {
  const bad = times.find((t) => !(t >= 0 && t <= 1));
  if (bad !== undefined) throw new UserError(`times has ${bad}: times go from 0 to 1`);
  if (times.length < 1 || times.length > MAX_TIMES) {
    throw new UserError(`times has ${times.length} entries: give 1 to ${MAX_TIMES}`);
  }
}

function factsOf(
  schedule: InspectedSchedule,
  variances: Float64Array,
  digit: Digit,
  noise: Float32Array,
  times: readonly number[],
  priorNatsOf: (gamma: number) => number,
): ScheduleFacts {
  const at = (t: number) => pointAt(schedule, t);
  const grid = Array.from({ length: GRID + 1 }, (_, i) => i / GRID);
  const pixels = informationOver(grid.map((t) => recoverable(at(t).snr, variances)));
  const characters = informationOver(grid.map((t) => characterInformation(at(t).gamma)));
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

/** When half of the information is gone, and the shares of times with most, some and none of it. */
function informationOver(parts: readonly number[]) {
  const share = (wanted: (part: number) => boolean) => parts.filter(wanted).length / parts.length;
  const half = parts.findIndex((part) => part < 0.5);
  return {
    halfTime: half < 0 ? 1 : half / (parts.length - 1),
    shares: {
      nearlyClean: share((part) => part > 0.95),
      informative: share((part) => part >= 0.05 && part <= 0.95),
      nearlyNoise: share((part) => part < 0.05),
    },
  };
}

/** As the notation of models/diffusion has it: α² = sigmoid(−γ), σ² = sigmoid(γ). */
function pointAt(schedule: InspectedSchedule, t: number): SchedulePoint {
  const gamma = schedule.gamma(t);
  return {
    t,
    gamma,
    alpha: Math.sqrt(1 / (1 + Math.exp(gamma))),
    sigma: Math.sqrt(1 / (1 + Math.exp(-gamma))),
    snr: Math.exp(-gamma),
  };
}

/** The part of the data's variance that the best linear estimate of each pixel from its own noisy
 * value recovers: 1 − Σ s²/(1 + SNR s²) / Σ s² over the pixels' variances s². */
function recoverable(snr: number, variances: Float64Array): number {
  let left = 0, all = 0;
  for (const variance of variances) {
    left += variance / (1 + snr * variance);
    all += variance;
  }
  return 1 - left / all;
}

/** Sampling starts from pure noise, but training at t = 1 saw noise with the signal's last part in
 * it (Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed"). */
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

/** What is told at t = 1 is paid for in the likelihood bound, and lost to the sampler. */
function priorVerdict(nats: number): Verdict {
  const left = `${nats.toPrecision(2)} nats of each character are left at t = 1`;
  return nats < 0.01
    ? { level: "good", text: `${left}: little against the one or two that a character holds` }
    : { level: "caution", text: `${left}, which sampling from pure noise cannot know` };
}

function summarise(schedules: readonly ScheduleFacts[]): string {
  const parts = schedules.map(({ name, halfInformation, shares, verse }) =>
    `${name} has lost half of what single pixels tell at t = ${halfInformation.t.toFixed(2)} and ` +
    `spends ${percent(shares.nearlyNoise)} of its times on near-pure noise, ${
      percent(shares.nearlyClean)
    } on nearly clean images (of characters: half at t = ${verse.halfInformation.t.toFixed(2)}, ${
      percent(verse.shares.nearlyNoise)
    } and ${percent(verse.shares.nearlyClean)})`
  );
  return parts.join("; ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

const knownFacts = new Map<string, Promise<DataFacts>>();

/** The data set itself is let go: only its numbers and a few digits stay in memory. */
function dataFacts(
  name: ImageConfig["dataset"],
  dataDirectory: string | undefined,
): Promise<DataFacts> {
  const key = `${name} ${dataDirectory ?? ""}`;
  const known = knownFacts.get(key);
  if (known) return known;
  const facts = readFacts(name, dataDirectory);
  knownFacts.set(key, facts);
  facts.catch(() => knownFacts.delete(key));
  return facts;
}

async function readFacts(
  name: ImageConfig["dataset"],
  dataDirectory: string | undefined,
): Promise<DataFacts> {
  const { loadImageDataset, gatherImages } = await import("../data/mod.ts");
  const { pixelMoments } = await import("./image/baseline.ts");
  const dataset = await loadImageDataset(name, { directory: dataDirectory });
  const { height, width, test } = dataset;
  return {
    variances: pixelMoments(dataset).variances,
    count: test.count,
    digit: (index) => ({
      dataset: name,
      index,
      label: test.labels[index]!,
      height,
      width,
      pixels: gatherImages(test, height * width, [index]),
    }),
  };
}
