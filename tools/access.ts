/**
 * Who may use a server over HTTP. Requests must be addressed to a name that the server has, so that no
 * page elsewhere can reach the tools through a visitor's browser (DNS rebinding); a server that other
 * machines can reach wants a token, too.
 */
import { hash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import { shortened, UserError } from "../engine/host/mod.ts";
import { answered } from "./messages.ts";
import { bracketed, isEverywhere } from "./serving.ts";

/** The names of this machine for itself. */
const LOOPBACK = localhostAllowedHostnames();
const COOKIE = "textdiffusion_token";
const YEAR_SECONDS = 365 * 24 * 3600;
const MIN_TOKEN = 16;

export interface Access {
  /** Names under which the server is rightly called, in lower case. */
  readonly names: readonly string[];
  /** The token that every request must carry; null if only this machine can reach the server. */
  readonly token: string | null;
  /** Whether the token was made just now, so that nobody knows it yet. */
  readonly isNew: boolean;
}

export interface AccessOptions {
  /** The address that is listened on. */
  readonly host: string;
  /** Further names, as those behind a proxy. */
  readonly allowHost?: readonly string[] | undefined;
  /** A token of one's own. */
  readonly token?: string | undefined;
  /** The folder in which a generated token is kept. */
  readonly workspace: string;
}

/**
 * The access to a server on an address. On loopback no token is needed unless one is given.
 *
 * @throws {UserError} If a given token is too short to be one.
 */
export function accessTo({ host, allowHost = [], token, workspace }: AccessOptions): Access {
  if (token !== undefined && token.length < MIN_TOKEN) {
    throw new UserError(
      `token has ${token.length} characters, but must have at least ${MIN_TOKEN}: leave --token out ` +
        "to have one made",
    );
  }
  const names = [...new Set([...hostNamesOf(host), ...allowHost.map(hostname)])];
  if (token !== undefined || isLoopback(host)) return { names, token: token ?? null, isNew: false };
  return { names, ...keptToken(tokenFile(workspace)) };
}

/** The file of the token that was made for a workspace. */
export function tokenFile(workspace: string): string {
  return join(workspace, "token");
}

/** Returns the token in a file that only its owner can read; generates it if there is none. */
function keptToken(path: string): { readonly token: string; readonly isNew: boolean } {
  if (existsSync(path)) {
    const token = readFileSync(path, "utf8").trim();
    chmodSync(path, 0o600);
    if (token.length >= MIN_TOKEN) return { token, isNew: false };
  }
  const token = randomBytes(24).toString("base64url");
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return { token, isNew: true };
}

function isLoopback(host: string): boolean {
  return LOOPBACK.includes(bracketed(host).toLowerCase());
}

/** Names under which a server at this address is rightly called. */
function hostNamesOf(host: string): string[] {
  const own = isEverywhere(host)
    ? [Deno.hostname(), ...Deno.networkInterfaces().map((network) => network.address)]
    : [host];
  return [...LOOPBACK, ...own.map((name) => bracketed(name).toLowerCase())];
}

/** @throws {UserError} If it is no name of a machine. */
function hostname(name: string): string {
  const url = URL.parse(`http://${bracketed(name)}`);
  if (url?.pathname === "/" && url.username === "") return url.hostname;
  throw new UserError(
    `allow_host is "${name}", but must be the name of a machine, as lab.example.org`,
  );
}

/** The refusal of a request that may not be served; undefined for one that may. */
export function accessRefusal(access: Access, request: Request): Response | undefined {
  const { names, token } = access;
  const refuse = (status: number, reason: string, headers = {}) =>
    new URL(request.url).pathname === "/mcp"
      ? answered(status, -32000, reason, headers)
      : page(status, reason, headers);
  const host = validateHostHeader(request.headers.get("host"), [...names]);
  if (!host.ok) {
    const called = host.hostname ?? host.hostHeader ?? "";
    return refuse(
      403,
      `This server answers under its own names only (${names.join(", ")}), and was called as ` +
        `${
          quoted(called)
        }. If that is a name of this machine, or of a proxy in front of it, start ` +
        `the server with --allow-host NAME`,
    );
  }
  const origin = validateOriginHeader(request.headers.get("origin"), [...names]);
  if (!origin.ok) {
    return refuse(
      403,
      `A page of ${quoted(origin.originHeader ?? "")} may not use this server, only pages of ` +
        `${names.join(", ")}. If it is yours, start the server with --allow-host and its host`,
    );
  }
  if (token === null || tokenDigestOf(request) === digest(token)) return undefined;
  return refuse(
    401,
    "This server wants its token: as Authorization: Bearer TOKEN from programs, and from a browser " +
      "once as ?token=TOKEN at the end of the address. The token was printed when the server started, " +
      "and is kept in the file `token` of its workspace",
    { "www-authenticate": 'Bearer realm="textdiffusion"' },
  );
}

/**
 * Lets a browser in: an address that carries the right token is answered with a cookie and the same
 * address without it.
 */
export function signIn({ token }: Access, request: Request): Response | undefined {
  const url = new URL(request.url);
  const offered = url.searchParams.get("token");
  if (token === null || offered === null || request.method !== "GET") return undefined;
  if (digest(offered) !== digest(token)) return undefined;
  url.searchParams.delete("token");
  const cookie = `${COOKIE}=${token}; Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Lax`;
  return new Response(null, {
    status: 303,
    headers: { location: `${url.pathname}${url.search}`, "set-cookie": cookie },
  });
}

/** The digest of the token that a request brings, in its header or as a browser's cookie. */
function tokenDigestOf(request: Request): string | undefined {
  const header = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (header !== undefined) return digest(header);
  // A cookie is sent by itself, so it opens only what reads.
  if (new URL(request.url).pathname === "/mcp") return undefined;
  const cookies = (request.headers.get("cookie") ?? "").split(";").map((part) => part.trim());
  const cookie = cookies.find((part) => part.startsWith(`${COOKIE}=`));
  return cookie && digest(cookie.slice(COOKIE.length + 1));
}

/** Tokens are compared by their digests, so that the time it takes tells nothing about them. */
function digest(token: string): string {
  return hash("sha256", token);
}

/** A page of plain words, which no browser takes for anything else. */
export function page(
  status: number,
  words: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${words}.\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

function quoted(text: string): string {
  return JSON.stringify(shortened(text, 100));
}
