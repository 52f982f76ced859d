import { z } from "zod";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Lab } from "../../experiments/mod.ts";
import { noticeChannel } from "../channel.ts";
import { createMcpServer } from "../server.ts";
import {
  commonOptions,
  defineCommand,
  labOf,
  listenFields,
  takeUpQueue,
  type Wiring,
} from "./command.ts";
import { listen, type Listening, type ListenOptions } from "./serving.ts";

/**
 * MCP over stdio until the client closes it. Standard output carries the protocol and nothing else,
 * so what libraries print goes to standard error.
 */
export const command = defineCommand({
  schema: z.strictObject({
    viewer: listenFields.viewer,
    host: listenFields.host,
    port: listenFields.port.default(0).describe(
      "Port of the viewer; 0 takes a free one (default 0)",
    ),
    ...commonOptions,
  }),
  async run({ viewer: withViewer, host, port, ...common }, wiring) {
    console.log = console.info = console.debug = console.error;
    const lab = labOf(common);
    const viewer = withViewer ? serveViewer(lab, { host, port }, wiring) : null;
    const transport = new ClosingTransport();
    const viewerUrl = viewer?.url ?? null;
    serveStdio(createMcpServer(lab, { viewerUrl, extensions: [noticeChannel(lab)] }), {
      transport,
      onerror: (error) => console.error(`MCP: ${error.message}`),
    });
    takeUpQueue(lab);
    // The viewer is not waited for: a page that is open keeps its connection for as long as it likes.
    await transport.closed.promise;
    lab.close();
    return 0;
  },
});

/** Says when the client is gone. */
class ClosingTransport extends StdioServerTransport {
  readonly closed = Promise.withResolvers<void>();

  override async close(): Promise<void> {
    await super.close();
    this.closed.resolve();
  }
}

/** The pages are loaded on their first request, so that they do not delay the protocol. */
function serveViewer(lab: Lab, options: ListenOptions, { openViewer }: Wiring): Listening {
  return listen(options, async (viewerUrl) => {
    const { createHttpApp } = await import("../http.ts");
    const { accessTo } = await import("../access.ts");
    const access = accessTo({ ...options, workspace: lab.workspace });
    const app = createHttpApp(lab, { viewerUrl, access, openViewer });
    return (request) => app.fetch(request);
  });
}
