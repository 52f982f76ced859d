/**
 * The safetensors file format (github.com/huggingface/safetensors, "Format"), for float32, float16
 * and int32:
 *
 *     8 bytes   N, the header's length, unsigned, little endian
 *     N bytes   JSON: tensor name → { dtype, shape, data_offsets: [begin, end] }, and `__metadata__`
 *     the rest  the tensors' bytes, little endian, row-major, without gaps or overlaps
 *
 * Reading is strict: a file that could be understood in two ways is refused. A file may carry a checksum
 * of itself: `sha256` in `__metadata__` is the SHA-256, in hexadecimal, of the whole file with these 64
 * digits replaced by zeros. The header is covered too, so any flipped bit is noticed; other programs
 * read such a file like any other.
 */
import { sizeOf } from "../graph/value.ts";
import { UserError } from "./errors.ts";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** A tensor as it stands in a file. */
export type SafeTensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "F16"; readonly shape: readonly number[]; readonly data: Float16Array }
  | { readonly dtype: "I32"; readonly shape: readonly number[]; readonly data: Int32Array };

/** The content of a file. */
export interface SafetensorsFile {
  readonly tensors: Record<string, SafeTensor>;
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly dtype: SafeTensor["dtype"];
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const METADATA = "__metadata__";
/** The limit of the reference implementation, against headers made to exhaust memory. */
const HEADER_LIMIT = 100_000_000;
const ARRAYS = { F32: Float32Array, F16: Float16Array, I32: Int32Array } as const;

/**
 * Encodes tensors in the order of their names, so that equal content makes equal files.
 *
 * @throws {UserError} If a name is reserved or a shape disagrees with the data.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort();
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([METADATA, metadata]);
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    if (name === METADATA) {
      throw new UserError(`Cannot name a tensor \`${METADATA}\`: it is reserved`);
    }
    if (sizeOf(shape) !== data.length) {
      throw new UserError(
        `Cannot write tensor \`${name}\`: shape [${shape}] wants ${sizeOf(shape)} elements, ` +
          `the data has ${data.length}`,
      );
    }
    const end = offset + data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Padding with spaces starts the data at a multiple of 8 bytes.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength).set(json, 8);
  let position = 8 + headerLength;
  for (const name of names) {
    const { data } = tensors[name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Decodes a file. The tensors are copies: the file's bytes may be dropped or reused.
 *
 * @throws {UserError} If the file is cut short or malformed, or holds element types other than F32,
 * F16 and I32.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const header = readHeader(bytes);
  const data = bytes.subarray(8 + header.length);
  const entries = Object.entries(header.json)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]): [string, Entry] => [name, readEntry(name, value)]);
  checkLayout(entries, data.length);
  return {
    tensors: Object.fromEntries(entries.map(([name, entry]) => [name, readTensor(entry, data)])),
    metadata: readMetadata(header.json[METADATA]),
  };
}

function readHeader(bytes: Uint8Array): { length: number; json: Record<string, unknown> } {
  if (bytes.length < 8) {
    throw malformed(`the file has ${bytes.length} bytes, the header's length alone takes 8`);
  }
  const length = Number(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true),
  );
  if (length > HEADER_LIMIT) {
    throw malformed(`its header claims ${length} bytes, at most ${HEADER_LIMIT} are allowed`);
  }
  if (8 + length > bytes.length) {
    throw malformed(
      `its header claims ${length} bytes, only ${bytes.length - 8} follow; it may be cut short`,
    );
  }
  const json = parseHeader(bytes.subarray(8, 8 + length));
  return { length, json };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw malformed(`its header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  if (!text.startsWith("{") || !isRecord(json)) {
    throw malformed("its header does not start with `{`");
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw malformed(`its header names \`${repeated}\` twice`);
  return json;
}

function readEntry(name: string, value: unknown): Entry {
  if (!isRecord(value)) throw malformed(`tensor \`${name}\` is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isKnown(dtype)) {
    throw malformed(
      `tensor \`${name}\` has dtype ${JSON.stringify(dtype)}, F32, F16 or I32 is wanted`,
    );
  }
  if (!isSizes(shape)) {
    throw malformed(`tensor \`${name}\` has shape ${JSON.stringify(shape)}, not a list of sizes`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw malformed(
      `tensor \`${name}\` has data_offsets ${JSON.stringify(offsets)}, not [begin, end]`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const wanted = sizeOf(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== wanted) {
    throw malformed(
      `tensor \`${name}\` has ${end - begin} bytes, ${dtype} of shape [${shape}] takes ${wanted}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkLayout(entries: readonly [string, Entry][], dataLength: number): void {
  let position = 0;
  const ordered = entries.toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of ordered) {
    if (end > dataLength) {
      throw malformed(
        `tensor \`${name}\` ends at byte ${end} of ${dataLength}; the file may be cut short`,
      );
    }
    if (begin < position) throw malformed(`tensor \`${name}\` overlaps the one before it`);
    if (begin > position) throw malformed(`there is a gap before tensor \`${name}\``);
    position = end;
  }
  if (position < dataLength) {
    throw malformed(`${dataLength - position} bytes after the last tensor belong to none`);
  }
}

function readTensor({ dtype, shape, begin, end }: Entry, data: Uint8Array): SafeTensor {
  // Deno runs on little-endian machines only, so typed arrays have the file's byte order. The copy
  // also aligns; `slice` would not copy where the bytes are a Buffer, as Node's readFile gives them.
  const { buffer } = new Uint8Array(data.subarray(begin, end));
  return { dtype, shape, data: new ARRAYS[dtype](buffer) } as SafeTensor;
}

function isKnown(dtype: unknown): dtype is SafeTensor["dtype"] {
  return typeof dtype === "string" && Object.hasOwn(ARRAYS, dtype);
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== "string")) {
    throw malformed(`its \`${METADATA}\` is not a map from text to text`);
  }
  return value as Record<string, string>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function malformed(reason: string): UserError {
  return new UserError(`Cannot read the safetensors file: ${reason}`);
}

/**
 * The first key that occurs twice in one object of a JSON text, which `JSON.parse` would let pass.
 *
 * @param json Valid JSON: the caller has parsed it.
 */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // Strings, with the colon that makes them keys, and brackets; in valid JSON the rest does not
  // matter here. Arrays get a set too: it stays empty, but keeps the brackets paired.
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{}]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

const KEY = "sha256";
const DIGITS = 64;
const BLANK = "0".repeat(DIGITS);

/** The content of a file with or without a checksum. */
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
