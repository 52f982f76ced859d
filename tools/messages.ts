/**
 * JSON-RPC messages as they arrive, judged before the SDK sees them: it drops what it cannot read,
 * and a client would wait for an answer that never comes.
 */
import {
  INVALID_PARAMS,
  INVALID_REQUEST,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type McpServer,
  PARSE_ERROR,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { isObject, shortened } from "../engine/host/mod.ts";

/** The longest message of an error: the SDK repeats names as long as they are. */
const MAX_ERROR = 2000;

/** An error response; its id is null where the request's own could not be read, as JSON-RPC wants. */
export type Refusal = Omit<JSONRPCErrorResponse, "id"> & { readonly id: string | number | null };

/**
 * Puts what the SDK found wrong with a message's parameters into words: it sends the list that its
 * schemas made, and calls it an error of its own.
 */
export function explainProtocolErrors(server: McpServer): void {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(explainedMessage(message), options);
    return connect(transport);
  };
}

function explainedMessage(message: JSONRPCMessage): JSONRPCMessage {
  if (!("error" in message)) return message;
  const text = message.error.message;
  const start = text.indexOf("[\n");
  const issues = Issues.safeParse(start === -1 ? undefined : parsedIssues(text.slice(start)));
  if (!issues.success) {
    return { ...message, error: { ...message.error, message: shortened(text, MAX_ERROR) } };
  }
  const words = [...new Set(issues.data.map(inWords))].slice(0, 5).join("; ");
  return {
    ...message,
    error: { code: INVALID_PARAMS, message: shortened(`Invalid params: ${words}`, MAX_ERROR) },
  };
}

const Issues = z.array(z.looseObject({
  path: z.array(z.union([z.string(), z.number()])),
  message: z.string(),
  errors: z.unknown().optional(),
})).min(1);

function parsedIssues(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inWords({ path, message, errors }: z.infer<typeof Issues>[number]): string {
  const branch = Array.isArray(errors) ? Issues.safeParse(errors[0]) : undefined;
  const [first] = branch?.data ?? [];
  if (first) return inWords({ ...first, path: [...path, ...first.path] });
  const field = path.length === 0 ? "" : `${path.join(".")}: `;
  return `${field}${message.replace(/^Invalid input: /, "")}`;
}

/** Refuses a message, with the reason in words. */
export function refusal(code: number, message: string, id: unknown = null): Refusal {
  return { jsonrpc: "2.0", id: isId(id) ? id : null, error: { code, message } };
}

/** A refusal as an HTTP response. */
export function answered(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(refusal(code, message), { status, headers });
}

/** Parses a text as JSON; a refusal if it is none. */
export function parsedMessage(text: string): { readonly message: unknown } | Refusal {
  try {
    return { message: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refusal(PARSE_ERROR, `Parse error: the message is not valid JSON: ${reason}`);
  }
}

/**
 * Why a parsed message cannot be served; undefined for one that the SDK can judge. Batches are left to
 * the SDK, except empty ones.
 */
export function malformed(message: unknown): Refusal | undefined {
  if (Array.isArray(message)) {
    return message.length > 0
      ? message.map(malformed).find((refused) => refused !== undefined)
      : refusal(INVALID_REQUEST, "Invalid Request: the batch is empty");
  }
  if (!isObject(message)) {
    return refusal(
      INVALID_REQUEST,
      `Invalid Request: a message is an object, not ${kind(message)}`,
    );
  }
  const { jsonrpc, id, method, params } = message;
  const invalid = (reason: string) => refusal(INVALID_REQUEST, `Invalid Request: ${reason}`, id);
  if (jsonrpc !== "2.0") return invalid(`jsonrpc is ${shown(jsonrpc)}, but must be "2.0"`);
  if ("id" in message && !isId(id)) {
    return invalid(`id is ${shown(id)}, but must be a string or a whole number`);
  }
  if (method === undefined) return malformedResponse(message);
  if (typeof method !== "string") {
    return invalid(`method is ${shown(method)}, but must be a string`);
  }
  return malformedParams(params, id);
}

function malformedParams(params: unknown, id: unknown): Refusal | undefined {
  const invalid = (reason: string) => refusal(INVALID_PARAMS, `Invalid params: ${reason}`, id);
  if (params === undefined) return undefined;
  if (!isObject(params)) return invalid(`params is ${kind(params)}, but must be an object`);
  if (hasForbidden(params)) return invalid(`there is no field ${FORBIDDEN}: leave it out`);
  const meta = params._meta;
  if (meta === undefined) return undefined;
  if (!isObject(meta)) return invalid(`params._meta is ${kind(meta)}, but must be an object`);
  const token = meta.progressToken;
  if (token === undefined || isId(token)) return undefined;
  return invalid(
    `params._meta.progressToken is ${shown(token)}, but must be a string or a whole number`,
  );
}

/** A name that reaches into JavaScript's objects instead of naming a field. */
export const FORBIDDEN = "__proto__";

/** Whether it stands where the SDK would lose it without a word; tools refuse it further inside. */
function hasForbidden(params: Record<string, unknown>): boolean {
  const { arguments: args } = params;
  return [params, args].some((value) => isObject(value) && Object.hasOwn(value, FORBIDDEN));
}

function malformedResponse(message: Record<string, unknown>): Refusal | undefined {
  const { id, result, error } = message;
  if ((result === undefined) === (error === undefined)) {
    return refusal(INVALID_REQUEST, "Invalid Request: method is missing", id);
  }
  const wrong = result !== undefined
    ? !isObject(result) && `result is ${kind(result)}, but must be an object`
    : !(isObject(error) && Number.isSafeInteger(error.code) && typeof error.message === "string") &&
      "error must be an object with a whole code and a message";
  if (wrong) return refusal(INVALID_REQUEST, `Invalid Request: ${wrong}`, id);
  return undefined;
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "a list" : isObject(value) ? "an object" : `a ${typeof value}`;
}

/** The value where it is short, and otherwise its kind. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined || text.length > 40 ? kind(value) : text;
}
