/** Names of the noise schedules of reports, and the line of verse that they are demonstrated on. */
import {
  type Alphabet,
  informationOfCharacters,
  type Mixture,
  type NoisyLine,
  noisyLine,
  randomAlphabet,
} from "../../models/text/mod.ts";
import { modalities } from "../registry/modalities.ts";
import type { InspectedSchedule } from "../run/modality.ts";

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
/** Dimension of the embeddings, as in the text networks. */
const DIMENSION = 16;
/** Range and step of −log SNR at which the information of a character is tabulated. */
const [LEAST, MOST, STEP] = [-8, 8, 0.25];

let alphabet: Alphabet | undefined;
let table: readonly number[] | undefined;

/** Description of the embeddings. */
export const EMBEDDING_TITLE =
  `an alphabet of ${CHARACTERS.length} characters, each a random direction of unit length in ${DIMENSION} dimensions`;

/** Returns the line after the forward process, decoded character by character. */
export function verseAt(mixture: Mixture): NoisyLine {
  return noisyLine(LINE, mixture, theAlphabet());
}

/** Returns the share of a character's information that its noisy embedding has at −log SNR γ. */
export function characterInformation(gamma: number): number {
  const known = table ??= tabulated();
  const place = (Math.min(Math.max(gamma, LEAST), MOST) - LEAST) / STEP;
  const below = Math.min(Math.floor(place), known.length - 2);
  const part = place - below;
  return (1 - part) * known[below]! + part * known[below + 1]!;
}

function theAlphabet(): Alphabet {
  return alphabet ??= randomAlphabet(CHARACTERS, DIMENSION);
}

function tabulated(): number[] {
  return Array.from({ length: (MOST - LEAST) / STEP + 1 }, (_, i) => {
    const gamma = LEAST + i * STEP;
    const alpha = Math.sqrt(1 / (1 + Math.exp(gamma)));
    return informationOfCharacters({ alpha, sigma: Math.sqrt(1 - alpha ** 2) }, theAlphabet());
  });
}
