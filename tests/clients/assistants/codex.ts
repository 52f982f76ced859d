import { openaiResponses } from "../model_apis/mod.ts";
import { type Assistant, SERVER } from "./assistant.ts";

export const codex: Assistant = {
  title: "Codex",
  package: "@openai/codex",
  version: "0.171.0",
  program: "codex",
  api: openaiResponses,
  showsPictures: true,
  toolName: (tool) => `mcp__${SERVER}.${tool.replaceAll("-", "_")}`,
  files: ({ modelUrl, server }) => ({
    ".codex/config.toml": `
model = "gpt-5"
model_provider = "scripted"
approval_policy = "never"
check_for_update_on_startup = false
${
      table("model_providers.scripted", {
        ...{ name: "scripted", base_url: `${modelUrl}/v1`, wire_api: "responses" },
        ...{ env_key: "SCRIPTED_KEY", request_max_retries: 0, stream_max_retries: 0 },
      })
    }
${table("analytics", { enabled: false })}
${table("feedback", { enabled: false })}
${table("otel", { exporter: "none", metrics_exporter: "none", trace_exporter: "none" })}
${table("features", { apps: false, plugins: false })}
${table(`mcp_servers.${SERVER}`, { command: server.command, args: server.args })}
${table(`mcp_servers.${SERVER}.env`, server.env)}
`,
  }),
  environment: () => ({ SCRIPTED_KEY: "none" }),
  readResource: (uri) => ({ name: "read_mcp_resource", args: { server: SERVER, uri } }),
  args: ({ words }) => ["exec", "--skip-git-repo-check", "--json", words],
  // It waits a second for servers and then asks its model, which has their tools once they are up.
  opening: () => [{ name: "exec_command", args: { cmd: "sleep 9" } }],
  // Its models fill in what is optional.
  habit: ({ tool, args }) => tool === "train" ? { resume: "", label: null, ...args } : args,
  // It adds how long a call took, and the links to resources as JSON.
  unwrap: (text) =>
    text.replace(/^Wall time: .*\nOutput:\n/, "").replace(/^\{"type":"resource_link".*$/gm, ""),
};

/** A table of TOML; its values here are written as in JSON. */
function table(name: string, values: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [`[${name}]`, ...lines].join("\n");
}
