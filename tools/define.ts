/** What every tool has in common: its declaration, its checked arguments, its answers and errors. */
import { Buffer } from "node:buffer";
import type {
  CallToolResult,
  ImageContent,
  McpServer,
  ServerContext,
  StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import type { z } from "zod";
import { explained, UserError } from "../engine/host/mod.ts";
import type { Lab } from "../experiments/mod.ts";
import type { Journal } from "../journal/mod.ts";
import { explainIssues } from "./explain.ts";
import type { Links } from "./links.ts";
import { type Progress, progressOf } from "./progress.ts";

/** What tools, resources and prompts work with. */
export interface Surroundings {
  readonly lab: Lab;
  /** Loaded on first use, because it brings a YAML parser. */
  readonly journal: () => Promise<Journal>;
  readonly links: Links;
}

/** One call of a tool. */
export interface Call extends Surroundings {
  readonly progress: Progress;
  /** Aborts when the client gives up or goes away. It ends our waiting, never a training. */
  readonly signal: AbortSignal;
}

export interface ToolDefinition<Input extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output?: z.ZodType;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  run(input: z.output<Input>, call: Call): Promise<CallToolResult>;
}

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
  surroundings: Surroundings,
): void {
  const { name, title, description, input, output, annotations } = tool;
  const config = { title, description, inputSchema: unchecked(input), annotations };
  const call = async (given: unknown, context: ServerContext): Promise<CallToolResult> => {
    const progress = progressOf(context);
    try {
      const parsed = input.safeParse(given ?? {});
      if (!parsed.success) {
        throw new UserError(explainIssues(input, given ?? {}, parsed.error.issues));
      }
      const { signal } = context.mcpReq;
      return await tool.run(parsed.data, { ...surroundings, progress, signal });
    } catch (error) {
      return errorResult(name, error);
    } finally {
      progress.close();
    }
  };
  if (output) server.registerTool(name, { ...config, outputSchema: output }, call);
  else server.registerTool(name, config, call);
}

/**
 * The schema as it is advertised, without the SDK's own check in front of ours, whose messages do
 * not say what would have been right.
 */
function unchecked(schema: z.ZodType): StandardSchemaWithJSON<unknown, unknown> {
  const standard = (schema as unknown as StandardSchemaWithJSON)["~standard"];
  return { "~standard": { ...standard, validate: (value: unknown) => ({ value }) } };
}

/** A mistake of the caller's is explained; one of ours is named as such and logged. */
export function errorResult(tool: string, failure: unknown): CallToolResult {
  const error = explained(failure);
  const text = error instanceof UserError
    ? `${tool}: ${error.message}`
    : `${tool}: Internal: ${error instanceof Error ? error.message : String(error)}`;
  if (!(error instanceof UserError)) console.error(`${tool}:`, error);
  return { content: [{ type: "text", text }], isError: true };
}

/** Where to look next: a picture for the person, a call for the assistant. */
export interface Pointers {
  readonly summary: string;
  readonly next: readonly string[];
  readonly viewer_url: string | null;
}

/** Text that ends in what to do next and where the person can look. */
export function readable({ summary, next, viewer_url }: Pointers, ...body: string[]): string {
  return [
    summary,
    ...body.filter((part) => part !== ""),
    ...(next.length > 0 ? [`Next: ${next.join("; ")}`] : []),
    ...(viewer_url ? [`Show the person: ${viewer_url}`] : []),
  ].join("\n\n");
}

/** An answer of numbers: the same twice, since clients show the model only one of the two. */
export function structured(
  output: Pointers & Record<string, unknown>,
  ...body: string[]
): CallToolResult {
  return {
    content: [{ type: "text", text: readable(output, ...body) }],
    structuredContent: output,
  };
}

/** A PNG as the assistant sees it. */
export function picture(png: Uint8Array): ImageContent {
  return { type: "image", mimeType: "image/png", data: Buffer.from(png).toString("base64") };
}
