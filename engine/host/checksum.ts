/**
 * Safetensors files that carry a checksum of themselves: `sha256` in `__metadata__` is the SHA-256, in
 * hexadecimal, of the whole file with these 64 digits replaced by zeros. The header is covered too, so
 * any flipped bit is noticed; other programs read such a file like any other.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { UserError } from "./errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  type SafetensorsFile,
} from "./safetensors.ts";

const KEY = "sha256";
const DIGITS = 64;
const BLANK = "0".repeat(DIGITS);

/** What a file with or without a checksum holds. */
export interface CheckedFile extends SafetensorsFile {
  /** Whether the file carries a checksum, which then agrees with its bytes. */
  readonly hasChecksum: boolean;
}

/**
 * As {@link encodeSafetensors}, with a checksum of the file in its metadata.
 *
 * @throws {UserError} As {@link encodeSafetensors} does.
 */
export function encodeWithChecksum(
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const file = encodeSafetensors(tensors, { ...metadata, [KEY]: BLANK });
  const start = startOfDigits(file, BLANK);
  file.set(new TextEncoder().encode(checksumOf(file, start)), start);
  return file;
}

/**
 * As {@link decodeSafetensors}, and verifies the checksum where the file carries one. The metadata is
 * returned without it.
 *
 * @throws {UserError} If the file is malformed, or its bytes do not agree with its checksum.
 */
export function decodeWithChecksum(bytes: Uint8Array): CheckedFile {
  const { tensors, metadata: { [KEY]: stated, ...metadata } } = decodeSafetensors(bytes);
  if (stated === undefined) return { tensors, metadata, hasChecksum: false };
  const start = startOfDigits(bytes, stated);
  if (stated.length !== DIGITS || start < 0 || checksumOf(bytes, start) !== stated) {
    throw new UserError(
      "The safetensors file is damaged: its bytes do not agree with the SHA-256 in its metadata",
    );
  }
  return { tensors, metadata, hasChecksum: true };
}

/** Offset of the digits in the file, -1 if they are not written as this module writes them. */
function startOfDigits(file: Uint8Array, digits: string): number {
  const key = `"${KEY}":"`;
  const found = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
    .indexOf(`${key}${digits}"`, 8, "latin1");
  return found < 0 ? -1 : found + key.length;
}

function checksumOf(file: Uint8Array, start: number): string {
  return createHash("sha256")
    .update(file.subarray(0, start))
    .update(BLANK)
    .update(file.subarray(start + DIGITS))
    .digest("hex");
}
