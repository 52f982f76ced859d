/**
 * Verse written by this program, for tests and for work without a network: speeches of two or more
 * rhymed couplets, each under the name of its speaker. Every line is one of a few templates, filled
 * with words of fixed stress so that it has ten syllables of which every second is strong.
 *
 * It is easier than Shakespeare. There is to learn: the spelling of a hundred words, the order of
 * their kinds, rhyme, and who is spoken to.
 */
import { uniforms } from "../engine/host/mod.ts";
import { sha256 } from "./files.ts";
import type { RawText } from "./texts.ts";

const SEED = 1609;
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

/** What a line may be. */
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
    const numbers = uniforms({ seed: SEED, stream: "made-up-verse", step: speech }, 64);
    text += writeSpeech(numbers.values());
  }
  return {
    name: "made-up-verse",
    title: "Made-up verse",
    hash: sha256(new TextEncoder().encode(text)),
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
