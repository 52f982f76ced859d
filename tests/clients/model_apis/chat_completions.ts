/** OpenAI's older API, chat completions, which many programs and servers of models speak. */
import {
  eventStream,
  listedTool,
  type ModelApi,
  type Part,
  toolResult,
  type Turn,
} from "./model_api.ts";

interface ChatRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages: readonly Message[];
}
interface Message {
  readonly role: string;
  readonly tool_call_id?: string;
  readonly content?: string | null | readonly { readonly type: string; readonly text?: string }[];
}

export const chatCompletions: ModelApi = {
  asksModel: ({ path }) => path.endsWith("/chat/completions"),
  other: () => ({ object: "list", data: [{ id: "m", object: "model", created: 1 }] }),
  read({ body }) {
    const request = JSON.parse(body) as ChatRequest;
    const { messages } = request;
    const tools = (request.tools ?? []).map((tool) => listedTool(tool.function.name, tool));
    const since = messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1);
    return { tools, results: results(since), aside: tools.length === 0, reply: reply(request) };
  },
};

/** Some clients send the pictures of a result in a message of the user that follows it. */
function results(messages: readonly Message[]) {
  const found = messages.filter((message) => message.role === "tool");
  return found.map((message) => {
    const next = found[found.indexOf(message) + 1];
    const end = next ? messages.indexOf(next) : messages.length;
    const pictures = messages.slice(messages.indexOf(message) + 1, end)
      .flatMap((following) => parts(following.content).filter((part) => "picture" in part));
    return toolResult(message.tool_call_id ?? "", [...parts(message.content), ...pictures]);
  });
}

function parts(content: Message["content"]): Part[] {
  if (typeof content === "string") return [{ text: content }];
  return (content ?? []).map((part) =>
    part.type === "image_url" ? { picture: part } : { text: part.text ?? JSON.stringify(part) }
  );
}

const reply = ({ model, stream }: ChatRequest) => ({ id, calls, text }: Turn): Response => {
  const called = calls.map(({ id, name, args }, index) => ({
    ...{ index, id, type: "function" },
    function: { name, arguments: JSON.stringify(args) },
  }));
  const message = called.length > 0
    ? { role: "assistant", content: null, tool_calls: called }
    : { role: "assistant", content: text };
  const finish_reason = called.length > 0 ? "tool_calls" : "stop";
  const usage = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
  const base = { id, created: 1, model };
  if (!stream) {
    const choices = [{ index: 0, message, finish_reason }];
    return Response.json({ ...base, object: "chat.completion", choices, usage });
  }
  const chunk = (fields: Readonly<Record<string, unknown>>) => ({
    data: { ...base, object: "chat.completion.chunk", ...fields },
  });
  return eventStream([
    chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] }),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason }] }),
    chunk({ choices: [], usage }),
    { data: "[DONE]" },
  ]);
};
