/** Google's Gemini API. */
import { eventStream, listedTool, type ModelApi, toolResult, type Turn } from "./model_api.ts";

interface GenerateRequest {
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly { readonly name: string }[];
  }[];
  readonly contents?: readonly { readonly parts?: readonly Part[] }[];
  readonly generationConfig?: {
    readonly responseJsonSchema?: Schema;
    readonly responseSchema?: Schema;
  };
}
interface Part {
  readonly inlineData?: unknown;
  readonly functionResponse?: {
    readonly id?: string;
    readonly response?: Readonly<Record<string, unknown>>;
    readonly parts?: readonly Part[];
  };
}
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

export const gemini: ModelApi = {
  asksModel: ({ path }) => /:(stream)?generateContent$/i.test(path),
  other: ({ body }) => ({ totalTokens: Math.ceil(body.length / 4) }),
  read({ path, body }) {
    const { tools = [], contents = [], generationConfig = {} } = JSON.parse(
      body,
    ) as GenerateRequest;
    const declarations = tools.flatMap((tool) => tool.functionDeclarations ?? []);
    const form = generationConfig.responseJsonSchema ?? generationConfig.responseSchema;
    return {
      tools: declarations.map((declaration) => listedTool(declaration.name, declaration)),
      results: results(contents.at(-1)?.parts ?? []),
      aside: declarations.length === 0 || form !== undefined,
      reply: (turn) => reply(turn, form, path.includes("stream")),
    };
  },
};

/** A picture stands in the response, or beside it in the message. */
function results(parts: readonly Part[]) {
  const pictures = (among: readonly Part[]) =>
    among.flatMap((part) => part.inlineData ? [{ picture: part.inlineData }] : []);
  return parts.flatMap(({ functionResponse }) => {
    if (!functionResponse) return [];
    const { id = "", response = {}, parts: inner = [] } = functionResponse;
    const texts = Object.values(response).map((value) => ({
      text: typeof value === "string" ? value : JSON.stringify(value),
    }));
    return [toolResult(id, [...texts, ...pictures(inner), ...pictures(parts)])];
  });
}

function reply(turn: Turn, form: Schema | undefined, streamed: boolean): Response {
  const parts = turn.calls.length > 0
    ? turn.calls.map(({ id, name, args }) => ({
      functionCall: { id, name, args },
      thoughtSignature: btoa("scripted"),
    }))
    : [{ text: form ? JSON.stringify(least(form)) : turn.text }];
  const answer = {
    candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 },
    ...{ modelVersion: "m", responseId: turn.id },
  };
  return streamed ? eventStream([{ data: answer }]) : Response.json(answer);
}

/** What the client asks for itself, where not any value will do. */
const OWN_QUESTIONS: Readonly<Record<string, unknown>> = {
  next_speaker: "user",
  model_choice: "flash",
  complexity_score: 50,
  // After thirty turns it asks whether it goes in circles.
  unproductive_state_confidence: 0,
};

/** A small value that fits a JSON schema. */
function least(schema: Schema, name = ""): unknown {
  if (name in OWN_QUESTIONS) return OWN_QUESTIONS[name];
  if (schema.enum) return schema.enum[0];
  switch (schema.type?.toLowerCase() ?? "object") {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, least(inner, key)]),
      );
    case "array":
      return [];
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return false;
    default:
      return "scripted";
  }
}
