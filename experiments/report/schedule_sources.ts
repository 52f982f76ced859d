/** Names of the noise schedules that can be looked at, and the line of verse they are shown on. */
import { ImageConfig, TextConfig } from "../config/mod.ts";
import {
  type Alphabet,
  informationOfCharacters,
  type Mixture,
  type NoisyLine,
  noisyLine,
  randomAlphabet,
} from "../../models/text/mod.ts";

const images = ImageConfig.shape.schedule.options;
const texts = TextConfig.shape.schedule.options;

/** Those of images; then, rescaled to end in pure noise, those that do not; then those of text alone. */
export const inspectedSchedules: readonly string[] = [
  ...images,
  ...["linear", "scaled-linear", "cosine", "sigmoid", "sqrt"].map(zeroTerminal),
  ...texts.filter((name) => !(images as readonly string[]).includes(name)),
];

/** The name of a schedule rescaled to zero terminal SNR. */
export function zeroTerminal(name: string): string {
  return `${name}-zero-snr`;
}

export interface InspectedSchedule {
  readonly name: string;
  readonly description: string;
  /** Made for embeddings, not for pictures. */
  readonly forEmbeddings?: boolean;
  /** −log SNR, rising with t from 0 to 1; infinite at 1 where all signal is gone. */
  gamma(t: number): number;
}

export const LINE = "To be, or not to be: that is the question";
/** About those of tiny Shakespeare. */
const CHARACTERS = [..." !',-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
/** As in the text networks. */
const DIMENSION = 16;
/** −log SNR at which the information of a character is tabulated. */
const [LEAST, MOST, STEP] = [-8, 8, 0.25];

let alphabet: Alphabet | undefined;
let table: readonly number[] | undefined;

/** What the embeddings are, for people. */
export const EMBEDDING_TITLE =
  `an alphabet of ${CHARACTERS.length} characters, each a random direction of unit length in ${DIMENSION} dimensions`;

/** The line at a moment of the forward process, read character by character. */
export function verseAt(mixture: Mixture): NoisyLine {
  return noisyLine(LINE, mixture, theAlphabet());
}

/** Part of a character's information that its own noisy embedding tells at −log SNR γ. */
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
