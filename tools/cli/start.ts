import type { Command } from "./command.ts";
import { labOf, parseOptions, takeUpQueue } from "./options.ts";
import { listen, listenOptions } from "./serving.ts";

/** MCP and the viewer on one port, until interrupted. */
export const run: Command = async (args, { openViewer }) => {
  const { values } = parseOptions(args, {
    port: { type: "string" },
    host: { type: "string" },
  });
  const lab = labOf(values);
  takeUpQueue(lab);
  const { host, port } = listenOptions(values, 8765);
  const { createHttpApp } = await import("../http.ts");
  const server = listen({ host, port }, (viewerUrl) => {
    const app = createHttpApp(lab, { viewerUrl, host, openViewer });
    return Promise.resolve((request) => app.fetch(request));
  });
  console.log(`Viewer  ${server.url}/`);
  console.log(`MCP     ${server.url}/mcp`);
  console.log(`        claude mcp add --transport http textdiffusion ${server.url}/mcp`);
  await server.finished;
  return 0;
};
