/** The face of the laboratory: the MCP server, and the same operations on the command line. */
export { commands, helpText } from "./cli/commands.ts";
export { createMcpServer, type ServerFactory, type ServerOptions } from "./server.ts";
export { linksTo } from "./links.ts";
export { VERSION } from "./version.ts";
