/**
 * Data sets that need no download: digits in a bitmap font, and verse from templates.
 *
 * Digits drawn by this program, for tests and for work without a network. They have the shapes and
 * conventions of MNIST (28 × 28 pixels, a height of about 20, ink at 255 on 0, soft edges), but
 * they are easier: ten glyphs of a bitmap font, each shifted, scaled, slanted and blurred at random.
 *
 * Verse written by this program, for tests and for work without a network: speeches of two or more
 * rhymed couplets, each under the name of its speaker. Every line is one of a few templates, filled
 * with words of fixed stress so that it has ten syllables of which every second is strong.
 *
 * It is easier than Shakespeare. There is to learn: the spelling of a hundred words, the order of
 * their kinds, rhyme, and who is spoken to.
 */
import { uniforms } from "../engine/host/mod.ts";
import { hashAsIdx } from "./idx.ts";
import { DIGIT_NAMES, type ImageDataset, type ImageSplit } from "./images.ts";
import { sha256 } from "./files.ts";
import type { RawText } from "./texts.ts";

const SIZE = 28;
const DIGITS_SEED = 28;

/** The digits 0 to 9 side by side, each 5 × 7 and one column apart. */
const FONT = [
  " ###    #    ###  ##### #   # #####  ###  #####  ###   ### ",
  "#   #  ##   #   #    #  #   # #     #         # #   # #   #",
  "#   #   #       #   #   #   # ####  #        #  #   # #   #",
  "#   #   #     ##     #  ##### #   # ####     #   ###   ####",
  "#   #   #    #        #     #     # #   #   #   #   #     #",
  "#   #   #   #     #   #     # #   # #   #   #   #   #     #",
  " ###   ###  #####  ###      #  ###   ###   #     ###   ### ",
];
const [GLYPH_WIDTH, GLYPH_HEIGHT] = [5, 7];

/** Drawn once in a process, which may train many runs. */
let drawn: ImageDataset | undefined;

/** 4,000 training and 1,000 test digits, the classes in turn; the same ones every time. */
export function madeUpDigits(): ImageDataset {
  return drawn ??= drawDigits();
}

function drawDigits(): ImageDataset {
  const parts = { train: drawSplit("train", 4000), test: drawSplit("test", 1000) };
  return {
    name: "made-up-digits",
    title: "Made-up digits",
    hash: hashAsIdx(parts, [SIZE, SIZE]),
    height: SIZE,
    width: SIZE,
    channels: 1,
    classes: DIGIT_NAMES.length,
    classNames: DIGIT_NAMES,
    ...parts,
  };
}

function drawSplit(name: string, count: number): ImageSplit {
  const pixels = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count).map((_, i) => i % 10);
  for (let i = 0; i < count; i++) {
    const hand = uniforms({ seed: DIGITS_SEED, stream: `made-up-digits/${name}`, step: i }, 7);
    drawDigit(labels[i]!, hand, pixels.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE));
  }
  return { count, pixels, labels };
}

/**
 * Draws a digit into 28 × 28 pixels.
 *
 * @param hand Seven numbers on [0, 1): width, height, slant, shift in x and y, thickness, sharpness.
 */
function drawDigit(digit: number, hand: Float32Array, pixels: Uint8Array): void {
  const between = (i: number, low: number, high: number) => low + (high - low) * hand[i]!;
  // Pixels for each cell of the glyph.
  const [width, height] = [between(0, 2.2, 2.9), between(1, 2.5, 3)];
  const slant = between(2, -0.1, 0.35);
  const [centreX, centreY] = [between(3, 13.2, 14.8), between(4, 13.2, 14.8)];
  const threshold = between(5, 0.3, 0.6);
  // From 0.5 / threshold, below which the background would be grey.
  const sharpness = between(6, 1.7, 4);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const [dx, dy] = [x + 0.5 - centreX, y + 0.5 - centreY];
      const column = (dx + slant * dy) / width + GLYPH_WIDTH / 2 - 0.5;
      const row = dy / height + GLYPH_HEIGHT / 2 - 0.5;
      const ink = 0.5 + sharpness * (coverage(digit, column, row) - threshold);
      pixels[y * SIZE + x] = Math.round(255 * Math.max(0, Math.min(1, ink)));
    }
  }
}

/** The glyph between the centres of its cells, interpolated bilinearly: 0 to 1. */
function coverage(digit: number, column: number, row: number): number {
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [right, down] = [column - left, row - top];
  const cell = (x: number, y: number) =>
    x >= 0 && x < GLYPH_WIDTH && FONT[y]?.[digit * (GLYPH_WIDTH + 1) + x] === "#" ? 1 : 0;
  return (1 - down) * ((1 - right) * cell(left, top) + right * cell(left + 1, top)) +
    down * ((1 - right) * cell(left, top + 1) + right * cell(left + 1, top + 1));
}

const VERSE_SEED = 1609;
const CHARACTERS = 300_000;

const words = (list: string): string[] => list.split(" ");

/** Words by their kind, those in front likelier. Adjectives have a strong syllable and a weak one,
 * nouns a strong one, verbs a weak one and a strong one. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  ADJECTIVE: words(
    "golden gentle silent silver weary bitter hollow lonely ancient broken happy merry noble " +
      "sleeping secret crimson frozen faithful fallen idle eager early burning hidden",
  ),
  NOUN: words(
    "heart sun moon king rose queen sword bird tree bell flame ghost storm wind stone friend star " +
      "song ship crown dream year field stream hand town gate knave",
  ),
  VERB: words(
    "forgets forgives desires beholds admires forsakes bewails obeys deceives adores receives " +
      "regrets reveals believes",
  ),
};

const NAMES = words("Rowan Edmund Hero Celia Portia Duncan Helen Robin");

/** Strong syllables that rhyme, and end lines. */
export const RHYMES: readonly (readonly string[])[] = [
  "night light sight knight flight",
  "day way bay clay",
  "wing spring ring thing",
  "throne bone loan tone",
  "hill mill sill",
  "dawn thorn horn lawn",
  "land sand band strand",
  "cloud crowd shroud",
  "shore door floor oar",
].map(words);

/** The forms of a line. */
const TEMPLATES: readonly string[] = [
  "The ADJECTIVE NOUN VERB the ADJECTIVE RHYME",
  "The NOUN VERB my ADJECTIVE, ADJECTIVE RHYME",
  "And when the NOUN VERB the ADJECTIVE RHYME",
  "My NOUN VERB the NOUN, and then the RHYME",
  "O LISTENER, the NOUN VERB the ADJECTIVE RHYME",
  "What ADJECTIVE NOUN VERB the NOUN and RHYME",
  "The KENNING NOUN VERB the ADJECTIVE RHYME",
  "My KENNING NOUN VERB the NOUN, the RHYME",
  "The NOUN and NOUN are ADJECTIVE as the RHYME",
];

/** Written once in a process, which may train many runs. */
let written: RawText | undefined;

/** About 300,000 characters; the same ones every time. */
export function madeUpVerse(): RawText {
  return written ??= writeVerse();
}

function writeVerse(): RawText {
  let text = "";
  for (let speech = 0; text.length < CHARACTERS; speech++) {
    const numbers = uniforms({ seed: VERSE_SEED, stream: "made-up-verse", step: speech }, 64);
    text += writeSpeech(numbers.values());
  }
  return {
    name: "made-up-verse",
    title: "Made-up verse",
    hash: sha256(text),
    text,
  };
}

/** A speaker's name and one to three couplets, spoken to somebody else. */
function writeSpeech(numbers: Iterator<number>): string {
  const draw = () => numbers.next().value as number;
  const chosen = <T>(choices: readonly T[]): T => choices[Math.floor(choices.length * draw())]!;
  const speaker = chosen(NAMES);
  const listener = chosen(NAMES.filter((name) => name !== speaker));
  const line = (rhyme: string, end: string) => {
    const word = (kind: string): string => {
      if (kind === "RHYME") return rhyme;
      if (kind === "LISTENER") return listener;
      // Two nouns in one, most of which occur once: what a model may not have seen.
      if (kind === "KENNING") return word("NOUN") + word("NOUN");
      const uniform = draw();
      return WORDS[kind]![Math.floor(WORDS[kind]!.length * uniform * uniform)]!;
    };
    const text = chosen(TEMPLATES).replace(/[A-Z]{2,}/g, word);
    return `${text}${text.startsWith("What") ? "?" : end}\n`;
  };
  let speech = `${speaker}:\n`;
  for (let couplets = 1 + Math.floor(3 * draw()); couplets > 0; couplets--) {
    const family = chosen(RHYMES);
    const rhyme = chosen(family);
    speech += line(rhyme, ",") + line(chosen(family.filter((word) => word !== rhyme)), ".");
  }
  return `${speech}\n`;
}
