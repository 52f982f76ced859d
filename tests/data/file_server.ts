/** A local HTTP server of files, which can misbehave. */
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How one request for a file goes. */
export type Behaviour =
  | "well"
  /** Sends the whole file whatever was asked for. */
  | "without ranges"
  /** Never answers. */
  | "silent"
  /** Answers with this status and nothing else. */
  | { readonly status: number }
  /** Promises the file from `start` (by default, from where it was asked) and is cut after `length`
   * bytes. */
  | { readonly cutAfter: number; readonly start?: number };

export interface FileServer extends AsyncDisposable {
  /** The address of the folder, with a slash at the end. */
  readonly url: string;
  /** "name" or "name range" of each request, in order. */
  readonly requests: string[];
}

/**
 * Serves files by name.
 *
 * @param behaviour Of the request with this number, counted from 0.
 */
export async function serveFiles(
  files: Record<string, Uint8Array>,
  behaviour: (request: number) => Behaviour = () => "well",
): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    const { range } = request.headers;
    const number = requests.push(range ? `${name} ${range}` : name) - 1;
    const file = files[name];
    answer(file ? behaviour(number) : { status: 404 }, file ?? new Uint8Array(), request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function answer(
  behaviour: Behaviour,
  file: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (behaviour === "silent") return;
  if (typeof behaviour === "object" && "status" in behaviour) {
    response.writeHead(behaviour.status).end();
    return;
  }
  const asked = request.headers.range?.match(/^bytes=(\d+)-$/)?.[1];
  const cut = typeof behaviour === "object" ? behaviour : undefined;
  const start = behaviour === "without ranges" ? undefined : cut?.start ?? (asked && Number(asked));
  if (start === undefined) {
    response.writeHead(200, { "content-length": file.length });
  } else if (Number(start) >= file.length) {
    response.writeHead(416).end();
    return;
  } else {
    response.writeHead(206, {
      "content-length": file.length - Number(start),
      "content-range": `bytes ${start}-${file.length - 1}/${file.length}`,
    });
  }
  const rest = Buffer.from(file.subarray(Number(start ?? 0)));
  if (cut) response.write(rest.subarray(0, cut.cutAfter), () => response.destroy());
  else response.end(rest);
}

/** An address at which nothing listens. */
export function closedAddress(): string {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return `http://127.0.0.1:${listener.addr.port}/`;
}
