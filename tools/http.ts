/** One web application: MCP at /mcp and the viewer everywhere else, behind one guard. */
import {
  createMcpHandler,
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  INVALID_REQUEST,
  isJsonContentType,
  isLegacyRequest,
  type McpHandlerRequestOptions,
  readRequestBody,
} from "@modelcontextprotocol/server";
import { lazily } from "../engine/host/mod.ts";
import type { Lab } from "../experiments/mod.ts";
import { type Access, accessRefusal, page, signIn } from "./access.ts";
import { type Changes, changesOf, sendChanges } from "./changes.ts";
import { unavailable } from "./serving.ts";
import { answered, malformed, parsedMessage, type Refusal } from "./messages.ts";
import { createMcpServer, type ServerOptions, tasksOf } from "./server.ts";
import { createSessions } from "./sessions.ts";
import { TaskNotices } from "./task_notices.ts";

/** Longest time in which a request must arrive. */
const BODY_MS = 15_000;
/** Streams of changes at once. */
const MAX_SUBSCRIPTIONS = 200;

/** Makes the viewer's application; called on the first request for a page. */
export type OpenViewer = (lab: Lab) => Promise<
  { fetch(request: Request): Response | Promise<Response> }
>;

interface HttpOptions extends Omit<ServerOptions, "viewerUrl"> {
  /** The viewer's address without a slash at its end, for the links in answers. */
  readonly viewerUrl: string;
  readonly access: Access;
  readonly openViewer: OpenViewer;
  readonly changes?: Changes | undefined;
  readonly bodyMs?: number | undefined;
}

export interface HttpApp {
  fetch(request: Request): Promise<Response>;
  /** Ends all sessions and streams. */
  close(): Promise<void>;
}

/** The application for both protocol eras. */
export function createHttpApp(
  lab: Lab,
  { access, openViewer, changes = changesOf(lab), bodyMs = BODY_MS, ...options }: HttpOptions,
): HttpApp {
  const tasks = tasksOf(lab, options);
  const createServer = createMcpServer(lab, { ...options, tasks });
  const notices = new TaskNotices(tasks);
  const onerror = (error: Error) => console.error(`MCP: ${error.message}`);
  const modern = createMcpHandler(createServer, {
    legacy: "reject",
    bus: changes,
    maxSubscriptions: MAX_SUBSCRIPTIONS,
  });
  const sessions = createSessions({
    onerror,
    factory(context) {
      const server = createServer(context);
      sendChanges(server, changes, "legacy");
      return server;
    },
  });
  const viewer = lazily(() => openViewer(lab));

  async function mcp(request: Request): Promise<Response> {
    const options = await optionsOf(request, bodyMs);
    if (options instanceof Response) return options;
    if (await isLegacyRequest(request, options.parsedBody)) {
      return await sessions.fetch(request, options);
    }
    const received = notices.received(options.parsedBody);
    if (!("message" in received)) return inResponse(received);
    if (received.message === options.parsedBody) return await modern.fetch(request, options);
    const parsedBody = received.message;
    return notices.translated(await modern.fetch(request, { ...options, parsedBody }));
  }

  return {
    async fetch(request) {
      const refused = signIn(access, request) ?? accessRefusal(access, request);
      if (refused) return refused;
      if (new URL(request.url).pathname === "/mcp") return await mcp(request);
      if (request.method !== "GET" && request.method !== "HEAD") {
        return page(405, `The pages are for reading: ${request.method} is not for them`, {
          allow: "GET, HEAD",
        });
      }
      const pages = await viewer().catch(unavailable);
      return pages instanceof Response ? pages : await pages.fetch(request);
    },
    async close() {
      await Promise.all([modern.close(), sessions.close()]);
      changes.close();
    },
  };
}

/** The message of a request, read and judged; a refusal where it cannot be served. */
async function optionsOf(
  request: Request,
  bodyMs: number,
): Promise<McpHandlerRequestOptions | Response> {
  if (request.method !== "POST") return {};
  if (!isJsonContentType(request.headers.get("content-type"))) {
    return answered(415, INVALID_REQUEST, "Unsupported media type: send application/json");
  }
  const text = await bodyOf(request, bodyMs);
  if (text instanceof Response) return text;
  const parsed = parsedMessage(text);
  if (!("message" in parsed)) return inResponse(parsed);
  const refused = malformed(parsed.message);
  return refused ? inResponse(refused) : { parsedBody: parsed.message };
}

function inResponse(refused: Refusal): Response {
  return Response.json(refused, { status: 400 });
}

/** A request's body as text; a refusal if it is too long, or too long on its way. */
async function bodyOf(request: Request, limitMs: number): Promise<string | Response> {
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), limitMs);
  try {
    const read = await Promise.race([readRequestBody(request), late.promise]);
    if (read === "late") {
      return answered(408, INVALID_REQUEST, `The message took longer than ${limitMs / 1000} s`, {
        connection: "close",
      });
    }
    if (!read.tooLarge) return read.text;
    const limit = `${DEFAULT_MAX_REQUEST_BODY_SIZE} bytes`;
    return answered(413, INVALID_REQUEST, `The message is longer than ${limit}`);
  } catch {
    return answered(400, INVALID_REQUEST, "The message broke off");
  } finally {
    clearTimeout(timer);
  }
}
