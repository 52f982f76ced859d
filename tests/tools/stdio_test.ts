import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { queue, shortConfig, withStore } from "../experiments/workspace.ts";
import { currentClient, PERMISSIONS, stdioCommand, textOf } from "./clients.ts";

/** The mark is 300 ms on a quiet machine, which the benchmark measures; this only notices a slip. */
const GENEROUS_MS = 1500;

async function inWorkspace(use: (workspace: string) => Promise<void>) {
  const workspace = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  try {
    await use(workspace);
  } finally {
    await Deno.remove(workspace, { recursive: true });
  }
}

Deno.test("the server lists its tools over stdio soon after its start", async () => {
  const bench = fileURLToPath(new URL("../../bench/mcp_startup.ts", import.meta.url));
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...PERMISSIONS, bench],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  const lastLine = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  const { mcp_startup_ms } = JSON.parse(lastLine) as { mcp_startup_ms: number };
  assert.ok(mcp_startup_ms > 0 && mcp_startup_ms < GENEROUS_MS, `${mcp_startup_ms} ms`);
});

Deno.test("over stdio, stdout carries only the protocol, and closing stdin ends the server", () =>
  inWorkspace(async (workspace) => {
    const { command, args, env } = stdioCommand(workspace);
    const child = new Deno.Command(command, {
      args,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const calls = [
      ["inspect-run", {}],
      ["inspect-noise-schedule", { dataset: "made-up-digits" }],
      ["sample", { run: "latest" }],
      ["no-such-tool", {}],
    ].map(([name, args], i) => ({
      id: i + 2,
      method: "tools/call",
      params: { name, arguments: args },
    }));
    const messages = [
      {
        id: 1,
        method: "initialize",
        params: {
          protocolVersion: "2025-06-18",
          capabilities: {},
          clientInfo: { name: "t", version: "1" },
        },
      },
      { method: "notifications/initialized" },
      ...calls,
    ].map((message) => JSON.stringify({ jsonrpc: "2.0", ...message }));
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${messages.join("\n")}\nnot JSON\n`));
    const answered = new Map<number, unknown>();
    let rest = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (answered.size < calls.length + 1) {
      const { value, done } = await reader.read();
      assert.ok(!done, "the server ended early");
      rest += value;
      const lines = rest.split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const message = JSON.parse(line);
        assert.equal(message.jsonrpc, "2.0");
        if (typeof message.id === "number") answered.set(message.id, message);
      }
    }
    await writer.close();
    const { value } = await reader.read();
    assert.equal(value, undefined, "nothing after the last answer");
    const [status] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.equal(status.code, 0);
  }));

Deno.test("a server that starts takes up runs that were queued before", () =>
  withStore(async (store) => {
    const [id] = queue(store, shortConfig());
    const caller = await currentClient("modern", stdioCommand(store.workspace, "--no-viewer"));
    // Without waiting, since a server that waits for a run would see to a worker by itself.
    const status = async () => {
      const text = textOf(await caller.call("inspect-run", { run: id }));
      return /^- Status: (\w+)/m.exec(text)![1]!;
    };
    const deadline = Date.now() + 120_000;
    while (["queued", "running"].includes(await status()) && Date.now() < deadline);
    assert.equal(await status(), "finished");
    await caller.close();
  }));
