/** The HTTP APIs that assistants reach their models by. */
export { anthropicMessages } from "./anthropic_messages.ts";
export { chatCompletions } from "./chat_completions.ts";
export { gemini } from "./gemini.ts";
export type { ApiRequest, ListedTool, ModelApi, NamedCall, ToolResult } from "./model_api.ts";
export { openaiResponses } from "./openai_responses.ts";
