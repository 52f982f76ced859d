/** The grammar of made-up verse: rules, the words that they end in, and what scans and rhymes. */
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

/** A word, or a few that go together, with "x" and "/" for each weak and strong syllable. */
export interface Word {
  readonly text: string;
  readonly stress: string;
}

/** What each symbol may become. A symbol is a rule, a kind of word, `name` for the listener's, or, in
 * quotes, a weak word itself ("~" makes it strong). What follows "<" is a mark. */
type Rules = Readonly<Record<string, readonly (readonly string[])[]>>;

export const RULES: Rules = reversed({
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
export const LONGEST = 3;

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

/** The words that a symbol may become where the next syllable is weak (0) or strong (1). */
export function wordsFor(symbol: string, listener: string, beat: number): readonly Word[] {
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
export function rhymes(text: string, other: string | undefined): boolean {
  const family = FAMILY.get(text);
  if (family === undefined) return false;
  return other === undefined || (text !== other && family === FAMILY.get(other));
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
