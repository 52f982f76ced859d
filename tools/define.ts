/** The definition of tools: registration, validation of arguments, and progress notifications. */
import {
  type CallToolResult,
  type ClientCapabilities,
  type InputRequiredResult,
  isInputRequiredResult,
  type McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import type { z } from "zod";
import { parseWith } from "../engine/host/mod.ts";
import type { JobProgress, Lab } from "../experiments/mod.ts";
import type { Journal } from "../journal/mod.ts";
import { normalizeArguments, type PlainSchema, publishedSchema } from "./arguments.ts";
import { errorResult } from "./answer.ts";
import type { Links } from "./links.ts";
import { clientKey, type RunsByClient } from "./runs_by_client.ts";
import { declaredCapabilities, type TasksExtension } from "./tasks.ts";

/** The objects that tools, resources and prompts share. */
export interface ToolContext {
  readonly lab: Lab;
  /** Loaded on first use, because it brings a YAML parser. */
  readonly journal: () => Promise<Journal>;
  readonly links: Links;
  readonly tasks: TasksExtension;
  /** Whether the viewer ends with this process. */
  readonly viewerEnds: () => boolean;
  /** Folders from which data may be read, beside the workspace. */
  readonly dataRoots: readonly string[];
  readonly runsByClient: RunsByClient;
}

/** One call of a tool. */
export interface Call extends ToolContext {
  readonly progress: Progress;
  /** Aborts when the client gives up or goes away. It ends our waiting, never a training. */
  readonly signal: AbortSignal;
  /** The request itself, as the SDK hands it over. */
  readonly request: ServerContext;
  /** The capabilities of the client. */
  readonly client: ClientCapabilities;
  /** Tells that the client has started these runs, or goes on with them. */
  started(ids: readonly string[]): void;
}

export interface ToolDefinition<Input extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly annotations: typeof READING;
  /** Works only with runs that have a checkpoint. */
  readonly needsWeights?: true | undefined;
  run(input: z.output<Input>, call: Call): Promise<CallToolResult | InputRequiredResult>;
}

/**
 * Of a tool that only looks. No tool has an open world: data sets come by name from fixed, checksummed places, and
 * nothing else is fetched.
 */
export const READING = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
/** Of a tool that adds to the workspace; it destroys nothing. */
export const ADDING = { ...READING, readOnlyHint: false, idempotentHint: false };

/** Keeps the input's type between a tool's schema and its function. */
export function defineTool<Input extends z.ZodType>(
  tool: ToolDefinition<Input>,
): ToolDefinition<Input> {
  return tool;
}

/** Registers a tool whose every failure is an answer that the assistant can act on. */
export function registerTool<Input extends z.ZodType>(
  server: McpServer,
  tool: ToolDefinition<Input>,
  toolContext: ToolContext,
): void {
  const { name, title, description, input, annotations, needsWeights = false } = tool;
  const { runsByClient } = toolContext;
  const config = { title, description, inputSchema: published(input), annotations };
  server.registerTool(name, config, async (args, context) => {
    const progress = progressOf(context);
    try {
      const { signal } = context.mcpReq;
      const key = clientKey(server, context);
      const request = parseWith(input, normalizeArguments(input, args));
      const answer = await tool.run(runsByClient.resolveLatest(key, request, needsWeights), {
        ...toolContext,
        progress,
        signal,
        request: context,
        client: clientOf(server, context),
        started: (ids) => runsByClient.add(key, ids),
      });
      if (isInputRequiredResult(answer)) return answer;
      return answerForRevision(
        withViewerLifetime(answer, server, toolContext),
        revisionOf(server, context),
      );
    } catch (error) {
      return errorResult(name, error);
    } finally {
      progress.close();
    }
  });
}

/** Schemas as they are published; every call asks for that of its tool. */
const converted = new WeakMap<z.ZodType, PlainSchema>();

/**
 * The schema as it is advertised, without the SDK's own check in front of ours, whose messages do
 * not say what would have been right.
 */
function published(schema: z.ZodType): StandardSchemaWithJSON<unknown, unknown> {
  const standard = (schema as unknown as StandardSchemaWithJSON)["~standard"];
  const advertised = () => {
    if (!converted.has(schema)) converted.set(schema, publishedSchema(schema));
    return { ...converted.get(schema)! };
  };
  return {
    "~standard": {
      ...standard,
      jsonSchema: { input: advertised, output: advertised },
      validate: (value: unknown) => ({ value }),
    },
  };
}

/** The capabilities that the client declared with the request or at initialisation. */
function clientOf({ server }: McpServer, context: ServerContext): ClientCapabilities {
  return context.mcpReq.envelope === undefined
    ? server.getClientCapabilities() ?? {}
    : declaredCapabilities(context);
}

/** The revision that knows links to resources in an answer. */
const LINKS_SINCE = "2025-06-18";

/** The protocol's revision that a call is made in. */
function revisionOf(server: McpServer, context: ServerContext): string {
  // A request over HTTP without a session names it in a header, and only since that very revision.
  return server.server.getNegotiatedProtocolVersion() ??
    context.http?.req?.headers.get("mcp-protocol-version") ?? "2025-03-26";
}

/** An answer without what a client of this revision would refuse the whole of it for. */
function answerForRevision(answer: CallToolResult, revision: string): CallToolResult {
  if (revision >= LINKS_SINCE) return answer;
  return { ...answer, content: answer.content.filter(({ type }) => type !== "resource_link") };
}

/** Servers whose client was told that the pages end with it. */
const told = new WeakSet<McpServer>();

/** The answer, which says once to each client how long its link is good for. */
function withViewerLifetime(
  answer: CallToolResult,
  server: McpServer,
  { viewerEnds }: ToolContext,
): CallToolResult {
  const [first, ...rest] = answer.content;
  if (first?.type !== "text" || !/\nShow the person: \S+$/.test(first.text)) return answer;
  if (told.has(server) || !viewerEnds()) return answer;
  told.add(server);
  const text = `${first.text} (the pages end with this client; \`deno task start\` keeps them up)`;
  return { ...answer, content: [{ ...first, text }, ...rest] };
}

/** Progress notifications of one call; nothing is sent where the client did not ask for them. */
export interface Progress {
  /** Sends a notification, at most twice a second; of several within that time the last one. */
  report(progress: JobProgress): void;
  /** Ends the repetition of the last message. */
  close(): void;
}

/** Clients give up on a call that is silent for long, so the last message is repeated this often. */
const REPEAT_MS = 9_000;
/** Every message may cost the client a redrawing: further ones wait for so long after the last. */
const APART_MS = 500;

/** The progress of a call, by the token its request carries. */
export function progressOf(context: ServerContext): Progress {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { report: () => {}, close: () => {} };
  let sent = { value: -1, at: -Infinity };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const send = ({ done, total, message }: JobProgress) => {
    // The protocol wants every value above the one before, also where nothing moved.
    const progress = done > sent.value ? done : sent.value + 1e-3;
    sent = { value: progress, at: performance.now() };
    context.mcpReq.notify({
      method: "notifications/progress",
      params: { progressToken, progress, total: Math.max(total, progress), message },
    }).catch(() => {
      // The client is gone; the call's own answer will meet the same fate.
    });
    timer = setTimeout(() => send({ done, total, message }), REPEAT_MS);
  };
  return {
    report(progress) {
      if (closed) return;
      clearTimeout(timer);
      const wait = sent.at + APART_MS - performance.now();
      if (wait <= 0) send(progress);
      else timer = setTimeout(() => send(progress), wait);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
