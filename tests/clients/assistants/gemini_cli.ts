import { gemini } from "../model_apis/mod.ts";
import { type Assistant, mcpServers, SERVER } from "./assistant.ts";

export const geminiCli: Assistant = {
  title: "Gemini CLI",
  package: "@google/gemini-cli",
  version: "0.61.0",
  program: "gemini",
  api: gemini,
  showsPictures: true,
  // The field wait_for_previous in every tool, and the longer name of the schema.
  addedBytes: 266,
  toolName: (tool) => `mcp_${SERVER}_${tool}`,
  files: (setting) => ({
    ".gemini/settings.json": JSON.stringify({
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      security: { folderTrust: { enabled: false }, auth: { selectedType: "gemini-api-key" } },
      ...mcpServers(setting),
    }),
  }),
  environment: ({ modelUrl }) => ({
    GOOGLE_GEMINI_BASE_URL: modelUrl,
    GEMINI_API_KEY: "none",
    GEMINI_TELEMETRY_ENABLED: "false",
  }),
  readsListedOnly: true,
  readResource: (uri) => ({ name: "read_mcp_resource", args: { uri } }),
  promptWords: (name, args) =>
    `/${name} ${
      Object.entries(args).map(([key, value]) => `--${key}=${JSON.stringify(value)}`).join(" ")
    }`,
  args: ({ words }) => ["-p", words, "--yolo", "--output-format", "stream-json"],
  // It tells its model of this field in every tool, and sends it on.
  habit: ({ args }) => ({ ...args, wait_for_previous: true }),
  // It marks what comes from a server.
  unwrap: (text) => text.replace(/^<\/?untrusted_context>\n?/gm, ""),
};
