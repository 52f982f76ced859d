/** What people see in a terminal: pictures and texts that form, progress bars, and the opened browser. */
import { stripVTControlCharacters } from "node:util";

/** The capabilities of a terminal. */
export interface Screen {
  /** Whether lines can be drawn again. Elsewhere only the last frame of a film is printed. */
  readonly redraws: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Greys that characters and their background can have; 0 for characters alone. */
  readonly greys: 0 | 24 | 256;
}

/** The terminal behind standard output. NO_COLOR and COLORTERM are heeded. */
export function screenOf(env: { get(name: string): string | undefined } = Deno.env): Screen {
  const redraws = Deno.stdout.isTerminal() && env.get("TERM") !== "dumb";
  const plain = !redraws || (env.get("NO_COLOR") ?? "") !== "";
  const full = /truecolor|24bit/.test(env.get("COLORTERM") ?? "");
  return { redraws, ...consoleSize(), greys: plain ? 0 : full ? 256 : 24 };
}

function consoleSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** Grey pixels, 0 to 1, row by row. */
interface Raster {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * Square pictures side by side in rows.
 *
 * @param images count × side × side values in [−1, 1].
 * @param columns Pictures in a row.
 * @param factor Pixels of a picture that become one in each direction: their mean.
 */
export function mosaic(
  images: Float32Array,
  { side, columns, factor }: { side: number; columns: number; factor: number },
): Raster {
  const count = images.length / side ** 2;
  const small = Math.floor(side / factor);
  const width = columns * (small + 1) - 1;
  const height = Math.ceil(count / columns) * small;
  const values = new Float32Array(width * height);
  for (let i = 0; i < count; i++) {
    const [left, top] = [i % columns * (small + 1), Math.floor(i / columns) * small];
    for (let y = 0; y < small * factor; y++) {
      for (let x = 0; x < small * factor; x++) {
        const value = Math.min(1, Math.max(-1, images[(i * side + y) * side + x]!));
        const at = (top + Math.floor(y / factor)) * width + left + Math.floor(x / factor);
        values[at]! += (value + 1) / 2 / factor ** 2;
      }
    }
  }
  return { width, height, values };
}

const SHADES = " ░▒▓█";

/** A raster as lines, two rows of pixels in each. */
export function blockLines({ width, height, values }: Raster, greys: Screen["greys"]): string[] {
  const at = (x: number, y: number) => y < height ? values[y * width + x]! : 0;
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) => {
    let line = "";
    let colours = "";
    for (let x = 0; x < width; x++) {
      const [upper, lower] = [at(x, 2 * row), at(x, 2 * row + 1)];
      if (greys === 0) {
        line += SHADES[Math.min(4, Math.floor((upper + lower) / 2 * 5))];
        continue;
      }
      const wanted = `\x1b[38;${grey(upper, greys)};48;${grey(lower, greys)}m`;
      line += `${wanted === colours ? "" : wanted}▀`;
      colours = wanted;
    }
    return greys === 0 ? line.trimEnd() : `${line}\x1b[0m`;
  });
}

/** A grey as the end of an SGR sequence: of the 24 of the 256-colour table, or of the full colours. */
function grey(value: number, greys: 24 | 256): string {
  const level = Math.round(Math.min(1, Math.max(0, value)) * (greys - 1));
  return greys === 24 ? `5;${232 + level}` : `2;${level};${level};${level}`;
}

/** A text of which a part is still uncertain. */
interface Uncertain {
  /** The text before the part. */
  readonly written: string;
  readonly part: string;
  /** The confidence of each character of the part, 0 to 1. */
  readonly confidence: readonly number[];
}

/** The text in lines of at most `width` characters; what is less sure than even is dim. */
export function textLines(
  { written, part, confidence }: Uncertain,
  width: number,
  greys: Screen["greys"],
): string[] {
  const characters = [...written, ...part];
  const certain = [...written].length;
  const lines: string[] = [];
  let [line, length] = ["", 0];
  characters.forEach((character, i) => {
    if (character === "\n" || length === width) {
      lines.push(line);
      [line, length] = ["", 0];
      if (character === "\n") return;
    }
    const dim = i >= certain && (confidence[i - certain] ?? 1) < 0.5 && greys > 0;
    line += dim ? `\x1b[2m${character}\x1b[22m` : character;
    length++;
  });
  return [...lines, line];
}

/** Two columns of lines; the left one takes `width` characters. */
export function beside(
  left: readonly string[],
  right: readonly string[],
  width: number,
): string[] {
  const visible = (line: string) => [...stripVTControlCharacters(line)].length;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const line = left[i] ?? "";
    return `${line}${" ".repeat(Math.max(0, width - visible(line)))}${right[i] ?? ""}`.trimEnd();
  });
}

/**
 * Shows frames one after the other, each over the one before. All have to be no higher than the
 * screen. Where lines cannot be redrawn, only the last is printed.
 *
 * @param milliseconds Each frame stands at least this long.
 */
export async function play(
  frames: readonly (readonly string[])[],
  screen: Screen,
  milliseconds: number,
): Promise<void> {
  const height = Math.max(...frames.map((lines) => lines.length));
  const shown = screen.redraws ? frames : frames.slice(-1);
  for (const [i, lines] of shown.entries()) {
    const back = i === 0 ? "" : `\x1b[${height}A`;
    const full = Array.from(
      { length: screen.redraws ? height : lines.length },
      (_, row) => `${screen.redraws ? "\x1b[2K" : ""}${lines[row] ?? ""}\n`,
    );
    Deno.stdout.writeSync(new TextEncoder().encode(back + full.join("")));
    if (i < shown.length - 1) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}

const WIDTH = 28;
/** Shortest interval between two printed lines where lines cannot be redrawn. */
const PLAIN_EVERY_MS = 10_000;

/**
 * Shows a bar while something is done that tells how far it is: redrawn in a terminal, printed now and then
 * elsewhere. It is on stderr, so that stdout stays for results, and its last state is left standing.
 */
export async function withProgressBar<Result>(
  work: (
    onProgress: (progress: { done: number; total: number; message: string }) => void,
  ) => Promise<Result>,
): Promise<Result> {
  const terminal = Deno.stderr.isTerminal();
  let shown = "";
  let printedAt = 0;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  try {
    return await work(({ done, total, message }) => {
      const line = barLine(done, total, message);
      if (line === shown) return;
      shown = line;
      if (terminal) write(`\r\x1b[2K${line.slice(0, consoleSize().columns - 1)}`);
      else if (Date.now() - printedAt > PLAIN_EVERY_MS) {
        printedAt = Date.now();
        write(`${line}\n`);
      }
    });
  } finally {
    if (shown !== "") write(terminal ? "\n" : `${shown}\n`);
  }
}

/** "[#######---------------------]  25 % message". */
export function barLine(done: number, total: number, message: string): string {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const filled = Math.round(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}] ${percent} %  ${message}`;
}

/** The program that opens an address, with its arguments; null where nobody would see it. */
export function browserCommand(
  os: typeof Deno.build.os,
  env: { get(name: string): string | undefined },
): readonly string[] | null {
  const isSet = (name: string) => (env.get(name) ?? "") !== "";
  if (isSet("CI") || isSet("SSH_CONNECTION")) return null;
  switch (os) {
    case "darwin":
      return ["open"];
    case "windows":
      return ["cmd", "/c", "start", ""];
    default:
      return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? ["xdg-open"] : null;
  }
}

/** Opens an address where someone sits in front of a terminal and a screen; never fails. */
export function openBrowser(url: string): void {
  const command = Deno.stdout.isTerminal() ? browserCommand(Deno.build.os, Deno.env) : null;
  if (command === null) return;
  const [program, ...args] = command;
  try {
    new Deno.Command(program!, {
      args: [...args, url],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().unref();
  } catch {
    // The address was printed; whoever wants it can open it.
  }
}
