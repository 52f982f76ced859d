/** Reading a person's own text. */
import { basename } from "node:path";
import { UserError } from "../engine/host/mod.ts";
import { sha256 } from "./content.ts";
import { readRegularFile, requireRegularFile } from "./regular_file.ts";
import type { RawText } from "./texts.ts";

/** A text, its tokens and its statistics are held in memory. */
const MOST_BYTES = 2 ** 28;

/**
 * Checks what the path of a text leads to, before it is opened.
 *
 * @throws {UserError} If it is not a regular file, or is too large.
 */
export function requireTextFile(path: string, info: Deno.FileInfo): void {
  requireRegularFile(path, info, MOST_BYTES);
}

/**
 * Reads a text file in UTF-8. A byte order mark is dropped, and line ends become "\n".
 *
 * @throws {UserError} If there is no such file, or it is no regular one, empty, too large or not UTF-8.
 */
export async function readTextFile(path: string): Promise<RawText> {
  const bytes = await readBytes(path);
  const text = decodeUtf8(bytes, path).replaceAll(/\r\n?/g, "\n");
  if (text === "") throw new UserError(`Cannot use ${path}: it is empty`);
  return { name: path, title: basename(path), hash: sha256(bytes), text };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MOST_BYTES);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(
        `Cannot find the text file ${path}: the working directory is ${Deno.cwd()}`,
      );
    }
    throw new UserError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/**
 * The text that bytes hold in UTF-8 (RFC 3629), without a byte order mark.
 *
 * @param file The file's name, for the message.
 * @throws {UserError} If they are in another encoding, with the first place that shows it.
 */
export function decodeUtf8(bytes: Uint8Array, file: string): string {
  const mark = bytes.subarray(0, 2).toHex();
  if (mark === "fffe" || mark === "feff") {
    throw new UserError(`Cannot use ${file}: it is in UTF-16, save it in UTF-8`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const place = firstInvalidByte(bytes);
    throw new UserError(
      `Cannot use ${file}: it is not UTF-8, byte ${place} is 0x${
        bytes.subarray(place, place + 1).toHex()
      }; save it in UTF-8, for example with \`iconv -f WINDOWS-1252 -t UTF-8\``,
    );
  }
  // Latin text in UTF-16 without its mark is valid UTF-8, with every other character a NUL.
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw new UserError(
      `Cannot use ${file}: character ${nul} is a NUL, so it is a binary file or in UTF-16; ` +
        "take a text and save it in UTF-8",
    );
  }
  return text;
}

/** Where the first sequence begins that is no character. There is one. */
function firstInvalidByte(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let place = 0;
  for (const valid of text.split("\ufffd")) {
    place += encoder.encode(valid).length;
    // The replacement character may also stand in the text itself.
    if (bytes.subarray(place, place + 3).toHex() !== "efbfbd") break;
    place += 3;
  }
  return place;
}
