import { chatCompletions } from "../model_apis/mod.ts";
import { type Assistant, mcpServers, SERVER } from "./assistant.ts";

const toolName = (tool: string) => `mcp__${SERVER}__${tool}`;

export const qwenCode: Assistant = {
  title: "Qwen Code",
  package: "@qwen-code/qwen-code",
  version: "0.15.10",
  program: "qwen",
  api: chatCompletions,
  // Only to models that it knows to see.
  showsPictures: false,
  toolName,
  files: (setting) => ({
    ".qwen/settings.json": JSON.stringify({
      general: { disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      ...mcpServers(setting),
    }),
  }),
  environment: ({ modelUrl }) => ({
    OPENAI_API_KEY: "none",
    OPENAI_BASE_URL: `${modelUrl}/v1`,
    OPENAI_MODEL: "m",
  }),
  args: ({ words }) => ["--auth-type", "openai", "--yolo", "-p", words, "-o", "json"],
  // It lists tools of servers only after its model has searched for them, five in a search.
  opening: (tools) =>
    [tools.slice(0, 5), tools.slice(5)].map((some) => ({
      name: "tool_search",
      args: { query: `select:${some.map(toolName).join(",")}` },
    })),
};
