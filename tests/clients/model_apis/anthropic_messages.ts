/** Anthropic's Messages API. */
import {
  eventStream,
  listedTool,
  type ModelApi,
  type Part,
  toolResult,
  type Turn,
  typedEvent,
} from "./model_api.ts";

interface MessagesRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | readonly Block[];
  }[];
}
interface Block {
  readonly type: string;
  readonly text?: string;
  readonly tool_use_id?: string;
  readonly content?: string | readonly Block[];
}

export const anthropicMessages: ModelApi = {
  asksModel: ({ path }) => path.endsWith("/v1/messages"),
  other: () => ({ input_tokens: 1000 }),
  read({ body }) {
    const request = JSON.parse(body) as MessagesRequest;
    const { messages } = request;
    const tools = (request.tools ?? []).map((tool) => listedTool(tool.name, tool));
    const since = messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1);
    return {
      tools,
      results: since.flatMap(({ content }) => typeof content === "string" ? [] : content)
        .filter((block) => block.type === "tool_result")
        .map((block) => toolResult(block.tool_use_id!, parts(block.content))),
      aside: tools.length === 0,
      reply: (turn) => reply(request, turn),
    };
  },
};

function parts(content: Block["content"] = []): Part[] {
  if (typeof content === "string") return [{ text: content }];
  return content.map((block) =>
    block.type === "image" ? { picture: block } : { text: block.text ?? JSON.stringify(block) }
  );
}

function reply({ model, stream }: MessagesRequest, turn: Turn): Response {
  const content = turn.calls.length > 0
    ? turn.calls.map(({ id, name, args }) => ({ type: "tool_use", id, name, input: args }))
    : [{ type: "text", text: turn.text }];
  const stop = { stop_reason: turn.calls.length > 0 ? "tool_use" : "end_turn" };
  const message = {
    ...{ id: turn.id, type: "message", role: "assistant", model },
    ...{ content: [], stop_reason: null, stop_sequence: null },
    usage: { input_tokens: 10, output_tokens: 10 },
  };
  if (!stream) return Response.json({ ...message, content, ...stop });
  const blocks = content.flatMap((block, index) => {
    const [empty, delta] = "text" in block
      ? [{ ...block, text: "" }, { type: "text_delta", text: block.text }]
      : [
        { ...block, input: {} },
        { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
      ];
    return [
      typedEvent("content_block_start", { index, content_block: empty }),
      typedEvent("content_block_delta", { index, delta }),
      typedEvent("content_block_stop", { index }),
    ];
  });
  return eventStream([
    typedEvent("message_start", { message }),
    ...blocks,
    typedEvent("message_delta", { delta: stop, usage: { output_tokens: 10 } }),
    typedEvent("message_stop"),
  ]);
}
