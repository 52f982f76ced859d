/**
 * Resumable downloads: data is written to a `.part` file next to the destination, an interrupted transfer
 * is resumed with an HTTP range request (RFC 9110, section 14), and a file gets its final name only after
 * its content was verified.
 */
import { UserError } from "../engine/host/mod.ts";
import { type ExpectedContent, statOrUndefined, verify, writeAll } from "./files.ts";

/** Progress of the download of one file. */
export interface DownloadProgress {
  /** The file's name. */
  readonly file: string;
  /** Number of bytes on disk, including those of earlier attempts. */
  readonly receivedBytes: number;
  /** Size of the whole file, if the server reports it. */
  readonly totalBytes: number | undefined;
}

export interface DownloadOptions {
  /** Called after every piece of the file. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Aborts the transfer; received data is kept for the next attempt. */
  readonly signal?: AbortSignal | undefined;
  /** Time without data after which the next server is tried. */
  readonly silenceMilliseconds?: number | undefined;
}

/** A file to download. */
interface RemoteFile {
  readonly name: string;
  /** Addresses of the file, in the order in which they are tried. */
  readonly urls: readonly string[];
  readonly expected: ExpectedContent;
  /** Path of the downloaded file. Its directory must exist, and no other process may write to it. */
  readonly destination: string;
}

/** Number of interrupted transfers after which the next server is tried. */
const ATTEMPTS_PER_SERVER = 20;
const SILENCE_MILLISECONDS = 30_000;

/** The reason why a server could not deliver the file. */
class TransferError extends Error {}

/**
 * Downloads and verifies a file.
 *
 * @returns Its decompressed content.
 * @throws {UserError} If no server delivered the expected content; the message has the reason for each.
 */
export async function download(
  file: RemoteFile,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  const reasons: string[] = [];
  for (const url of file.urls) {
    try {
      return await downloadFrom(url, file, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof TransferError)) throw error;
      reasons.push(`${url}: ${error.message}`);
    }
  }
  throw new UserError(`Cannot download ${file.name}: ${reasons.join("; ")}`);
}

/**
 * Requests the first byte of a file, to check whether it can be downloaded from a server.
 *
 * @returns Undefined if it can, otherwise the address and the reason.
 */
export async function probe(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await attempt(fetch(url, { headers: { range: "bytes=0-0" }, signal }));
    await response.body?.cancel();
    return response.ok ? undefined : `${url}: ${statusOf(response)}`;
  } catch (error) {
    return `${url}: ${(error as Error).message}`;
  }
}

async function downloadFrom(
  url: string,
  file: RemoteFile,
  options: DownloadOptions,
): Promise<Uint8Array> {
  const part = `${file.destination}.part`;
  let inherited = await sizeOf(part) > 0;
  for (let attempt = 0; attempt < ATTEMPTS_PER_SERVER; attempt++) {
    const before = await sizeOf(part);
    const failure = await transfer(url, part, file.name, options).catch(expectTransferError);
    if (failure) {
      if (await sizeOf(part) > before) continue;
      throw failure;
    }
    const result = await verify(await Deno.readFile(part), file.expected);
    if ("content" in result) {
      await Deno.rename(part, file.destination);
      return result.content;
    }
    await Deno.remove(part);
    if (!inherited) throw new TransferError(`${result.wrong}; the file was removed`);
    // The beginning came from an earlier download, perhaps from another server whose compressed
    // bytes differ: once more, from nothing.
    inherited = false;
  }
  throw new TransferError(`the connection was cut ${ATTEMPTS_PER_SERVER} times`);
}

/** Appends the missing data to the part file, or writes it anew if the server cannot resume. */
async function transfer(
  url: string,
  part: string,
  name: string,
  { onProgress, signal, silenceMilliseconds = SILENCE_MILLISECONDS }: DownloadOptions,
): Promise<void> {
  const offset = await sizeOf(part);
  using silence = inactivityTimeout(silenceMilliseconds);
  const response = await attempt(fetch(url, {
    headers: {
      // The compressed file itself is needed, without transparent decompression.
      "accept-encoding": "identity",
      ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
    },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  }));
  const resumed = startOf(response, offset);
  if (resumed === "complete") return;
  const length = response.headers.get("content-length");
  const start = resumed ? offset : 0;
  const totalBytes = length === null ? undefined : start + Number(length);
  let receivedBytes = start;
  using output = await Deno.open(part, { create: true, write: true });
  await output.truncate(start);
  await output.seek(start, Deno.SeekMode.Start);
  const reader = response.body!.getReader();
  while (true) {
    const { done, value } = await attempt(reader.read());
    if (done) break;
    silence.heard();
    await writeAll(output, value);
    receivedBytes += value.length;
    onProgress?.({ file: name, receivedBytes, totalBytes });
  }
  await output.sync();
}

/** Returns whether the response continues at `offset`, or "complete" if no data is missing. */
function startOf(response: Response, offset: number): boolean | "complete" {
  if (response.status === 200) return false;
  if (response.status === 206) {
    const range = response.headers.get("content-range");
    if (offset > 0 && range?.startsWith(`bytes ${offset}-`)) return true;
    throw refused(response, `it answered a request from byte ${offset} with range ${range}`);
  }
  // "Range not satisfiable": the part already has every byte, or is longer than the file.
  // Verification decides.
  if (response.status === 416 && offset > 0) {
    response.body?.cancel();
    return "complete";
  }
  throw refused(response, statusOf(response));
}

function statusOf({ status, statusText }: Response): string {
  return `HTTP ${status} ${statusText}`.trim();
}

function refused(response: Response, reason: string): TransferError {
  response.body?.cancel();
  return new TransferError(reason);
}

/** Converts network errors to transfer errors; other errors are not changed. */
async function attempt<T>(network: Promise<T>): Promise<T> {
  try {
    return await network;
  } catch (error) {
    // The cause of "fetch failed" is more informative; the caller adds the address.
    const { message } = (error as Error).cause as Error | undefined ?? error as Error;
    throw new TransferError(message.replace(/^error sending request for url \(.*?\): /, ""));
  }
}

function expectTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  throw error;
}

/** Returns a signal that aborts after a period in which `heard()` was not called. */
function inactivityTimeout(milliseconds: number) {
  const controller = new AbortController();
  const reason = new Error(`the server was silent for ${milliseconds / 1000} s`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(reason), milliseconds);
  };
  heard();
  return { signal: controller.signal, heard, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function sizeOf(path: string): Promise<number> {
  return (await statOrUndefined(path))?.size ?? 0;
}
