import { chatCompletions } from "../model_apis/mod.ts";
import { type Assistant, SERVER } from "./assistant.ts";

export const opencode: Assistant = {
  title: "opencode",
  package: "opencode-ai",
  version: "1.18.33",
  program: "opencode",
  api: chatCompletions,
  showsPictures: true,
  toolName: (tool) => `${SERVER}_${tool}`,
  files: ({ modelUrl, server }) => ({
    "project/opencode.json": JSON.stringify({
      autoupdate: false,
      share: "disabled",
      provider: {
        scripted: {
          npm: "@ai-sdk/openai-compatible",
          name: "scripted",
          options: { baseURL: `${modelUrl}/v1`, apiKey: "none" },
          models: { m: MODEL },
        },
      },
      mcp: {
        [SERVER]: {
          type: "local",
          command: [server.command, ...server.args],
          environment: server.env,
          enabled: true,
        },
      },
    }),
  }),
  environment: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_SHARE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  }),
  readResource: (uri) => ({ name: "read_mcp_resource", args: { server: SERVER, uri } }),
  args: ({ words }) => [
    ...["run", words],
    ...["--model", "scripted/m", "--format", "json", "--auto"],
  ],
};

const MODEL = {
  name: "m",
  limit: { context: 400_000, output: 8_000 },
  modalities: { input: ["text", "image"], output: ["text"] },
  tool_call: true,
  attachment: true,
};
