/** The assistants that are played, by the names that choose them. */
import type { Assistant } from "./assistant.ts";
import { claudeCode } from "./claude_code.ts";
import { cline } from "./cline.ts";
import { codex } from "./codex.ts";
import { copilotCli } from "./copilot_cli.ts";
import { geminiCli } from "./gemini_cli.ts";
import { opencode } from "./opencode.ts";
import { qwenCode } from "./qwen_code.ts";

export { SERVER } from "./assistant.ts";
export type { Assistant, ServerCommand, Setting, ToolCall } from "./assistant.ts";

export const ASSISTANTS: Readonly<Record<string, Assistant>> = {
  claude: claudeCode,
  codex,
  gemini: geminiCli,
  opencode,
  copilot: copilotCli,
  qwen: qwenCode,
  cline,
};
