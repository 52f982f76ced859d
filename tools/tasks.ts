/**
 * The tasks extension of MCP (SEP-2663): work that outlives a request and is asked after by its id. It
 * has the form of the SDK's own extensions, so that the SDK's can take its place once it is released.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  isSpecType,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";

const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

const POLL_INTERVAL_MS = 5000;

/** A task as `tasks/get` shows it. */
export interface Task {
  readonly taskId: string;
  readonly status: "working" | "input_required" | "completed" | "failed" | "cancelled";
  readonly statusMessage?: string | undefined;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** Time for which the task is kept, in milliseconds; null if unlimited. */
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number | undefined;
  /** Only of a completed task: the result of the call. */
  readonly result?: CallToolResult | undefined;
  /** Only of a failed task: the error of the protocol. */
  readonly error?: { readonly code: number; readonly message: string } | undefined;
  /** Only of a task that waits for input: the unanswered requests. */
  readonly inputRequests?: Readonly<Record<string, unknown>> | undefined;
}

/** The store of tasks. It outlives the servers, of which there is one for each request over HTTP. */
export interface TaskStore {
  /** The task as it stands; undefined if there is none. */
  get(taskId: string): Promise<Task | undefined>;
  /** Hands in answers to what a task asked; unknown keys are left alone. */
  update(taskId: string, inputResponses: Readonly<Record<string, unknown>>): Promise<void>;
  /** Asks for a task's end; nothing happens to one that has ended. */
  cancel(taskId: string): Promise<void>;
}

const TaskRequest = z.looseObject({ taskId: z.string() });

/** Serves the tasks of one store on any number of servers. */
export class TasksExtension {
  readonly id = TASKS_EXTENSION;
  readonly #store: TaskStore;

  constructor(store: TaskStore) {
    this.#store = store;
  }

  /** Serves the tasks on a server that is not connected yet. */
  attach({ server }: McpServer): void {
    server.registerCapabilities({ extensions: { [TASKS_EXTENSION]: {} } });
    server.setRequestHandler("tasks/get", { params: TaskRequest }, async ({ taskId }, ctx) => {
      const task = await this.#found(taskId, ctx);
      return { resultType: "complete", ...task };
    });
    server.setRequestHandler("tasks/update", { params: TaskRequest }, async ({ taskId }, ctx) => {
      await this.#found(taskId, ctx);
      // The SDK takes the answers out of the parameters, as it does for calls of tools.
      await this.#store.update(taskId, { ...ctx.mcpReq.inputResponses });
      return { resultType: "complete" };
    });
    server.setRequestHandler("tasks/cancel", { params: TaskRequest }, async ({ taskId }, ctx) => {
      await this.#found(taskId, ctx);
      await this.#store.cancel(taskId);
      return { resultType: "complete" };
    });
  }

  /** Whether the client that made this request takes a task for an answer. */
  declaredBy(ctx: ServerContext): boolean {
    return declaresTasks(declaredCapabilities(ctx));
  }

  /** Returns a task as `tasks/get` and notifications show it; undefined if there is none. */
  async find(taskId: string): Promise<Task | undefined> {
    const task = await this.#store.get(taskId);
    return task && { ...task, pollIntervalMs: task.pollIntervalMs ?? POLL_INTERVAL_MS };
  }

  /**
   * The answer to a tool call that goes on as a task of the store.
   *
   * @throws {ProtocolError} If the client did not declare the extension.
   */
  async create(
    ctx: ServerContext,
    { taskId, content = [] }: {
      readonly taskId: string;
      readonly content?: CallToolResult["content"];
    },
  ): Promise<CallToolResult> {
    const { status, statusMessage, createdAt, lastUpdatedAt, ttlMs, pollIntervalMs } = await this
      .#found(taskId, ctx);
    return {
      resultType: "task",
      taskId,
      status,
      statusMessage,
      createdAt,
      lastUpdatedAt,
      ttlMs,
      pollIntervalMs,
      content,
    };
  }

  /** @throws {ProtocolError} If the client did not declare the extension, or there is no such task. */
  async #found(taskId: string, ctx: ServerContext): Promise<Task> {
    if (!this.declaredBy(ctx)) throw missingExtension();
    const task = await this.find(taskId);
    if (task) return task;
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `Invalid params: there is no task ${JSON.stringify(taskId)}`,
    );
  }
}

/** The capabilities that the client declared with this request, as clients do since the revision 2026-07-28. */
export function declaredCapabilities(ctx: ServerContext): ClientCapabilities {
  const envelope: Readonly<Record<string, unknown>> = ctx.mcpReq.envelope ?? {};
  const declared = envelope[CLIENT_CAPABILITIES_META_KEY];
  return isSpecType.ClientCapabilities(declared) ? declared as ClientCapabilities : {};
}

/** Whether a client's capabilities, as they were sent, have the extension. */
export function declaresTasks(capabilities: unknown): boolean {
  return isSpecType.ClientCapabilities(capabilities) &&
    (capabilities as ClientCapabilities).extensions?.[TASKS_EXTENSION] !== undefined;
}

/** The refusal of a client that cannot take a task for an answer. */
export function missingExtension(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError({
    requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
  });
}
