/** OpenAI's Responses API. */
import {
  eventStream,
  listedTool,
  type ModelApi,
  type Part,
  toolResult,
  type Turn,
  typedEvent,
} from "./model_api.ts";

interface ResponsesRequest {
  readonly tools?: readonly Declaration[];
  readonly input?: readonly Item[];
}
/** A tool, or a namespace of tools. */
interface Declaration {
  readonly type: string;
  readonly name?: string;
  readonly tools?: readonly { readonly name: string }[];
}
interface Item {
  readonly type: string;
  readonly call_id?: string;
  readonly output?: string | readonly { readonly type: string; readonly text?: string }[];
}

export const openaiResponses: ModelApi = {
  asksModel: ({ method, path }) => method === "POST" && path.endsWith("/responses"),
  other: () => ({ object: "list", data: [], models: [] }),
  read({ body }) {
    const { tools = [], input = [] } = JSON.parse(body) as ResponsesRequest;
    const isOutput = (item: Item) => item.type.endsWith("_output");
    const outputs = input.slice(input.findLastIndex((item) => !isOutput(item)) + 1);
    return {
      tools: tools.flatMap((tool) =>
        tool.tools
          ? tool.tools.map((inner) => listedTool(`${tool.name}.${inner.name}`, inner))
          : [listedTool(tool.name ?? tool.type, tool)]
      ),
      results: outputs.map(({ call_id, output }) => toolResult(call_id ?? "", parts(output))),
      aside: tools.length === 0,
      reply,
    };
  },
};

function parts(output: Item["output"] = ""): Part[] {
  if (typeof output === "string") return [{ text: output }];
  return output.map((part) =>
    part.type === "input_image" ? { picture: part } : { text: part.text ?? JSON.stringify(part) }
  );
}

function reply(turn: Turn): Response {
  const output = turn.calls.length > 0 ? turn.calls.map(functionCall) : [{
    ...{ type: "message", id: `message_${turn.id}`, role: "assistant", status: "completed" },
    content: [{ type: "output_text", text: turn.text, annotations: [] }],
  }];
  const usage = {
    ...{ input_tokens: 10, input_tokens_details: { cached_tokens: 0 } },
    ...{ output_tokens: 10, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 20 },
  };
  const response = { id: turn.id, object: "response", usage };
  return eventStream([
    typedEvent("response.created", {
      response: { ...response, status: "in_progress", output: [] },
    }),
    ...output.flatMap((item, output_index) => [
      typedEvent("response.output_item.added", {
        output_index,
        item: "content" in item ? { ...item, content: [] } : item,
      }),
      typedEvent("response.output_item.done", { output_index, item }),
    ]),
    typedEvent("response.completed", { response: { ...response, status: "completed", output } }),
  ]);
}

/** A call; the part of its name before a dot is a namespace. */
function functionCall({ id, name, args }: Turn["calls"][number]) {
  const [namespace, inner] = name.split(".");
  return {
    ...{ type: "function_call", id: `item_${id}`, call_id: id, status: "completed" },
    ...(inner === undefined ? { name } : { namespace, name: inner }),
    arguments: JSON.stringify(args),
  };
}
