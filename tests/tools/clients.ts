/** Real MCP clients of both protocol eras, over both transports, behind one small interface. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as OlderClient } from "@modelcontextprotocol/sdk-1.11/client/index.js";
import { StdioClientTransport as OlderStdio } from "@modelcontextprotocol/sdk-1.11/client/stdio.js";
import { StreamableHTTPClientTransport as OlderHttp } from "@modelcontextprotocol/sdk-1.11/client/streamableHttp.js";
import { fileURLToPath } from "node:url";

export interface Content {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
  readonly mimeType?: string;
  readonly uri?: string;
}
export interface Answer {
  readonly content: readonly Content[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
  /** What a real assistant put before its model, in bytes. */
  readonly bytes?: number;
}
export interface ProgressNote {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** What the tests ask of a client. */
export interface Caller {
  readonly name: string;
  listTools(): Promise<readonly { readonly name: string }[]>;
  call(
    tool: string,
    args?: Record<string, unknown>,
    onProgress?: (note: ProgressNote) => void,
  ): Promise<Answer>;
  read(uri: string): Promise<{ readonly text?: string; readonly blob?: string }>;
  resourceUris(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Where a server is reached: an address, or a function that stands in for the network. */
export interface HttpTarget {
  readonly url: string;
  readonly fetch?: typeof fetch;
}

export type Era = "modern" | "legacy";
/** Longer than any answer is held back. */
const TIMEOUT_MS = 120_000;

/** The permissions of the project's own tasks. */
export const PERMISSIONS = [
  "read",
  "write",
  "env",
  "net",
  "run",
  "sys",
  "ffi",
].map((name) => `--allow-${name}`);

/** The command line that starts the server over stdio, as the task does. */
export function stdioCommand(workspace: string, ...options: readonly string[]) {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const lock = fileURLToPath(new URL("../../deno.lock", import.meta.url));
  return {
    command: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--config", config, `--lock=${lock}`, "--frozen", ...PERMISSIONS],
      ...[main, "mcp", "--workspace", workspace, ...options],
    ],
    env: Deno.env.toObject(),
  };
}

/** A client of the current SDK. */
export async function currentClient(
  era: Era,
  target: HttpTarget | ReturnType<typeof stdioCommand>,
): Promise<Caller> {
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode: era === "legacy" ? "legacy" : { pin: "2026-07-28" } },
  });
  const overHttp = "url" in target;
  await client.connect(
    overHttp
      ? new StreamableHTTPClientTransport(
        new URL(target.url),
        target.fetch ? { fetch: target.fetch } : {},
      )
      : new StdioClientTransport(target),
  );
  // As every assistant does: what was listed is what answers are then checked against.
  await client.listTools();
  return {
    name: `current SDK, ${era}, ${overHttp ? "HTTP" : "stdio"}`,
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, onprogress) =>
      await client.callTool({ name, arguments: args }, {
        timeout: TIMEOUT_MS,
        ...(onprogress ? { onprogress } : {}),
      }) as Answer,
    read: async (uri) => (await client.readResource({ uri })).contents[0] as { text?: string },
    resourceUris: async () =>
      (await client.listResources()).resources.map((resource: { uri: string }) => resource.uri),
    close: () => client.close(),
  };
}

const SDK_1_32 = { Client: OldClient, Stdio: OldStdio, Http: OldHttp };
/** Versions of the old SDK: the newest, and the last one of protocol revision 2025-03-26. */
const OLD_SDKS = {
  "1.32": SDK_1_32,
  // What is used of it here takes and gives the same; the types differ in private fields.
  "1.11": { Client: OlderClient, Stdio: OlderStdio, Http: OlderHttp } as unknown as typeof SDK_1_32,
};

/** A client of the old SDK, which knows only the 2025 protocols. */
export async function oldClient(
  target: HttpTarget | ReturnType<typeof stdioCommand>,
  version: keyof typeof OLD_SDKS = "1.32",
): Promise<Caller> {
  const { Client, Stdio, Http } = OLD_SDKS[version];
  const client = new Client({ name: "test", version: "1" });
  const overHttp = "url" in target;
  // The old SDK's transports do not fit its own interface under exactOptionalPropertyTypes.
  const transport = overHttp
    ? new Http(new URL(target.url), target.fetch ? { fetch: target.fetch } : {})
    : new Stdio(target);
  await client.connect(transport as Parameters<OldClient["connect"]>[0]);
  await client.listTools();
  return {
    name: `old SDK ${version}, ${overHttp ? "HTTP" : "stdio"}`,
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, onprogress) =>
      await client.callTool({ name, arguments: args }, undefined, {
        timeout: TIMEOUT_MS,
        ...(onprogress ? { onprogress } : {}),
      }) as Answer,
    read: async (uri) => (await client.readResource({ uri })).contents[0] as { text?: string },
    resourceUris: async () =>
      (await client.listResources()).resources.map((resource: { uri: string }) => resource.uri),
    close: () => client.close(),
  };
}

/** The text of an answer. */
export function textOf(answer: Answer): string {
  return answer.content.flatMap((part) => part.text ?? []).join("\n");
}
