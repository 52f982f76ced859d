/** Static files, and the content security policy of pages. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MiddlewareHandler } from "hono";

const TYPES = {
  "style.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "charts.js": "text/javascript; charset=utf-8",
  "films.js": "text/javascript; charset=utf-8",
  "live.js": "text/javascript; charset=utf-8",
  "play.js": "text/javascript; charset=utf-8",
  "schedules.js": "text/javascript; charset=utf-8",
  "verse.js": "text/javascript; charset=utf-8",
  "times.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;
type StaticName = keyof typeof TYPES;

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const files = new Map<StaticName, StaticFile>();

/** Returns a static file, or undefined if there is none of this name. */
export function staticFile(name: string): StaticFile | undefined {
  if (!Object.hasOwn(TYPES, name)) return undefined;
  const known = name as StaticName;
  const cached = files.get(known);
  if (cached) return cached;
  const bytes = new Uint8Array(readFileSync(new URL(`./static/${known}`, import.meta.url)));
  const file = { bytes, type: TYPES[known] };
  files.set(known, file);
  return file;
}

let version: string | undefined;

/**
 * Returns a short hash of all static files. It is part of their paths, so that browsers can cache them without
 * limit, and modules that import each other change together.
 */
export function staticVersion(): string {
  if (version === undefined) {
    const hash = createHash("sha256");
    for (const name of Object.keys(TYPES)) hash.update(staticFile(name)?.bytes ?? "");
    version = hash.digest("hex").slice(0, 10);
  }
  return version;
}

export function staticUrl(name: StaticName): string {
  return `/static/${staticVersion()}/${name}`;
}

/** Allows files of this server only, without inline scripts, styles or handlers: stored text is untrusted. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("content-security-policy", POLICY);
  c.header("x-content-type-options", "nosniff");
  c.header("referrer-policy", "same-origin");
  c.header("cross-origin-resource-policy", "same-origin");
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-cache");
};
