/** The tasks that the official conformance suite expects: they end, fail, wait for input, and stop. */
import {
  acceptedContent,
  type CallToolResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import {
  missingExtension,
  type Task,
  type TasksExtension,
  type TaskStore,
} from "../../tools/tasks.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Kept {
  readonly task: Mutable<Task>;
  readonly answers: Record<string, unknown>;
  readonly stop: AbortController;
  resume: () => void;
}

/** What the work of a task is given. */
interface Work {
  readonly signal: AbortSignal;
  /** Waits until the client has answered all of these requests. */
  ask(requests: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
}

/** Tasks in memory, for as long as the tests last; those of the laboratory's runs are found behind. */
export class MemoryTasks implements TaskStore {
  readonly #kept = new Map<string, Kept>();
  readonly #behind: TaskStore;

  constructor(behind: TaskStore) {
    this.#behind = behind;
  }

  /** Begins a task. @returns Its id. */
  start(work: (work: Work) => Promise<CallToolResult>): string {
    const taskId = crypto.randomUUID();
    const now = new Date().toISOString();
    const kept: Kept = {
      task: {
        taskId,
        status: "working",
        createdAt: now,
        lastUpdatedAt: now,
        ttlMs: 600_000,
        pollIntervalMs: 200,
      },
      answers: {},
      stop: new AbortController(),
      resume: () => {},
    };
    this.#kept.set(taskId, kept);
    const become = (change: Partial<Task>) => {
      if (ENDED.includes(kept.task.status)) return;
      Object.assign(kept.task, change, { lastUpdatedAt: new Date().toISOString() });
    };
    kept.stop.signal.addEventListener("abort", () => become({ status: "cancelled" }));
    work({
      signal: kept.stop.signal,
      async ask(requests) {
        const { promise, resolve } = Promise.withResolvers<void>();
        kept.resume = resolve;
        become({ status: "input_required", inputRequests: requests });
        await promise;
        kept.task.inputRequests = undefined;
        become({ status: "working" });
        return kept.answers;
      },
    }).then(
      (result) => become({ status: "completed", result }),
      (error) => become({ status: "failed", error: { code: -32603, message: String(error) } }),
    );
    return taskId;
  }

  async get(taskId: string): Promise<Task | undefined> {
    return this.#kept.get(taskId)?.task ?? await this.#behind.get(taskId);
  }

  async update(taskId: string, responses: Readonly<Record<string, unknown>>): Promise<void> {
    const kept = this.#kept.get(taskId);
    if (!kept) return await this.#behind.update(taskId, responses);
    const open = { ...kept.task.inputRequests };
    for (const [key, answer] of Object.entries(responses)) {
      if (!Object.hasOwn(open, key)) continue;
      kept.answers[key] = answer;
      delete open[key];
    }
    kept.task.inputRequests = open;
    if (kept.task.status === "input_required" && Object.keys(open).length === 0) {
      kept.resume();
      // The work goes on before the client hears that its answer has arrived.
      await Promise.resolve();
    }
  }

  async cancel(taskId: string): Promise<void> {
    const kept = this.#kept.get(taskId);
    if (!kept) return await this.#behind.cancel(taskId);
    kept.stop.abort();
  }
}

const ENDED: readonly string[] = ["completed", "failed", "cancelled"];

const text = (value: string): CallToolResult => ({ content: [{ type: "text", text: value }] });

/** Attaches the tools whose calls become tasks. */
export function attachTaskFixtures(
  server: McpServer,
  store: MemoryTasks,
  tasks: TasksExtension,
): void {
  const tool = <Shape extends z.ZodRawShape>(
    name: string,
    shape: Shape,
    work: (given: z.output<z.ZodObject<Shape>>, work: Work) => Promise<CallToolResult>,
  ) =>
    server.registerTool(
      name,
      { description: `Fixture ${name}`, inputSchema: z.object(shape) },
      async (given, ctx) => {
        const values = given as z.output<z.ZodObject<Shape>>;
        if (!tasks.declaredBy(ctx)) {
          const alone = { signal: ctx.mcpReq.signal, ask: () => Promise.resolve({}) };
          return await work(values, alone);
        }
        return await tasks.create(ctx, { taskId: store.start((w) => work(values, w)) });
      },
    );
  server.registerTool(
    "greet",
    { description: "Fixture that answers at once", inputSchema: z.object({ name: z.string() }) },
    ({ name }) => text(`Hello, ${name}!`),
  );
  tool(
    "slow_compute",
    { seconds: z.number(), label: z.string().optional() },
    async ({ seconds, label }, { signal }) => {
      await sleep(seconds * 1000, signal);
      return text(`Computed ${label ?? ""}`);
    },
  );
  tool("failing_job", {}, async (_given, { signal }) => {
    await sleep(1000, signal);
    return { ...text("This job fails"), isError: true };
  });
  tool("protocol_error_job", {}, async (_given, { signal }) => {
    await sleep(100, signal);
    throw new Error("The server broke");
  });
  const confirm = (message: string) =>
    inputRequired.elicit({ message, requestedSchema: z.object({ confirm: z.boolean() }) });
  tool("confirm_delete", { filename: z.string() }, async ({ filename }, { ask }) => {
    await ask({ confirm: confirm(`Delete ${filename}?`) });
    return text(`Deleted ${filename}`);
  });
  tool("multi_input", {}, async (_given, { ask }) => {
    const answers = await ask({ first: confirm("First?"), second: confirm("Second?") });
    return text(`Answered: ${Object.keys(answers).join(", ")}`);
  });
  server.registerTool(
    "test_tool_with_task",
    { description: "Fixture that asks, then goes on as a task", inputSchema: z.object({}) },
    async (_given, ctx) => {
      const NAME = z.object({ name: z.string() });
      const answer = acceptedContent(ctx.mcpReq.inputResponses, "user_name", NAME);
      if (answer) {
        const taskId = store.start(() => Promise.resolve(text(`Hello, ${answer.name}!`)));
        return await tasks.create(ctx, { taskId });
      }
      return inputRequired({
        inputRequests: {
          user_name: inputRequired.elicit({ message: "Your name?", requestedSchema: NAME }),
        },
      });
    },
  );
  requireTasks(server, ["failing_job"], tasks);
}

/**
 * Refuses calls of tools that only exist as tasks to a client without the extension. The SDK's own
 * handler turns what a tool throws into a result, so the refusal stands in front of it.
 */
function requireTasks(
  { server }: McpServer,
  names: readonly string[],
  tasks: TasksExtension,
): void {
  type Handler = (request: { params?: object }, ctx: ServerContext) => Promise<unknown>;
  const handlers = Reflect.get(server, "_requestHandlers") as Map<string, Handler>;
  const call = handlers.get("tools/call")!;
  handlers.set("tools/call", (request, ctx) => {
    const name = Object(request.params).name as unknown;
    if (names.includes(String(name)) && !tasks.declaredBy(ctx)) {
      return Promise.reject(missingExtension());
    }
    return call(request, ctx);
  });
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
