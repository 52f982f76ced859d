/**
 * Time from starting the server's process to its answer to `tools/list` over stdio, as a client that
 * knows the command sees it: the handshake of the 2025 protocol and the request are sent at once.
 */
import { fileURLToPath } from "node:url";

const RUNS = 9;
const MARK_MS = 300;

const PERMISSIONS = ["read", "write", "env", "net", "run", "sys", "ffi"];
const MESSAGES = [
  {
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "bench", version: "1" },
    },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list", params: {} },
].map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");

/** Milliseconds until the list of tools has arrived. */
async function timeToToolsList(workspace: string): Promise<number> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--config",
      here("../deno.json"),
      `--lock=${here("../deno.lock")}`,
      "--frozen",
      ...PERMISSIONS.map((name) => `--allow-${name}`),
      here("../main.ts"),
      "mcp",
      "--workspace",
      workspace,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(MESSAGES));
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/"tools":\[.*\n/.test(text)) break;
  }
  const elapsed = performance.now() - begin;
  await writer.close();
  await child.status;
  if (!text.includes('"tools":[')) throw new Error("The server ended without listing its tools");
  return elapsed;
}

if (import.meta.main) {
  const workspace = await Deno.makeTempDir();
  try {
    await timeToToolsList(workspace);
    const times: number[] = [];
    for (let i = 0; i < RUNS; i++) times.push(await timeToToolsList(workspace));
    times.sort((a, b) => a - b);
    const median = Math.round(times[(RUNS - 1) / 2]!);
    console.log(
      `tools/list over stdio, ${RUNS} starts after a first: ${
        times.map(Math.round).join(" ")
      } ms; ` +
        `median ${median} ms, mark ${MARK_MS} ms`,
    );
    console.log(JSON.stringify({ mcp_startup_ms: median, mcp_startup_vs_mark: median / MARK_MS }));
  } finally {
    await Deno.remove(workspace, { recursive: true });
  }
}
