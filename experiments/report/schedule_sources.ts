/** What the report on noise schedules is about: the schedules, and the digit and the line of verse that they are shown for. */
import type { Amplitudes } from "../../models/diffusion/mod.ts";
import {
  type Alphabet,
  EMBEDDING_DIMENSION,
  informationOfCharacters,
  type NoisyLine,
  noisyLine,
  randomAlphabet,
} from "../../models/text/mod.ts";
import { alphaSigma } from "../../models/diffusion/mod.ts";
import { modalities, pixelMoments } from "../registry/modalities.ts";
import type { InspectedSchedule } from "../run/modality.ts";
import { gatherImages, loadImageDataset } from "../../data/mod.ts";

/** The noise schedules of all modalities; those of one name are shown once. */
export const inspectedSchedules: readonly string[] = [
  ...new Set(modalities.flatMap(({ schedules }) => schedules)),
];

/** Returns a schedule of {@link inspectedSchedules}, of the first modality that has one of this name. */
export function scheduleNamed(name: string): Promise<InspectedSchedule> {
  return modalities.find(({ schedules }) => schedules.includes(name))!.openSchedule(name);
}

export const LINE = "To be, or not to be: that is the question";
/** Approximately the characters of tiny Shakespeare. */
const CHARACTERS = [..." !',-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
/** Range and step of −log SNR at which the information of a character is tabulated. */
const [LEAST, MOST, STEP] = [-8, 8, 0.25];

let alphabet: Alphabet | undefined;
let table: Promise<readonly number[]> | undefined;

/** Description of the embeddings. */
export const EMBEDDING_TITLE =
  `an alphabet of ${CHARACTERS.length} characters, each a random direction of unit length in ${EMBEDDING_DIMENSION} dimensions`;

/** Returns the line after the forward process, decoded character by character. */
export function verseAt(amplitudes: Amplitudes): NoisyLine {
  return noisyLine(LINE, amplitudes, theAlphabet());
}

/** Returns a function of −log SNR γ: the share of a character's information that its noisy embedding has. */
export async function characterInformation(): Promise<(gamma: number) => number> {
  const known = await (table ??= tabulated());
  return (gamma) => {
    const place = (Math.min(Math.max(gamma, LEAST), MOST) - LEAST) / STEP;
    const below = Math.min(Math.floor(place), known.length - 2);
    const part = place - below;
    return (1 - part) * known[below]! + part * known[below + 1]!;
  };
}

function theAlphabet(): Alphabet {
  return alphabet ??= randomAlphabet(CHARACTERS, EMBEDDING_DIMENSION);
}

/** Tabulates the information. Other requests are answered between its parts: all of it takes a quarter of a second. */
async function tabulated(): Promise<readonly number[]> {
  const known: number[] = [];
  for (let gamma = LEAST; gamma <= MOST; gamma += STEP) {
    known.push(informationOfCharacters(alphaSigma(gamma), theAlphabet()));
    await othersFirst();
  }
  return known;
}

/** Resolves after events that are waiting, such as requests, were handled. */
export function othersFirst(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A held-out picture that the forward process is shown for. */
export interface Digit {
  readonly dataset: string;
  readonly index: number;
  readonly label: number;
  readonly height: number;
  readonly width: number;
  /** Pixels in [-1, 1]. */
  readonly pixels: Float32Array;
}

/** The properties of a data set that the report uses. */
interface DataFacts {
  /** Variance of every pixel. */
  readonly variances: Float64Array;
  readonly count: number;
  digit(index: number): Digit;
}

const knownFacts = new Map<string, Promise<DataFacts>>();

/** Returns the properties of a data set; the data set itself is not kept in memory. */
export function dataFacts(
  name: string,
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
  name: string,
  dataDirectory: string | undefined,
): Promise<DataFacts> {
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
