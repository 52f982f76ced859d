/** MCP and the viewer on one port, until interrupted. */
import { z } from "zod";
import { commonOptions, defineCommand, labOf, listenFields, takeUpQueue } from "./command.ts";
import { listen } from "./serving.ts";

export const command = defineCommand({
  schema: z.strictObject({
    host: listenFields.host,
    port: listenFields.port.default(8765).describe("Port; 0 takes a free one (default 8765)"),
    ...commonOptions,
  }),
  async run({ host, port, ...common }, { openViewer }) {
    const lab = labOf(common);
    takeUpQueue(lab);
    const { createHttpApp } = await import("../http.ts");
    const { accessTo } = await import("../access.ts");
    const server = listen({ host, port }, (viewerUrl) => {
      const access = accessTo({ host, workspace: lab.workspace });
      const app = createHttpApp(lab, { viewerUrl, access, openViewer });
      return Promise.resolve((request) => app.fetch(request));
    });
    console.log(`Viewer  ${server.url}/`);
    console.log(`MCP     ${server.url}/mcp`);
    console.log(`        claude mcp add --transport http textdiffusion ${server.url}/mcp`);
    await server.finished;
    return 0;
  },
});
