/** Clients that declare tasks hear on their stream how these stand, over both transports. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { openStore } from "../../experiments/store/store.ts";
import { changesOf, sendChanges } from "../../tools/changes.ts";
import { ClosingTransport } from "../../tools/cli/stdio.ts";
import { createMcpServer, tasksOf } from "../../tools/server.ts";
import { TaskNotices } from "../../tools/task_notices.ts";
import { shortConfig } from "../experiments/workspace.ts";
import { type Laboratory, withLaboratory } from "./laboratory.ts";

const REVISION = "2026-07-28";
const TASKS = "io.modelcontextprotocol/tasks";
const SWEEP = ["image-0001", "image-0002"];

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly error?: { readonly code: number; readonly data: unknown };
  readonly params?: {
    readonly notifications?: unknown;
    readonly taskId?: string;
    readonly status?: string;
    readonly pollIntervalMs?: number;
    readonly result?: { readonly content: readonly { readonly text: string }[] };
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

/** A request to listen to tasks. */
function listening(notifications: object, { declares = true } = {}) {
  return {
    jsonrpc: "2.0",
    id: 7,
    method: "subscriptions/listen",
    params: {
      notifications,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {
          extensions: declares ? { [TASKS]: {} } : {},
        },
      },
    },
  };
}

/** The messages that come after a request. */
type Listen = (request: object, laboratory: Laboratory) => AsyncGenerator<Message>;

const TRANSPORTS: Record<string, Listen> = {
  async *"HTTP"(request, { url }) {
    const response = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": REVISION,
        "mcp-method": "subscriptions/listen",
      },
      body: JSON.stringify(request),
    });
    if (!response.headers.get("content-type")!.startsWith("text/event-stream")) {
      assert.equal(response.status, 400);
      yield await response.json();
      return;
    }
    for await (const line of linesOf(response.body!.pipeThrough(new TextDecoderStream()))) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  },
  async *"stdio"(request, { lab }) {
    const tasks = tasksOf(lab, {});
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const transport = new ClosingTransport(new TaskNotices(tasks), stdin, stdout);
    const changes = changesOf(lab);
    const createServer = createMcpServer(lab, { tasks });
    serveStdio((context) => {
      const server = createServer(context);
      sendChanges(server, changes, context.era);
      return server;
    }, { transport });
    stdin.write(`${JSON.stringify(request)}\n`);
    try {
      for await (const line of linesOf(stdout)) yield JSON.parse(line);
    } finally {
      changes.close();
      await transport.close();
    }
  },
};

async function* linesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== "");
  }
}

for (const [transport, listen] of Object.entries(TRANSPORTS)) {
  Deno.test(`a client over ${transport} hears how its tasks stand, and of their end`, () =>
    withLaboratory(async (laboratory) => {
      const store = openStore(laboratory.lab.workspace);
      const configs = [shortConfig(), shortConfig({ seed: 1 })];
      const { ids } = store.runs.insert({ configs, codeVersion: "t", label: null, sweep: {} });
      assert.deepEqual(ids, SWEEP);
      const wanted = { taskIds: ["sweep-0001", "image-0001", "none"] };
      const messages = listen(listening(wanted), laboratory);
      const next = async () => (await messages.next()).value as Message;

      const { method, params } = await next();
      assert.equal(method, "notifications/subscriptions/acknowledged");
      assert.deepEqual(params!.notifications, { taskIds: ["sweep-0001", "image-0001"] });
      for (const taskId of ["sweep-0001", "image-0001"]) {
        const { method, params } = await next();
        assert.equal(method, "notifications/tasks");
        assert.deepEqual([params!.taskId, params!.status], [taskId, "working"]);
        assert.equal(params!._meta!["io.modelcontextprotocol/subscriptionId"], 7);
      }

      for (const id of ids) {
        store.runs.requestStop(id);
        store.events.add("run-ended", id, `${id} cancelled`);
      }
      store.close();
      const ended = new Set<string>();
      while (ended.size < 2) {
        const { method, params } = await next();
        assert.equal(method, "notifications/tasks", "image-0002 was not asked for");
        assert.equal(params!.status, "cancelled");
        assert.equal(params!.pollIntervalMs, 5000, "as tasks/get says it");
        ended.add(params!.taskId!);
      }
      assert.deepEqual(ended, new Set(wanted.taskIds.slice(0, 2)));
      await messages.return(undefined);
    }));

  Deno.test(`a client over ${transport} that declares no tasks may not listen to them`, () =>
    withLaboratory(async (laboratory) => {
      const request = listening({ taskIds: ["image-0001"] }, { declares: false });
      const messages = listen(request, laboratory);
      const { id, error } = (await messages.next()).value as Message;
      assert.deepEqual([id, error?.code], [7, -32021]);
      assert.deepEqual(error!.data, { requiredCapabilities: { extensions: { [TASKS]: {} } } });
      await messages.return(undefined);
    }));
}
