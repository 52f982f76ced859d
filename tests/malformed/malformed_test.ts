/**
 * Ten thousand malformed calls over stdio and a thousand malformed requests over HTTP: each is
 * answered, the answer names what is wrong, nothing crashes, and the memory comes back.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stdioCommand } from "../tools/clients.ts";
import { drawing, type ListedTool, malformed } from "./generator.ts";
import { removeFolder } from "../experiments/workspace.ts";

const CALLS = 10_000;
const REQUESTS = 1000;
const SEED = 7;
/** Messages on their way at once. */
const AT_ONCE = 50;
const MEMORY_BYTES = 50 * 1024 * 1024;
const PATIENCE_MS = 60_000;

interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

async function withProcess(
  command: "mcp" | "start",
  use: (child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  const { command: deno, args, env } = stdioCommand(join(folder, "workspace"), "--port", "0");
  const child = new Deno.Command(deno, {
    args: args.map((arg) => arg === "mcp" ? command : arg),
    env,
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    await use(child);
  } finally {
    child.kill();
    await child.status;
    await removeFolder(folder);
  }
}

/** What a process keeps in memory; null where the system does not tell. */
async function memoryOf({ pid }: Deno.ChildProcess): Promise<number | null> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** A connection that matches answers with what was sent. */
function conversation(child: Deno.ChildProcess) {
  const writer = child.stdin.getWriter();
  const waiting = new Map<string | number, (message: Message) => void>();
  const unnamed: ((message: Message) => void)[] = [];
  (async () => {
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const message = JSON.parse(line) as Message;
        if (message.method !== undefined) continue;
        const { id } = message;
        if (id === null || id === undefined) unnamed.shift()?.(message);
        else waiting.get(id)?.(message);
      }
    }
  })();
  return async (line: string, id: string | number | null): Promise<Message> => {
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    if (id === null) unnamed.push(resolve);
    else waiting.set(id, resolve);
    const timer = setTimeout(
      () => reject(new Error(`Unanswered: ${line.slice(0, 300)}`)),
      PATIENCE_MS,
    );
    await writer.write(new TextEncoder().encode(`${line}\n`));
    const message = await promise;
    clearTimeout(timer);
    if (id !== null) waiting.delete(id);
    return message;
  };
}

/** What an answer says is wrong. */
function saidIn({ result, error }: Message, line: string): string {
  if (error) return error.message;
  const { isError, content } = result as { isError?: boolean; content: { text: string }[] };
  assert.ok(isError, `${line.slice(0, 500)} was taken`);
  return content.map(({ text }) => text).join("\n");
}

Deno.test(`${CALLS} malformed calls over stdio are answered, and each answer names its field`, () =>
  withProcess("mcp", async (child) => {
    const send = conversation(child);
    const clientInfo = { name: "malformed", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    await send(JSON.stringify({ jsonrpc: "2.0", id: "i", method: "initialize", params }), "i");
    const listed = await send('{"jsonrpc":"2.0","id":"t","method":"tools/list"}', "t");
    const { tools } = listed.result as { tools: ListedTool[] };
    const draw = drawing(SEED);
    const unnamed: string[] = [];
    let drawn = 0;
    const work = async (count: number) => {
      while (drawn < count) {
        const { line, id, names } = malformed(draw, ++drawn, tools);
        const said = saidIn(await send(line, id), line);
        assert.ok(said.length > 0 && said.length < 20_000, `${said.length} characters`);
        if (names !== null && !said.includes(names)) {
          unnamed.push(`${line.slice(0, 200)} → ${said}`);
        }
      }
    };
    const several = (count: number) =>
      Promise.all(Array.from({ length: AT_ONCE }, () => work(count)));
    // What is loaded once is no leak.
    await several(CALLS / 10);
    const before = await memoryOf(child);
    await several(CALLS);
    const after = await memoryOf(child);
    assert.deepEqual(unnamed.slice(0, 10), [], `${unnamed.length} answers name no field`);
    const alive = await send('{"jsonrpc":"2.0","id":"ping","method":"ping"}', "ping");
    assert.deepEqual(alive.result, {});
    if (before !== null && after !== null) {
      assert.ok(after - before < MEMORY_BYTES, `${(after - before) / 2 ** 20} MB more`);
    }
  }));

Deno.test(`${REQUESTS} malformed requests over HTTP are answered, and none by an error of ours`, () =>
  withProcess("start", async (child) => {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("claude mcp add")) said += (await reader.read()).value ?? "";
    await reader.cancel();
    const base = /http:\S+(?=\/mcp)/.exec(said)![0];
    const draw = drawing(SEED);
    const tools = await listedOverHttp(base);
    const one = async (number: number) => {
      const { request, path } = malformedRequest(draw, base, number, tools);
      const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const text = await response.text();
      const about = `${request.method} ${path}: ${response.status} ${text.slice(0, 300)}`;
      assert.ok(response.status < 500, about);
      if (path !== "/mcp" || response.status < 400 || request.method === "HEAD") return;
      const { jsonrpc, error } = JSON.parse(text) as {
        jsonrpc: string;
        error: { message: string };
      };
      assert.equal(jsonrpc, "2.0", about);
      assert.ok(error.message.length > 5, about);
    };
    let drawn = 0;
    const several = async (count: number) => {
      await Promise.all(Array.from({ length: 10 }, async () => {
        while (drawn < count) await one(++drawn);
      }));
    };
    await several(REQUESTS / 5);
    const before = await memoryOf(child);
    await several(REQUESTS);
    await brokenConnections(new URL(base).port);
    const after = await memoryOf(child);
    assert.equal((await fetch(base)).status, 200);
    if (before !== null && after !== null) {
      assert.ok(after - before < MEMORY_BYTES, `${(after - before) / 2 ** 20} MB more`);
    }
  }));

async function listedOverHttp(base: string): Promise<ListedTool[]> {
  const response = await fetch(`${base}/mcp`, {
    method: "POST",
    headers: HEADERS,
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  const data = /^data: (.*)$/m.exec(await response.text())![1]!;
  return (JSON.parse(data) as { result: { tools: ListedTool[] } }).result.tools;
}

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

function malformedRequest(
  draw: ReturnType<typeof drawing>,
  base: string,
  number: number,
  tools: readonly ListedTool[],
): { request: Request; path: string } {
  const { pick, next } = draw;
  if (next() < 0.6) {
    const { line } = malformed(draw, number, tools);
    const headers: Record<string, string> = {
      ...HEADERS,
      ...(next() < 0.3 ? { "mcp-protocol-version": pick(["2026-07-28", "1999", "x", ""]) } : {}),
      ...(next() < 0.2 ? { "mcp-session-id": pick(["none", "x".repeat(500)]) } : {}),
      ...(next() < 0.1 ? { "content-type": pick(["text/plain", "", "application/x"]) } : {}),
      ...(next() < 0.1 ? { accept: pick(["text/html", "*/*", "x"]) } : {}),
      ...(next() < 0.1 ? { origin: pick(["null", "https://evil.example", "x"]) } : {}),
      ...(next() < 0.1 ? { "mcp-method": "tools/list", "mcp-name": "=?base64?!?=" } : {}),
    };
    return {
      request: new Request(`${base}/mcp`, { method: "POST", headers, body: line }),
      path: "/mcp",
    };
  }
  const method = pick(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]);
  const path = pick([
    ...["/mcp", "/runs/none", "/runs/%ff", "/runs/..%2f..%2fetc%2fpasswd", "/samples/none.png"],
    ...["/samples/x/film.json", "/samples/x/film-99999999999999999999.png", "/static/x/y.js"],
    ...["/compare?runs=none,none", "/?offset=-1", "/?offset=1e99", "/?status=none", "/?sweep=%00"],
    ...["/schedules?names=none", "/schedules?index=-1", "/schedules/none.png", "/journal/none"],
    ...["/journal?tag=%3Cscript%3E", `/${"x".repeat(5000)}`, "//", "/%", "/runs/%e0%a4%a"],
  ]);
  const headers = next() < 0.3 ? { accept: "text/event-stream" } : {};
  return { request: new Request(`${base}${path}`, { method, headers }), path };
}

/** What is no HTTP, or ends in the middle. */
async function brokenConnections(port: string): Promise<void> {
  const sent = [
    "nonsense\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
    "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
    "content-length: 1000\r\n\r\n{",
    "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n{}",
  ];
  for (const text of sent) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await connection.write(new TextEncoder().encode(text)).catch(() => {});
    connection.close();
  }
}
