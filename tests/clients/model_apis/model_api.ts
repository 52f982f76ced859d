/** What the scripted model needs to know of a model's HTTP API, and what the four of them share. */

/** A request as it arrived, its body unpacked. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** A tool as the model is told of it. */
export interface ListedTool {
  readonly name: string;
  /** Bytes of its declaration as JSON, which is what it takes of the model's context. */
  readonly bytes: number;
  /** How many descriptions are in it: of the tool and of its fields. */
  readonly descriptions: number;
}

/** What a client put before its model as the result of one call. */
export interface ToolResult {
  readonly id: string;
  readonly text: string;
  readonly pictures: number;
  /** What it takes of the model's context, as JSON. */
  readonly bytes: number;
}

/** A call under the client's own name for the tool. */
export interface NamedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What the model does next: it calls tools, or says something if there are none. */
export interface Turn {
  readonly id: string;
  readonly calls: readonly (NamedCall & { readonly id: string })[];
  readonly text: string;
}

/** One question to the model. */
export interface Question {
  readonly tools: readonly ListedTool[];
  /** Results that have arrived since the model's last turn. */
  readonly results: readonly ToolResult[];
  /** Whether the client asks for itself (a title, a route) instead of going on with the talk. */
  readonly aside: boolean;
  /** Puts a turn into the API's own form. */
  reply(turn: Turn): Response;
}

export interface ModelApi {
  /** Whether a request asks the model to speak. */
  asksModel(request: ApiRequest): boolean;
  /** Reads such a request. */
  read(request: ApiRequest): Question;
  /** What any other request is answered with: a list of models, a count of tokens. */
  other(request: ApiRequest): unknown;
}

/** A part of a result: text, a picture, or something else, which counts as its JSON. */
export type Part = { readonly text: string } | { readonly picture: unknown };

export function toolResult(id: string, parts: readonly Part[]): ToolResult {
  const texts = parts.flatMap((part) => "text" in part ? [part.text] : []);
  return {
    id,
    text: texts.join("\n"),
    pictures: parts.length - texts.length,
    bytes: JSON.stringify(parts).length,
  };
}

export function listedTool(name: string, declaration: unknown): ListedTool {
  const text = JSON.stringify(declaration);
  return {
    name,
    bytes: new TextEncoder().encode(text).length,
    descriptions: text.split('"description":"').length - 1,
  };
}

/** Server-sent events; each may have a type of its own. */
export function eventStream(
  events: readonly { readonly type?: string; readonly data: unknown }[],
): Response {
  const lines = events.map(({ type, data }) =>
    `${type === undefined ? "" : `event: ${type}\n`}data: ${
      typeof data === "string" ? data : JSON.stringify(data)
    }\n\n`
  );
  return new Response(lines.join(""), { headers: { "content-type": "text/event-stream" } });
}

/** Events that carry their type both beside and in their data. */
export function typedEvent(type: string, data: Readonly<Record<string, unknown>> = {}) {
  return { type, data: { type, ...data } };
}
