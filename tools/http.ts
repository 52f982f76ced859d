/** One web application: MCP at /mcp and the viewer everywhere else, behind one guard. */
import { createMcpHonoApp } from "@modelcontextprotocol/hono";
import { createMcpHandler } from "@modelcontextprotocol/server";
import type { Hono } from "hono";
import type { Lab } from "../experiments/mod.ts";
import { lazily, unavailable } from "./lazily.ts";
import { createMcpServer } from "./server.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Makes the viewer's application; called on the first request for a page. */
export type OpenViewer = (lab: Lab) => Promise<
  { fetch(request: Request): Response | Promise<Response> }
>;

export interface HttpOptions {
  /** The viewer's address without a slash at its end, for the links in answers. */
  readonly viewerUrl: string;
  /** The address that is listened on; it decides whose Host and Origin headers are taken. */
  readonly host: string;
  readonly openViewer: OpenViewer;
}

/**
 * The application for both protocol eras. Requests whose Host or Origin is not one of this
 * machine's names are refused, so that no web page elsewhere can reach the tools through a
 * visitor's browser (DNS rebinding).
 */
export function createHttpApp(lab: Lab, { viewerUrl, host, openViewer }: HttpOptions): Hono {
  const names = allowedHosts(host);
  const app = createMcpHonoApp({ host, allowedHosts: names, allowedOrigins: names });
  const mcp = createMcpHandler(createMcpServer(lab, { viewerUrl }));
  app.all("/mcp", (c) => {
    const parsedBody: unknown = c.get("parsedBody" as never);
    return mcp.fetch(c.req.raw, parsedBody === undefined ? {} : { parsedBody });
  });
  const viewer = lazily(() => openViewer(lab));
  app.all("*", async (c) => {
    const pages = await viewer().catch(unavailable);
    return pages instanceof Response ? pages : pages.fetch(c.req.raw);
  });
  return app;
}

/** Names under which a server at this address is rightly called. */
export function allowedHosts(host: string): string[] {
  if (LOOPBACK.includes(host)) return ["localhost", "127.0.0.1", "[::1]"];
  const everywhere = host === "0.0.0.0" || host === "::";
  const own = everywhere
    ? [Deno.hostname(), ...Deno.networkInterfaces().map((network) => network.address)]
    : [host];
  return [
    ...new Set(["localhost", "127.0.0.1", "[::1]", ...own.map(bracketed)]),
  ];
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
