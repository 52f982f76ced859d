/** What differs in an answer between revisions of the protocol. */
import assert from "node:assert/strict";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { createMcpServer } from "../../tools/server.ts";
import { withTrainedLab } from "../experiments/workspace.ts";

interface Result {
  readonly protocolVersion?: string;
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
}

Deno.test("an answer has no link to a resource before the revision that knows them", () =>
  withTrainedLab(async (lab) => {
    const types: Record<string, string[]> = {};
    for (const revision of ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]) {
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      const server = createMcpServer(lab)();
      await server.connect(theirs);
      const ask = (id: number, method: string, params: Record<string, unknown>) =>
        new Promise<Result>((resolve, reject) => {
          ours.onmessage = (message) => {
            if (!("id" in message) || message.id !== id) return;
            if ("result" in message) resolve(message.result as Result);
            else reject(new Error(JSON.stringify(message)));
          };
          ours.send({ jsonrpc: "2.0", id, method, params });
        });
      await ours.start();
      const { protocolVersion } = await ask(1, "initialize", {
        protocolVersion: revision,
        capabilities: {},
        clientInfo: { name: "test", version: "1" },
      });
      assert.equal(protocolVersion, revision);
      await ours.send({ jsonrpc: "2.0", method: "notifications/initialized" });
      const { content } = await ask(2, "tools/call", {
        name: "sample",
        arguments: { run: "latest", count: 1, steps: 1 },
      });
      types[revision] = content!.map(({ type }) => type);
      assert.match(content![0]!.text!, /resource textdiffusion:\/\/samples\/\S+, file \S+\.png$/m);
      await server.close();
    }
    assert.deepEqual(types, {
      "2024-11-05": ["text", "image"],
      "2025-03-26": ["text", "image"],
      "2025-06-18": ["text", "image", "resource_link"],
      "2025-11-25": ["text", "image", "resource_link"],
    });
  }));

Deno.test("over HTTP a request without the header of later revisions is one of an earlier", () =>
  withTrainedLab(async (lab) => {
    const { createHttpApp } = await import("../../tools/http.ts");
    const { accessTo } = await import("../../tools/access.ts");
    const app = createHttpApp(lab, {
      viewerUrl: "http://127.0.0.1:1",
      access: accessTo({ host: "127.0.0.1", workspace: lab.workspace }),
      openViewer: () => Promise.reject(new Error("no page is asked for")),
    });
    const linked = async (headers: Record<string, string>) => {
      const response = await app.fetch(
        new Request("http://127.0.0.1:1/mcp", {
          method: "POST",
          headers: {
            host: "127.0.0.1:1",
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            ...headers,
          },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: { name: "sample", arguments: { run: "latest", count: 1, steps: 1 } },
          }),
        }),
      );
      const text = await response.text();
      assert.ok(text.includes('"type":"image"'), text.slice(0, 500));
      return text.includes('"type":"resource_link"');
    };
    assert.equal(await linked({}), false);
    assert.equal(await linked({ "mcp-protocol-version": "2025-03-26" }), false);
    assert.equal(await linked({ "mcp-protocol-version": "2025-11-25" }), true);
  }));
