/** The face of the laboratory: the MCP server, and the same operations on the command line. */
export { runCommandLine } from "./cli/command_line.ts";
