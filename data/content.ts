/** Recognising a file by its content, compressed or not. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

/** What a file must be. */
export type ExpectedContent =
  & {
    /** Its size, decompressed. */
    readonly bytes: number;
  }
  & ({
    /** Of the decompressed content, in hexadecimal: the compressed bytes differ between mirrors. */
    readonly sha256: string;
  } | {
    /** Of the gzipped file itself, in hexadecimal. For data whose publishers give nothing but this: it
     * tells accidents, not forgeries, and only of the very file that they published. */
    readonly gzipMd5: string;
  });

/** SHA-256, in hexadecimal, of byte strings one after the other. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/**
 * Decompresses a file if it is gzipped, and gives it back as it is if not.
 *
 * @param limit No more bytes than this are produced.
 * @throws {Error} If the compressed file is damaged or holds more.
 */
export async function decompress(file: Uint8Array, limit: number): Promise<Uint8Array> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  return await promisify(gunzip)(file, { maxOutputLength: limit });
}

/**
 * The decompressed content of a file, if it is what was expected.
 *
 * @returns The content, or `{ wrong }` with what is wrong with it.
 */
export async function verify(
  file: Uint8Array,
  expected: ExpectedContent,
): Promise<{ content: Uint8Array } | { wrong: string }> {
  if ("gzipMd5" in expected) {
    const md5 = createHash("md5").update(file).digest("hex");
    if (md5 !== expected.gzipMd5) {
      return { wrong: `the file has MD5 ${md5}, the published gzipped one ${expected.gzipMd5}` };
    }
  }
  let content: Uint8Array;
  try {
    content = await decompress(file, expected.bytes + 1);
  } catch (error) {
    return { wrong: `it cannot be decompressed (${(error as Error).message})` };
  }
  if ("gzipMd5" in expected) return { content };
  const hash = sha256(content);
  if (hash === expected.sha256) return { content };
  return {
    wrong: `its content has SHA-256 ${hash}, expected is ${expected.sha256}`,
  };
}
