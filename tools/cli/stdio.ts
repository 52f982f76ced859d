/**
 * MCP over standard input and output. Every line is checked before the SDK reads it: the SDK drops what it
 * cannot read, and a line that is too long would end the connection.
 */
import { z } from "zod";
import {
  DEFAULT_MAX_REQUEST_BODY_SIZE,
  INVALID_REQUEST,
  type JSONRPCMessage,
  type McpServerFactory,
} from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { changesOf, noticeChannel, sendChanges } from "../changes.ts";
import { createMcpServer, tasksOf } from "../server.ts";
import { TaskNotices } from "../task_notices.ts";
import {
  commonOptions,
  dataRootsOf,
  defineCommand,
  labOf,
  listenFields,
  resumeQueue,
} from "./command.ts";
import { viewerOf } from "./viewer.ts";
import { Buffer } from "node:buffer";
import process from "node:process";
import { type Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import { malformed, parsedMessage, type Refusal, refusal } from "../messages.ts";

/**
 * MCP over stdio until the client closes it. Standard output carries the protocol and nothing else,
 * so what libraries print goes to standard error.
 */
export const mcpCommand = defineCommand({
  schema: z.strictObject({
    viewer: listenFields.viewer,
    host: listenFields.host,
    port: listenFields.port.optional().describe(
      "Port of the viewer; 0 takes a free one (default: the workspace's last one, or the next free one)",
    ),
    allow_host: listenFields.allow_host,
    token: listenFields.token,
    data_root: listenFields.data_root,
    ...commonOptions,
  }),
  async run(
    { viewer: withViewer, host, port, allow_host: allowHost, token, data_root, ...common },
    wiring,
  ) {
    console.log = console.info = console.debug = console.error;
    const lab = labOf(common);
    const dataRoots = dataRootsOf(data_root);
    const options = { host, port, allowHost, token, lasting: false, dataRoots };
    const viewer = withViewer ? await viewerOf(lab, options, wiring) : null;
    if (viewer?.access.isNew) {
      console.error(`The viewer wants this token: ${viewer.url}/?token=${viewer.access.token}`);
    }
    const changes = changesOf(lab);
    const viewerUrl = viewer?.url ?? null;
    const tasks = tasksOf(lab, { viewerUrl });
    const transport = new ClosingTransport(new TaskNotices(tasks));
    const createServer = createMcpServer(lab, {
      viewerUrl,
      viewerEnds: () => viewer !== null && !viewer.outlives(),
      dataRoots,
      extensions: [noticeChannel(lab)],
      tasks,
    });
    const factory: McpServerFactory = (context) => {
      const server = createServer(context);
      sendChanges(server, changes, context.era);
      return server;
    };
    serveStdio(factory, {
      transport,
      onerror: (error) => console.error(`MCP: ${error.message}`),
    });
    resumeQueue(lab);
    // The viewer is not waited for: a page that is open keeps its connection for as long as it likes.
    await transport.closed.promise;
    changes.close();
    lab.close();
    return 0;
  },
});

/** Largest size of a message, the same as over HTTP. */
const MAX_LINE_BYTES = DEFAULT_MAX_REQUEST_BODY_SIZE;
const NEWLINE = 0x0a;
/** Bytes at either end of a line too long to be read, in which its id may stand. */
const EDGE_BYTES = 300;

/** A transport that says when the client is gone. */
export class ClosingTransport extends StdioServerTransport {
  readonly closed = Promise.withResolvers<void>();

  readonly #notices: TaskNotices;

  constructor(
    notices: TaskNotices,
    stdin: Readable = process.stdin,
    stdout: Writable = process.stdout,
  ) {
    const lines = new CheckedLines({
      refuse: (refused) => stdout.write(`${JSON.stringify(refused)}\n`),
      receive: (message) => notices.received(message),
    });
    stdin.on("error", () => lines.end());
    super(stdin.pipe(lines), stdout, { maxBufferSize: 4 * MAX_LINE_BYTES });
    this.#notices = notices;
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    for (const one of await this.#notices.sent(message)) await super.send(one);
  }

  override async close(): Promise<void> {
    await super.close();
    this.closed.resolve();
  }
}

/** The handlers of refused and accepted lines. */
interface LineHandlers {
  refuse(refused: Refusal): void;
  /** Returns a message as it is passed on, or why it is not. */
  receive(message: unknown): { readonly message: unknown } | Refusal;
}

/** Passes on the lines that are messages, and refuses the others. */
export class CheckedLines extends Transform {
  readonly #handlers: LineHandlers;
  readonly #limit: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(handlers: LineHandlers, limit = MAX_LINE_BYTES) {
    super();
    this.#handlers = handlers;
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      this.#add(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#bytes > 0) this.#endLine();
    done();
  }

  #add(part: Buffer): void {
    const before = this.#bytes;
    this.#bytes += part.length;
    if (this.#bytes <= this.#limit) {
      this.#parts.push(part);
      return;
    }
    // Of a line that is too long only its ends are kept.
    if (before <= this.#limit) {
      const line = Buffer.concat([...this.#parts, part]);
      this.#parts = [edge(line, "first"), edge(line, "last")];
    } else {
      const [first, last] = this.#parts as [Buffer, Buffer];
      this.#parts = [first, edge(Buffer.concat([last, part]), "last")];
    }
  }

  #endLine(): void {
    const [parts, bytes] = [this.#parts, this.#bytes];
    this.#parts = [];
    this.#bytes = 0;
    const line = Buffer.concat(parts).toString("utf8");
    if (bytes > this.#limit) {
      const words = `The message is ${bytes} bytes long, but may have ${this.#limit}`;
      this.#handlers.refuse(refusal(INVALID_REQUEST, `Invalid Request: ${words}`, idAtEdge(line)));
    } else if (line.trim() !== "") this.#check(line);
  }

  #check(line: string): void {
    const parsed = parsedMessage(line);
    if (!("message" in parsed)) return this.#handlers.refuse(parsed);
    const { message } = parsed;
    // Batches were in one revision only; their messages are answered one by one.
    const messages = Array.isArray(message) && message.length > 0 ? message : [message];
    for (const one of messages) {
      const refused = Array.isArray(one)
        ? refusal(INVALID_REQUEST, "Invalid Request: a batch stands within a batch")
        : malformed(one);
      const received = refused ?? this.#handlers.receive(one);
      if ("message" in received) this.push(`${JSON.stringify(received.message)}\n`);
      else this.#handlers.refuse(received);
    }
  }
}

function edge(bytes: Buffer, which: "first" | "last"): Buffer {
  return Buffer.from(
    which === "first" ? bytes.subarray(0, EDGE_BYTES) : bytes.subarray(-EDGE_BYTES),
  );
}

/** The id of a message of which only the ends are known, where it stands at one of them. */
function idAtEdge(line: string): unknown {
  const id =
    /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+|"[^"\\]*")\s*[,}]/.exec(line) ??
      /,\s*"id"\s*:\s*(\d+|"[^"\\]*")\s*\}\s*$/.exec(line);
  return id ? JSON.parse(id[1]!) : null;
}
