/**
 * A model that says what a script tells it to, behind the HTTP API of a real one on the loopback
 * address. It keeps what the client put before it.
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ApiRequest, ListedTool, ModelApi, NamedCall, ToolResult } from "./model_apis/mod.ts";

/** What the model hears before a turn. */
export interface Heard {
  readonly tools: readonly ListedTool[];
  /** Results of the calls of its last turn, in their order; undefined where none arrived. */
  readonly results: readonly (ToolResult | undefined)[];
}

/** Says what the model calls next; nothing once it is done. */
export type Script = (heard: Heard) => Promise<readonly NamedCall[]>;

/** One request to go on with the talk. */
export interface Asked {
  /** Milliseconds since the model was started. */
  readonly after: number;
  readonly tools: readonly ListedTool[];
  readonly body: string;
}

export interface ScriptedModel {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** Starts a model that plays a script, a turn for each request that goes on with the talk. */
export function startModel(api: ModelApi, script: Script): ScriptedModel {
  const started = performance.now();
  const asked: Asked[] = [];
  let expected: readonly string[] = [];

  async function handle(request: Request): Promise<Response> {
    const received = await unpack(request);
    if (!api.asksModel(received)) return Response.json(api.other(received));
    const question = api.read(received);
    if (question.aside) return question.reply({ id: "aside", calls: [], text: "Scripted" });
    const { tools } = question;
    asked.push({ after: performance.now() - started, tools, body: received.body });
    const results = expected.map((id) => question.results.find((result) => result.id === id));
    const calls = (await script({ tools, results })).map((call, i) => ({
      ...call,
      id: `call_${asked.length}_${i}`,
    }));
    expected = calls.map((call) => call.id);
    const id = `turn_${asked.length}`;
    return question.reply({ id, calls, text: "Done" });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked,
    close: () => server.shutdown(),
  };
}

async function unpack(request: Request): Promise<ApiRequest> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const encoding = request.headers.get("content-encoding");
  const plain = encoding === "gzip"
    ? gunzipSync(bytes)
    : encoding === "zstd"
    ? zstdDecompressSync(bytes)
    : bytes;
  const { method, url } = request;
  return { method, path: new URL(url).pathname, body: new TextDecoder().decode(plain) };
}
