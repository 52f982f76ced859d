/** Clients hear of changes, over every kind of connection. */
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { openStore } from "../../experiments/store/store.ts";
import { shortConfig } from "../experiments/workspace.ts";
import { stdioCommand } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

const RUN = "textdiffusion://runs/image-0001";
const JOURNAL = "textdiffusion://journal";

interface Heard {
  readonly updated: string[];
  lists: number;
  readonly logged: string[];
}

/** A client of one era that writes down what it hears. */
function listener(mode: "legacy" | { pin: "2026-07-28" }): { client: Client; heard: Heard } {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  const heard: Heard = { updated: [], lists: 0, logged: [] };
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => {
    heard.updated.push(params.uri);
  });
  client.setNotificationHandler("notifications/resources/list_changed", () => {
    heard.lists++;
  });
  client.setNotificationHandler("notifications/message", ({ params }) => {
    heard.logged.push(`${params.level} ${params.logger}: ${params.data}`);
  });
  return { client, heard };
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What happens in the workspace, by another process as far as the server can tell. */
async function happenings(workspace: string, client: Client): Promise<void> {
  const store = openStore(workspace);
  const { ids } = store.runs.insert({
    configs: [shortConfig()],
    codeVersion: "test",
    label: null,
    sweep: null,
  });
  store.events.add("run-queued", ids[0]!, `${ids[0]} is queued`);
  store.runs.requestStop(ids[0]!);
  store.events.add("run-ended", ids[0]!, `${ids[0]} stopped`);
  store.close();
  await client.callTool({
    name: "write-journal",
    arguments: { title: "A change", hypothesis: "It is noticed" },
  });
}

const COMPLETE = (heard: Heard) =>
  heard.updated.includes(RUN) && heard.updated.includes(JOURNAL) && heard.lists > 0;

for (const transport of ["HTTP", "stdio"] as const) {
  Deno.test(`a 2025 client over ${transport} hears of what it subscribed to, and of longer lists`, () =>
    withLaboratory(async ({ lab, url }) => {
      const { client, heard } = listener("legacy");
      await client.connect(
        transport === "HTTP"
          ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`))
          : new StdioClientTransport(stdioCommand(lab.workspace, "--no-viewer")),
      );
      await client.subscribeResource({ uri: RUN });
      await client.subscribeResource({ uri: JOURNAL });
      await client.subscribeResource({ uri: "textdiffusion://runs" });
      await client.unsubscribeResource({ uri: "textdiffusion://runs" });
      await client.setLoggingLevel("notice");
      await happenings(lab.workspace, client);
      await until(() => COMPLETE(heard), () => JSON.stringify(heard));
      await until(() => heard.logged.length > 0, () => JSON.stringify(heard));
      assert.deepEqual([...new Set(heard.updated)].sort(), [JOURNAL, RUN]);
      assert.deepEqual(heard.logged, ["notice image-0001: image-0001 stopped"]);
      assert.ok(heard.lists <= 2, "lists are reported at most every few seconds");
      await client.close();
    }));

  Deno.test(`a 2026 client over ${transport} hears on its stream of what it listens to`, () =>
    withLaboratory(async ({ lab, url }) => {
      const { client, heard } = listener({ pin: "2026-07-28" });
      await client.connect(
        transport === "HTTP"
          ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`))
          : new StdioClientTransport(stdioCommand(lab.workspace, "--no-viewer")),
      );
      const subscription = await client.listen({
        resourcesListChanged: true,
        resourceSubscriptions: [RUN, JOURNAL],
      });
      await happenings(lab.workspace, client);
      await until(() => COMPLETE(heard), () => JSON.stringify(heard));
      assert.deepEqual([...new Set(heard.updated)].sort(), [JOURNAL, RUN]);
      assert.deepEqual(heard.logged, [], "a log is only sent where a request wants one");
      await subscription.close();
      await client.close();
    }));
}
