/**
 * Verse made by this program, for work without a network: scenes of two or three speakers, in
 * rhymed iambic pentameter, by a small grammar.
 *
 * It stands in for Shakespeare and is easier, but there is something to learn at every range: the
 * spelling of some 400 words, "a" and "an", the agreement of subject and verb, ten syllables of which
 * every second is strong, rhyme in couplets or in alternate lines, and who is spoken to.
 */
import { uniforms } from "../engine/host/mod.ts";
import { sha256 } from "./content.ts";
import type { RawText } from "./texts.ts";
import {
  ADJECTIVES,
  ADVERBS,
  INTRANSITIVE_VERBS,
  NOUNS,
  PREPOSITIONS,
  RHYMES,
  SPEAKERS,
  TRANSITIVE_VERBS,
} from "./verse_words.ts";

const SEED = 1609;
const CHARACTERS = 300_000;
const SYLLABLES = 10;

/** A word, or a few that go together, with "x" and "/" for each weak and strong syllable. */
interface Word {
  readonly text: string;
  readonly stress: string;
}

/** A word in its place, with the mark that follows it or "". */
interface Placed extends Word {
  readonly mark: string;
}

type Line = readonly Placed[];

/** What each symbol may become. A symbol is a rule, a kind of word, `name` for the listener's, or, in
 * quotes, a weak word itself ("~" makes it strong). What follows "<" is a mark. */
type Rules = Readonly<Record<string, readonly (readonly string[])[]>>;

const RULES: Rules = reversed({
  // "1" is one, "2" is many: a subject and its verb agree.
  line: ["sentence", "sentence", "conjunction sentence", "place sentence", "calling order"],
  sentence: [
    "thing1 does1",
    "thing2 does2",
    "'I' does2",
    "'we' does2",
    "'what' noun1 does1 <?",
  ],
  conjunction: [
    "'and' '~still'",
    "'but' '~soon'",
    "'when' '~first'",
    "'while' '~yet'",
    "'for' '~here'",
    "'where' '~once'",
  ],
  place: ["preposition thing1 <,", "preposition thing2 <,"],
  calling: ["'O' name <,", "'~come' <,", "'my' '~lord' <,", "name <,"],
  order: ["does2 <!", "'~tell' 'me' '~of' thing1 <!", "'~tell' 'me' '~of' thing2 <!"],
  thing1: ["the named1", "the named1", "'my' named1", "'thy' named1", "'a' named1", "'no' noun1"],
  thing2: ["the named2", "'my' named2", "'these' named2"],
  the: ["'the'"],
  named1: ["noun1", "noun1", "adjective noun1", "adjective noun1", "noun1 'of' noun2"],
  named2: ["noun2", "adjective noun2", "noun2 'of' noun2"],
  does1: [
    "intransitive1",
    "intransitive1 adverb",
    "intransitive1 preposition thing1",
    "transitive1 thing1",
    "transitive1 thing2",
    "'is' adjective",
    "'~is' adjective",
    "'is' adjective 'and' adjective",
  ],
  does2: [
    "intransitive2",
    "intransitive2 adverb",
    "intransitive2 preposition thing1",
    "transitive2 thing1",
    "transitive2 thing2",
  ],
});

/** No word has more syllables. */
const LONGEST = 3;

/** By kind, the words that scan where the next syllable is weak, and where it is strong. */
const KINDS: Readonly<Record<string, readonly (readonly Word[])[]>> = byBeat({
  noun1: wordsOf(NOUNS),
  noun2: wordsOf(NOUNS).filter(takesS).map(withS),
  adjective: wordsOf(ADJECTIVES),
  transitive1: wordsOf(TRANSITIVE_VERBS).filter(takesS).map(withS),
  transitive2: wordsOf(TRANSITIVE_VERBS),
  intransitive1: wordsOf(INTRANSITIVE_VERBS).filter(takesS).map(withS),
  intransitive2: wordsOf(INTRANSITIVE_VERBS),
  adverb: wordsOf(ADVERBS),
  preposition: wordsOf(PREPOSITIONS),
});

/** The number of its family of rhymes, by word. */
const FAMILY: ReadonlyMap<string, number> = new Map(
  RHYMES.flatMap((family, i) => family.split(" ").map((word) => [word, i] as const)),
);

/** About 300,000 characters in scenes of several speeches; the same ones every time. */
export function madeUpVerse(): RawText {
  const scenes: string[] = [];
  for (let length = 0; length < CHARACTERS; length += scenes.at(-1)!.length) {
    scenes.push(writeScene(drawsOf(scenes.length)));
  }
  const text = scenes.join("");
  return {
    name: "made-up-verse",
    title: "Made-up verse",
    hash: sha256(new TextEncoder().encode(text)),
    text,
  };
}

/** Uniform numbers on [0, 1), one after the other. */
type Draws = () => number;

function drawsOf(scene: number): Draws {
  let [block, place] = [0, 0];
  let numbers: Float32Array = new Float32Array();
  return () => {
    if (place === numbers.length) {
      numbers = uniforms({ seed: SEED, stream: `made-up-verse/${scene}`, step: block++ }, 1024);
      place = 0;
    }
    return numbers[place++]!;
  };
}

/** One of the choices; those in front are likelier. */
const chosen = <T>(choices: readonly T[], draw: Draws, favour = 1): T =>
  choices[Math.floor(choices.length * draw() ** favour)]!;

function writeScene(draw: Draws): string {
  const names = Object.keys(SPEAKERS);
  const cast: string[] = [];
  while (cast.length < (draw() < 0.6 ? 2 : 3)) {
    const name = chosen(names, draw);
    if (!cast.includes(name)) cast.push(name);
  }
  let scene = "";
  const speeches = 4 + Math.floor(5 * draw());
  for (let i = 0; i < speeches; i++) {
    const [speaker, listener] = [cast[i % cast.length]!, cast[(i + 1) % cast.length]!];
    scene += `${speaker}:\n${writeSpeech(listener, draw)}\n`;
  }
  return scene;
}

/** Two to eight lines, rhymed in couplets or in alternate lines. */
function writeSpeech(listener: string, draw: Draws): string {
  const alternate = draw() < 0.4;
  const count = alternate ? 4 * (1 + Math.floor(2 * draw())) : 2 * (1 + Math.floor(3 * draw()));
  const partner = alternate ? 2 : 1;
  const lines: Line[] = [];
  for (let i = 0; i < count; i++) {
    const rhymed = i % (2 * partner) < partner ? undefined : lines[i - partner];
    lines.push(writeLine(rhymed, listener, i === 0, draw));
  }
  return lines.map((line, i) => spelled(line, lines[i + 1])).join("");
}

/**
 * The words of a line, with the marks that end its parts.
 *
 * @param rhymed The line that this one rhymes with.
 * @param first Whether it begins a speech, and so cannot begin with a conjunction.
 */
function writeLine(
  rhymed: Line | undefined,
  listener: string,
  first: boolean,
  draw: Draws,
): Line {
  const sound = rhymed?.at(-1)?.text;
  while (true) {
    const line = attemptLine(sound, listener, draw);
    if (line && !(first && CONTINUES.test(line[0]!.text))) return line;
  }
}

/** Expands the rules from left to right, by words that scan; nothing where none does. */
function attemptLine(
  rhymed: string | undefined,
  listener: string,
  draw: Draws,
): Line | undefined {
  const line: Placed[] = [];
  const pending = ["line"];
  let syllables = 0;
  while (pending.length > 0) {
    const symbol = pending.pop()!;
    const rule = RULES[symbol];
    if (rule) {
      pending.push(...chosen(rule, draw));
    } else if (symbol.startsWith("<")) {
      line.push({ ...line.pop()!, mark: symbol.slice(1) });
    } else {
      const last = pending.every((symbol) => symbol.startsWith("<"));
      const room = SYLLABLES - syllables;
      if (!last && room <= 1) return undefined;
      if (last && room > LONGEST) return undefined;
      const scanning = wordsFor(symbol, listener, syllables % 2);
      const choices = !last && room > LONGEST
        ? scanning
        : scanning.filter(({ text, stress }) =>
          last ? stress.length === room && rhymes(text, rhymed) : stress.length < room
        );
      if (choices.length === 0) return undefined;
      const word = chosen(choices, draw, 1.5);
      line.push({ ...word, mark: "" });
      syllables += word.stress.length;
    }
  }
  return line;
}

/** The words that a symbol may become where the next syllable is weak (0) or strong (1). */
function wordsFor(symbol: string, listener: string, beat: number): readonly Word[] {
  const kind = KINDS[symbol];
  if (kind) return kind[beat]!;
  if (symbol === "name") {
    const name = { text: listener, stress: SPEAKERS[listener]! };
    return scans(name, beat) ? [name] : [];
  }
  const strong = symbol.startsWith("'~");
  return strong === (beat === 1)
    ? [{ text: symbol.slice(strong ? 2 : 1, -1), stress: strong ? "/" : "x" }]
    : [];
}

/** Whether a word's syllables alternate as they must. */
function scans({ stress }: Word, beat: number): boolean {
  for (let i = 0; i < stress.length; i++) {
    if ((stress[i] === "/") !== ((beat + i) % 2 === 1)) return false;
  }
  return true;
}

/** Whether a word may end a line, and the one that rhymes with another. */
function rhymes(text: string, other: string | undefined): boolean {
  const family = FAMILY.get(text);
  if (family === undefined) return false;
  return other === undefined || (text !== other && family === FAMILY.get(other));
}

const CONTINUES = /^(and|but|when|while|for|where)$/;

/** The line as it is printed; how it ends depends on how the next one begins. */
function spelled(line: Line, next: Line | undefined): string {
  const words = line.map(({ text, mark }, i) =>
    text === "a" && /^[aeiou]/.test(line[i + 1]!.text) ? "an" : text + mark
  );
  const text = words.join(" ").replace(/^./, (letter) => letter.toUpperCase());
  if (/[?!]$/.test(text)) return `${text}\n`;
  if (!next) return `${text}.\n`;
  return `${text}${CONTINUES.test(next[0]!.text) ? "," : ";"}\n`;
}

/** The symbols of each choice, the last one first: as they are pushed. */
function reversed(rules: Readonly<Record<string, readonly string[]>>): Rules {
  return Object.fromEntries(
    Object.entries(rules).map(([name, choices]) => [
      name,
      choices.map((choice) => choice.split(" ").reverse()),
    ]),
  );
}

function byBeat(kinds: Readonly<Record<string, readonly Word[]>>) {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, words]) => [
      kind,
      [0, 1].map((beat) => words.filter((word) => scans(word, beat))),
    ]),
  );
}

function wordsOf(byStress: Readonly<Record<string, string>>): Word[] {
  return Object.entries(byStress).flatMap(([stress, words]) =>
    words.split(" ").map((text) => ({ text, stress }))
  );
}

/** Whether an "s" adds no syllable. */
function takesS({ text }: Word): boolean {
  return !/(s|sh|ch|x|z|[sczg]e)$/.test(text);
}

function withS({ text, stress }: Word): Word {
  return { text: text.replace(/([^aeiou])y$/, "$1ie") + "s", stress };
}
