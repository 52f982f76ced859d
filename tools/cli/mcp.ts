import { z } from "zod";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { changesOf, sendChanges } from "../changes.ts";
import { noticeChannel } from "../channel.ts";
import { createMcpServer, tasksOf } from "../server.ts";
import { TaskNotices } from "../task_notices.ts";
import {
  commonOptions,
  dataRootsOf,
  defineCommand,
  labOf,
  listenFields,
  takeUpQueue,
} from "./command.ts";
import { ClosingTransport } from "./stdio.ts";
import { viewerOf } from "./viewer.ts";

/**
 * MCP over stdio until the client closes it. Standard output carries the protocol and nothing else,
 * so what libraries print goes to standard error.
 */
export const command = defineCommand({
  schema: z.strictObject({
    viewer: listenFields.viewer,
    host: listenFields.host,
    port: listenFields.port.optional().describe(
      "Port of the viewer; 0 takes a free one (default: the workspace's last one, or the next free one)",
    ),
    allow_host: listenFields.allow_host,
    token: listenFields.token,
    data_root: listenFields.data_root,
    ...commonOptions,
  }),
  async run(
    { viewer: withViewer, host, port, allow_host: allowHost, token, data_root, ...common },
    wiring,
  ) {
    console.log = console.info = console.debug = console.error;
    const lab = labOf(common);
    const dataRoots = dataRootsOf(data_root);
    const options = { host, port, allowHost, token, lasting: false, dataRoots };
    const viewer = withViewer ? await viewerOf(lab, options, wiring) : null;
    if (viewer?.access.isNew) {
      console.error(`The viewer wants this token: ${viewer.url}/?token=${viewer.access.token}`);
    }
    const changes = changesOf(lab);
    const viewerUrl = viewer?.url ?? null;
    const tasks = tasksOf(lab, { viewerUrl });
    const transport = new ClosingTransport(new TaskNotices(tasks));
    const createServer = createMcpServer(lab, {
      viewerUrl,
      viewerEnds: () => viewer !== null && !viewer.outlives(),
      dataRoots,
      extensions: [noticeChannel(lab)],
      tasks,
    });
    const factory: McpServerFactory = (context) => {
      const server = createServer(context);
      sendChanges(server, changes, context.era);
      return server;
    };
    serveStdio(factory, {
      transport,
      onerror: (error) => console.error(`MCP: ${error.message}`),
    });
    takeUpQueue(lab);
    // The viewer is not waited for: a page that is open keeps its connection for as long as it likes.
    await transport.closed.promise;
    changes.close();
    lab.close();
    return 0;
  },
});
