/**
 * Sessions of clients that speak a revision of 2025 over HTTP. Subscriptions, notices of changes and
 * questions to the client need a connection that lasts longer than one request; a client that never
 * opens a session is served request by request.
 */
import {
  type JSONRPCMessage,
  legacyStatelessFallback,
  type McpHandlerRequestOptions,
  type McpServer,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { answered } from "./messages.ts";

/** Sessions kept at once; the one that was silent longest makes room for another. */
const MAX_SESSIONS = 200;
/** A session without any request for this long is closed. */
const IDLE_MS = 24 * 3600 * 1000;
/** Messages of a session that are kept for a client whose connection broke. */
const MAX_KEPT = 100;
const MAX_KEPT_BYTES = 1024 * 1024;
/** Delay before such a client is to reconnect. */
const RETRY_MS = 1000;

interface SessionOptions {
  readonly factory: McpServerFactory;
  readonly onerror: (error: Error) => void;
}

/** Serves requests of the 2025 revisions, with their session or without one. */
interface Sessions {
  fetch(request: Request, options: McpHandlerRequestOptions): Promise<Response>;
  close(): Promise<void>;
}

interface Session {
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  usedAt: number;
}

export function createSessions({ factory, onerror }: SessionOptions): Sessions {
  /** In the order of their last use. */
  const sessions = new Map<string, Session>();
  const withoutSession = legacyStatelessFallback(factory, onerror);

  async function drop(id: string): Promise<void> {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.server.close().catch(() => {
      // What cannot be closed is gone all the same.
    });
  }

  async function makeRoom(): Promise<void> {
    const overdue = Date.now() - IDLE_MS;
    const [oldest] = sessions;
    if (oldest && (sessions.size >= MAX_SESSIONS || oldest[1].usedAt < overdue)) {
      await drop(oldest[0]);
    }
  }

  async function open(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    await makeRoom();
    const server = await factory({ era: "legacy", requestInfo: request }) as McpServer;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized(id) {
        sessions.set(id, { server, transport, usedAt: Date.now() });
      },
      onsessionclosed: (id) => void sessions.delete(id),
      eventStore: keptMessages(),
      retryInterval: RETRY_MS,
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request, options);
    if (transport.sessionId === undefined) await server.close();
    return response;
  }

  return {
    async fetch(request, options) {
      const id = request.headers.get("mcp-session-id");
      if (id !== null) {
        const session = sessions.get(id);
        if (!session) {
          return answered(404, -32001, `Session not found: ${id} has ended; initialize another`);
        }
        session.usedAt = Date.now();
        sessions.delete(id);
        sessions.set(id, session);
        return await session.transport.handleRequest(request, options);
      }
      if (request.method !== "POST") {
        const reason =
          `Method not allowed: ${request.method} needs the Mcp-Session-Id of a session`;
        return answered(405, -32000, reason, { allow: "POST" });
      }
      return isInitialize(options.parsedBody)
        ? await open(request, options)
        : await withoutSession(request, options);
    },
    async close() {
      await Promise.all([...sessions.keys()].map(drop));
    },
  };
}

function isInitialize(body: unknown): boolean {
  return typeof body === "object" && body !== null && "method" in body &&
    body.method === "initialize";
}

interface KeptMessage {
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** The newest messages of a session, for a client that comes back after its connection broke. */
function keptMessages() {
  const kept: KeptMessage[] = [];
  let next = 0;
  let total = 0;
  return {
    storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
      const id = `${streamId}:${next++}`;
      const bytes = JSON.stringify(message).length;
      kept.push({ id, streamId, message, bytes });
      total += bytes;
      while (kept.length > MAX_KEPT || (total > MAX_KEPT_BYTES && kept.length > 1)) {
        total -= kept.shift()!.bytes;
      }
      return Promise.resolve(id);
    },
    getStreamIdForEventId(id: string): Promise<string | undefined> {
      const cut = id.lastIndexOf(":");
      return Promise.resolve(cut > 0 ? id.slice(0, cut) : undefined);
    },
    async replayEventsAfter(
      lastId: string,
      { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
    ): Promise<string> {
      const streamId = lastId.slice(0, lastId.lastIndexOf(":"));
      const after = Number(lastId.slice(lastId.lastIndexOf(":") + 1));
      for (const event of kept.filter((event) => event.streamId === streamId)) {
        const number = Number(event.id.slice(event.id.lastIndexOf(":") + 1));
        // An empty message only marks where a stream began.
        if (number > after && Object.keys(event.message).length > 0) {
          await send(event.id, event.message);
        }
      }
      return streamId;
    },
  };
}
