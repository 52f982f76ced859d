/** Trainings as tasks of the protocol, for clients that declare the extension. */
import assert from "node:assert/strict";
import { openStore } from "../../experiments/store/store.ts";
import { finishedRun, shortConfig } from "../experiments/workspace.ts";
import { withLaboratory } from "./laboratory.ts";

const REVISION = "2026-07-28";
const TASKS = "io.modelcontextprotocol/tasks";

interface Result {
  readonly resultType?: string;
  readonly taskId?: string;
  readonly status?: string;
  readonly ttlMs?: number | null;
  readonly content?: readonly { readonly text: string }[];
  readonly result?: { readonly content: readonly { readonly text: string }[] };
}

/** One request of a client that takes tasks, or does not. */
async function send(
  url: string,
  method: string,
  params: Record<string, unknown>,
  { declares = true } = {},
): Promise<{ result?: Result; error?: { code: number; message: string } }> {
  const name = params.name ?? params.taskId;
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": REVISION,
      "mcp-method": method,
      "mcp-name": String(name),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": REVISION,
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {
            extensions: declares ? { [TASKS]: {} } : {},
          },
        },
      },
    }),
  });
  return await response.json();
}

const LONG = {
  name: "train",
  arguments: {
    preset: "mnist-tiny",
    overrides: { dataset: "made-up-digits", steps: 100_000 },
    wait_seconds: 1,
  },
};

Deno.test("a training is a task under its run's id, which can be asked after and cancelled", () =>
  withLaboratory(async ({ lab, url }) => {
    const { result: created } = await send(url, "tools/call", LONG);
    assert.equal(created?.resultType, "task");
    assert.equal(created.taskId, "image-0001");
    assert.equal(created.ttlMs, null);
    assert.match(created.content![0]!.text, /^Run image-0001: queued/);
    const working = await send(url, "tasks/get", { taskId: "image-0001" });
    assert.equal(working.result?.status, "working");
    assert.deepEqual(
      (await send(url, "tasks/cancel", { taskId: "image-0001" })).result?.resultType,
      "complete",
    );
    await lab.watch(["image-0001"], { timeoutSeconds: 90 });
    const cancelled = await send(url, "tasks/get", { taskId: "image-0001" });
    assert.equal(cancelled.result?.status, "cancelled");
  }));

Deno.test("a task that has ended holds what the call would have answered, whoever asks when", () =>
  withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    const id = finishedRun(store, shortConfig(), 0.2);
    store.close();
    const { result } = await send(url, "tasks/get", { taskId: id });
    assert.equal(result?.status, "completed");
    assert.match(result.result!.content[0]!.text, new RegExp(`^Run ${id}: finished`));
    for (const taskId of ["latest", "image", "none"]) {
      const { error } = await send(url, "tasks/get", { taskId });
      assert.equal(error?.code, -32602);
      assert.match(error.message, /there is no task/);
    }
  }));

Deno.test("a client that declares no tasks gets none, and may not ask after them", () =>
  withLaboratory(async ({ lab, url }) => {
    const { result } = await send(url, "tools/call", LONG, { declares: false });
    assert.equal(result?.resultType, "complete");
    const { error } = await send(url, "tasks/get", { taskId: "image-0001" }, { declares: false });
    assert.equal(error?.code, -32021);
    const later = { ...LONG, arguments: { ...LONG.arguments, wait_seconds: 0 } };
    assert.equal((await send(url, "tools/call", later)).result?.resultType, "complete");
    lab.stop("all");
  }));
