import { anthropicMessages } from "../model_apis/mod.ts";
import { type Assistant, mcpServers, SERVER } from "./assistant.ts";

export const claudeCode: Assistant = {
  title: "Claude Code",
  package: "@anthropic-ai/claude-code",
  version: "2.1.197",
  program: "claude",
  api: anthropicMessages,
  showsPictures: true,
  toolName: (tool) => `mcp__${SERVER}__${tool}`,
  files: (setting) => ({ "mcp.json": JSON.stringify(mcpServers(setting)) }),
  environment: ({ modelUrl }) => ({
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: "none",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  }),
  readResource: (uri) => ({ name: "ReadMcpResourceTool", args: { server: SERVER, uri } }),
  // It passes on one word for each argument, and shows its model beside them what was typed.
  promptWords: (name, args) => `/mcp__${SERVER}__${name} ${Object.values(args).join(" ")}`,
  args: ({ home, words }) => [
    ...["-p", words],
    ...["--mcp-config", `${home}/mcp.json`, "--allowedTools", `mcp__${SERVER}`],
    ...["--output-format", "stream-json", "--verbose"],
  ],
  // It asks its model after five seconds at the latest, with the tools that it has by then.
  opening: () => [{ name: "WaitForMcpServers", args: {} }],
};
