/** An animated picture of digits and texts that emerge from noise, side by side. */
import type { SamplePixels, TextSample } from "../experiments/mod.ts";
import { decodePng, drawSheet, type Pixels, type SheetText, type SheetTile } from "./png.tsx";

/** Frames on the way; the last one stands for a while. */
const FRAMES = 40;
const FRAME_MS = 110;
const LAST_MS = 3500;
const SCALE = 2;
const DIGIT_COLUMNS = 5;
/** Characters of a line, as wide as {@link ADVANCE} pixels each. */
const LINE = 46;
const ADVANCE = 8;
const LINE_HEIGHT = 16;
const MARGIN = 14;

/**
 * Draws a GIF that never ends.
 *
 * @param digits A film strip's pixels.
 * @param texts Texts that were written with a film strip; the first of each is shown.
 */
export async function formingPicture(
  digits: SamplePixels,
  texts: readonly TextSample[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import("sharp");
  const frames: Pixels[] = [];
  for (let frame = 0; frame <= FRAMES; frame++) {
    frames.push(await decodePng(await drawFrame(digits, texts, frame / FRAMES)));
  }
  const { width, height } = frames[0]!;
  const stacked = new Uint8Array(frames.length * width * height * 3);
  frames.forEach(({ data, channels }, i) => {
    for (let at = 0; at < width * height; at++) {
      stacked.fill(
        data[at * channels]!,
        3 * (i * width * height + at),
        3 * (i * width * height + at) + 3,
      );
    }
  });
  const delay = frames.map((_, i) => i === FRAMES ? LAST_MS : FRAME_MS);
  const picture = sharp(stacked, {
    raw: { width, height: frames.length * height, channels: 3, pageHeight: height },
  });
  return new Uint8Array(await picture.gif({ loop: 0, delay, colours: 16, dither: 0 }).toBuffer());
}

/** @param share Of the way from noise. */
async function drawFrame(
  digits: SamplePixels,
  texts: readonly TextSample[],
  share: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width, count } = digits;
  const size = height * width;
  const moment = digits.frames[Math.floor(share * digits.frames.length)]?.noisy ?? digits.images;
  const step = SCALE * width + 2;
  const top = MARGIN + 22;
  const tiles: SheetTile[] = Array.from({ length: count }, (_, i) => ({
    x: MARGIN + i % DIGIT_COLUMNS * step,
    y: top + Math.floor(i / DIGIT_COLUMNS) * step,
    pixels: moment.subarray(i * size, (i + 1) * size),
  }));
  const left = MARGIN + DIGIT_COLUMNS * step + 2 * MARGIN;
  const shown: SheetText[] = [
    { text: "digits by diffusion", x: MARGIN, y: MARGIN + 9, size: 13, muted: true },
  ];
  let y = MARGIN + 9;
  for (const text of texts) {
    shown.push({ text: titleOf(text), x: left, y, size: 13, muted: true });
    const lines = linesAt(text, share);
    shown.push(
      ...lines.flatMap((line, row) => charactersOf(line, left, y + (row + 1.4) * LINE_HEIGHT)),
    );
    y += (heightOf(text) + 2) * LINE_HEIGHT + 6;
  }
  const rows = Math.ceil(count / DIGIT_COLUMNS);
  return await drawSheet({
    width: left + LINE * ADVANCE + MARGIN,
    height: Math.max(top + rows * step, y) + MARGIN,
    texts: shown,
    tiles,
    tileHeight: height,
    tileWidth: width,
    scale: SCALE,
  });
}

function titleOf({ settings: { mode, block_size } }: TextSample): string {
  return mode === "blocks"
    ? `verse by diffusion, ${block_size} characters at once`
    : `verse by diffusion and autoregression (${mode})`;
}

interface Letter {
  readonly character: string;
  readonly certain: boolean;
}

/** The lines of a text as they stand at a share of its way. */
function linesAt({ texts, frames }: TextSample, share: number): Letter[][] {
  const text = [...texts[0]!];
  const frame = frames[Math.floor(share * frames.length)];
  if (!frame) return wrapped(text.map((character) => ({ character, certain: true })));
  const [part = "", confidence = []] = [frame.texts[0], frame.confidence[0]];
  return wrapped([
    ...text.slice(0, frame.start).map((character) => ({ character, certain: true })),
    ...[...part].map((character, i) => ({ character, certain: (confidence[i] ?? 1) >= 0.5 })),
  ]);
}

function heightOf(text: TextSample): number {
  return linesAt(text, 1).length;
}

function wrapped(letters: readonly Letter[]): Letter[][] {
  const lines: Letter[][] = [[]];
  for (const letter of letters) {
    if (letter.character === "\n" || lines.at(-1)!.length === LINE) lines.push([]);
    if (letter.character !== "\n") lines.at(-1)!.push(letter);
  }
  return lines;
}

/** Each at its own place, so that none moves while others change. */
function charactersOf(line: readonly Letter[], left: number, y: number): SheetText[] {
  return line.flatMap(({ character, certain }, i) =>
    character === " " ? [] : [{
      text: character,
      x: left + (i + 0.5) * ADVANCE,
      y,
      size: 13,
      anchor: "middle",
      muted: !certain,
    }]
  );
}
