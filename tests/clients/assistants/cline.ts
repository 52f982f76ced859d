import { chatCompletions } from "../model_apis/mod.ts";
import { type Assistant, mcpServers, SERVER } from "./assistant.ts";

const PROVIDER = "openai-compatible";

export const cline: Assistant = {
  title: "Cline",
  package: "cline",
  version: "3.0.65",
  program: "cline",
  api: chatCompletions,
  // As base64 in the text.
  showsPictures: false,
  toolName: (tool) => `${SERVER}__${tool}`,
  files: (setting) => ({
    ".cline/data/settings/cline_mcp_settings.json": JSON.stringify(
      mcpServers(setting, { disabled: false }),
    ),
    ".cline/data/settings/providers.json": JSON.stringify({
      version: 1,
      lastUsedProvider: PROVIDER,
      modes: {},
      providers: {
        [PROVIDER]: {
          settings: {
            provider: PROVIDER,
            apiKey: "none",
            model: "m",
            baseUrl: `${setting.modelUrl}/v1`,
          },
          updatedAt: "2026-01-01T00:00:00Z",
          tokenSource: "manual",
        },
      },
    }),
  }),
  // Otherwise it leaves a process behind.
  environment: () => ({ CLINE_SESSION_BACKEND_MODE: "local", CLINE_NO_AUTO_UPDATE: "1" }),
  args: ({ words }) => [
    ...["--json", "--auto-approve", "true"],
    ...["-P", PROVIDER, "-k", "none", "-m", "m", words],
  ],
  unwrap: partsOf,
};

/** The texts in a result's JSON, which may have been cut further behind. */
function partsOf(text: string): string {
  if (text.includes('"structuredContent"')) return text;
  const parts = [...text.matchAll(/\{"type":"text","text":("(?:[^"\\]|\\.)*")\}/g)];
  return parts.length > 0 ? parts.map((part) => JSON.parse(part[1]!)).join("\n") : text;
}
