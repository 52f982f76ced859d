/** Listening on a port; what answers the requests is loaded with the first one. */
import { explained, lazily, UserError } from "../engine/host/mod.ts";

export interface Listening {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
  readonly finished: Promise<void>;
}

interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The answer at {@link IDENTITY_PATH}, by which other processes identify the workspace of this server. */
  readonly identity?: string | undefined;
}

/** Answered without loading anything. */
export const IDENTITY_PATH = "/.well-known/textdiffusion";

/**
 * Serves requests with what `handlerFor` makes of the address, on the first request.
 *
 * @throws {UserError} If the port is taken or the address is not this machine's.
 */
export function listen(
  { host, port, identity }: ListenOptions,
  handlerFor: (url: string) => Promise<(request: Request) => Response | Promise<Response>>,
): Listening {
  let url = "";
  const handler = lazily(() => handlerFor(url));
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: host, port, onListen: () => {} },
      async (request) => {
        if (identity !== undefined && new URL(request.url).pathname === IDENTITY_PATH) {
          return new Response(identity);
        }
        const handle = await handler().catch(unavailable);
        return handle instanceof Response ? handle : handle(request);
      },
    );
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UserError(`Port ${port} is taken: give another with --port, or --port 0 for any`);
    }
    if (
      error instanceof Deno.errors.AddrNotAvailable || error instanceof Deno.errors.PermissionDenied
    ) {
      throw new UserError(`Cannot listen on ${host}:${port}: ${error.message}`);
    }
    throw error;
  }
  url = `http://${isEverywhere(host) ? "localhost" : bracketed(host)}:${server.addr.port}`;
  return { url, close: () => server.shutdown(), finished: server.finished };
}

/** Whether an address to listen on is that of every network of this machine. */
export function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/**
 * The answer to a request for what could not be loaded.
 *
 * @throws What was given, if it is not a mistake that somebody can mend.
 */
export function unavailable(failure: unknown): Response {
  const error = explained(failure);
  if (!(error instanceof UserError)) throw failure;
  return new Response(`${error.message}\n`, { status: 503 });
}
