import { chatCompletions } from "../model_apis/mod.ts";
import { type Assistant, mcpServers, SERVER } from "./assistant.ts";

export const copilotCli: Assistant = {
  title: "Copilot CLI",
  package: "@github/copilot",
  version: "1.0.102",
  program: "copilot",
  api: chatCompletions,
  showsPictures: false,
  toolName: (tool) => `${SERVER}-${tool}`,
  files: (setting) => ({
    "mcp.json": JSON.stringify(mcpServers(setting, { type: "local", tools: ["*"] })),
  }),
  environment: ({ modelUrl }) => ({
    COPILOT_OFFLINE: "true",
    COPILOT_PROVIDER_BASE_URL: `${modelUrl}/v1`,
    COPILOT_PROVIDER_API_KEY: "none",
    COPILOT_MODEL: "m",
    COPILOT_AUTO_UPDATE: "false",
  }),
  args: ({ home, words }) => [
    ...["-p", words, "--allow-all", "--disable-builtin-mcps"],
    ...["--disable-client-telemetry", "--additional-mcp-config", `@${home}/mcp.json`],
  ],
  // Its models were seen to send objects as strings of JSON.
  habit: ({ args }) =>
    Object.fromEntries(
      Object.entries(args).map(([name, value]) => [
        name,
        typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : value,
      ]),
    ),
};
