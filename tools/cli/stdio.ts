/**
 * The connection over standard input and output. Every line is judged before the SDK reads it: what it
 * cannot read it drops, and a line that is too long would end it.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { type Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import { INVALID_REQUEST, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { misshapen, parsedMessage, type Refusal, refusal } from "../messages.ts";
import type { TaskNotices } from "../task_notices.ts";

/** What one message may hold, as over HTTP. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
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
    const lines = new JudgedLines({
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

/** What is done with lines. */
export interface Judgement {
  refuse(refused: Refusal): void;
  /** Returns a message as it is passed on, or why it is not. */
  receive(message: unknown): { readonly message: unknown } | Refusal;
}

/** Passes on the lines that are messages, and refuses the others. */
export class JudgedLines extends Transform {
  readonly #judgement: Judgement;
  readonly #limit: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(judgement: Judgement, limit = MAX_LINE_BYTES) {
    super();
    this.#judgement = judgement;
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
      this.#judgement.refuse(refusal(INVALID_REQUEST, `Invalid Request: ${words}`, idAtEdge(line)));
    } else if (line.trim() !== "") this.#judge(line);
  }

  #judge(line: string): void {
    const parsed = parsedMessage(line);
    if (!("message" in parsed)) return this.#judgement.refuse(parsed);
    const { message } = parsed;
    // Batches were in one revision only; their messages are answered one by one.
    const messages = Array.isArray(message) && message.length > 0 ? message : [message];
    for (const one of messages) {
      const refused = Array.isArray(one)
        ? refusal(INVALID_REQUEST, "Invalid Request: a batch stands within a batch")
        : misshapen(one);
      const received = refused ?? this.#judgement.receive(one);
      if ("message" in received) this.push(`${JSON.stringify(received.message)}\n`);
      else this.#judgement.refuse(received);
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
