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
import { LONGEST, rhymes, RULES, type Word, wordsFor } from "./verse_grammar.ts";
import { SPEAKERS } from "./verse_words.ts";

const SEED = 1609;
const CHARACTERS = 300_000;
const SYLLABLES = 10;

/** A word in its place, with the mark that follows it or "". */
interface Placed extends Word {
  readonly mark: string;
}

type Line = readonly Placed[];

/** Written once in a process, which may train many runs. */
let written: RawText | undefined;

/** About 300,000 characters in scenes of several speeches; the same ones every time. */
export function madeUpVerse(): RawText {
  return written ??= writeVerse();
}

function writeVerse(): RawText {
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

const chosen = <T>(choices: readonly T[], draw: Draws): T =>
  choices[Math.floor(choices.length * draw())]!;

/** One of the choices; those in front are likelier. A square root is the same on every machine, other
 * powers need not be. */
function favoured<T>(choices: readonly T[], draw: Draws): T {
  const uniform = draw();
  return choices[Math.floor(choices.length * uniform * Math.sqrt(uniform))]!;
}

function writeScene(draw: Draws): string {
  const names = Object.keys(SPEAKERS);
  const size = draw() < 0.6 ? 2 : 3;
  const cast: string[] = [];
  while (cast.length < size) {
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
      const word = favoured(choices, draw);
      line.push({ ...word, mark: "" });
      syllables += word.stress.length;
    }
  }
  return line;
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
