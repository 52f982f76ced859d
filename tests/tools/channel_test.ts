import assert from "node:assert/strict";
import { InMemoryTransport, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { openLab } from "../../experiments/mod.ts";
import { noticeChannel } from "../../tools/changes.ts";
import { createMcpServer } from "../../tools/server.ts";
import { finishedRun, shortConfig, withStore } from "../experiments/workspace.ts";

/** Connects a client of this name to a server, ends a run, and returns what the server sent. */
async function messagesTo(name: string): Promise<JSONRPCMessage[]> {
  const messages: JSONRPCMessage[] = [];
  await withStore(async (store) => {
    const lab = openLab({ workspace: store.workspace });
    const server = createMcpServer(lab, { extensions: [noticeChannel(lab)] })();
    const [client, ours] = InMemoryTransport.createLinkedPair();
    const answered = Promise.withResolvers<void>();
    client.onmessage = (message) => {
      messages.push(message);
      answered.resolve();
    };
    await Promise.all([server.connect(ours), client.start()]);
    const params = { protocolVersion: "2025-06-18", capabilities: {} };
    const clientInfo = { name, version: "1" };
    const initialize = { method: "initialize", params: { ...params, clientInfo } };
    await client.send({ jsonrpc: "2.0", id: 1, ...initialize });
    await answered.promise;
    await client.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    const id = finishedRun(store, shortConfig(), 0.1);
    store.events.add("run-ended", id, `${id} finished`);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await client.close();
    lab.close();
  });
  return messages;
}

Deno.test("Claude Code's channel carries notices, and no other client gets them", async () => {
  const [[initialized, sent], others] = await Promise.all([
    messagesTo("claude-code"),
    messagesTo("another-client"),
  ]);
  assert.ok(initialized && "result" in initialized && sent && "method" in sent);
  const { capabilities } = initialized.result as { capabilities: Record<string, unknown> };
  assert.deepEqual(capabilities.experimental, { "claude/channel": {} });
  assert.equal(sent.method, "notifications/claude/channel");
  const { content, meta } = sent.params as { content: string; meta: unknown };
  assert.match(content, /^image-0001 is finished at step 12 of 12/);
  assert.deepEqual(meta, { event: "1", kind: "run-ended", run: "image-0001" });
  assert.equal(others.length, 1);
});
