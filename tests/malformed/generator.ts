/** Malformed messages, drawn by a seeded generator, with what the answer to each must say. */

/** A generator of numbers in [0, 1) from a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Draw {
  readonly next: () => number;
  pick<T>(values: readonly T[]): T;
}

export function drawing(seed: number): Draw {
  const next = random(seed);
  return { next, pick: (values) => values[Math.floor(next() * values.length)]! };
}

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export interface ListedTool {
  readonly name: string;
  readonly inputSchema: Schema;
}

/** A message, and a word that the answer must contain; null where there is nothing to name. */
export interface Malformed {
  readonly line: string;
  /** Under which the answer comes; null where none can be read. */
  readonly id: string | number | null;
  readonly names: string | null;
}

/** Values of another type than a field's. A whole number is none where text is wanted: it is taken as text. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  string: [1234.5, {}, [1], true],
  integer: ["x", {}, 1e99, -1e99, 0.5, [{}]],
  number: ["x", {}, [{}], true],
  boolean: ["maybe", 7, {}],
  array: [{ a: 1 }, true],
  object: [[1], true, 5],
};

/** Arguments of a tool of which one field is wrong, and that field's name. */
function wrongArguments(
  { pick, next }: Draw,
  { inputSchema }: ListedTool,
): { args: unknown; field: string } {
  const properties = Object.entries(inputSchema.properties ?? {});
  if (next() < 0.2 || properties.length === 0) {
    const field = pick(["no_such_field", "__proto__", "constructor", "a b", "ünï", "x".repeat(50)]);
    return { args: JSON.parse(`{${JSON.stringify(field)}: 1}`), field };
  }
  const [field, schema] = pick(properties);
  const fields = Object.entries(schema.properties ?? {});
  if (schema.type === "object" && fields.length > 0 && next() < 0.7) {
    const [inner, one] = pick(fields);
    return { args: { [field]: { [inner]: wrong(pick, one) } }, field: inner };
  }
  return { args: { [field]: wrong(pick, schema) }, field };
}

function wrong(pick: Draw["pick"], schema: Schema): unknown {
  if (schema.enum && schema.type === "string") return pick(["no-such-value", 5, {}]);
  return pick(WRONG[schema.type ?? "string"] ?? [{}]);
}

/** A malformed message of JSON-RPC or MCP, numbered. */
export function malformed(draw: Draw, id: number, tools: readonly ListedTool[]): Malformed {
  const { pick, next } = draw;
  const request = (method: unknown, params: unknown, names: string | null): Malformed => ({
    line: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    id,
    names,
  });
  const kind = next();
  if (kind < 0.6) {
    const tool = pick(tools);
    const { args, field } = wrongArguments(draw, tool);
    const line = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${
      JSON.stringify(tool.name)
    },"arguments":${field === "__proto__" ? '{"__proto__":1}' : JSON.stringify(args)}}}`;
    return { line, id, names: field };
  }
  if (kind < 0.75) {
    return pick([
      () => request("tools/call", pick([5, "x", true, [1]]), "params"),
      () => request("tools/list", { _meta: pick([5, "x", [1]]) }, "_meta"),
      () => request("tools/list", { _meta: { progressToken: {} } }, "progressToken"),
      () => request(pick([5, {}, null]), {}, "method"),
      () => ({ line: `{"jsonrpc":"1.0","id":${id},"method":"ping"}`, id, names: "jsonrpc" }),
      () => ({ line: `{"id":${id},"method":"ping"}`, id, names: "jsonrpc" }),
      () => ({ line: `{"jsonrpc":"2.0","id":{},"method":"ping"}`, id: null, names: "id" }),
      () => ({ line: `{"jsonrpc":"2.0","id":null,"method":"ping"}`, id: null, names: "id" }),
      () => ({ line: `{"jsonrpc":"2.0","id":${id}}`, id, names: "method" }),
      () => ({ line: pick(["5", "null", '"x"', "[]", "[[]]"]), id: null, names: null }),
    ])();
  }
  if (kind < 0.9) {
    return pick([
      () => request("tools/call", { name: "no-such-tool", arguments: {} }, "no-such-tool"),
      () => request("tools/call", { name: pick([5, {}, null]) }, "name"),
      () => request("tools/call", { name: "train", arguments: pick(["x", 5, [1]]) }, "arguments"),
      () => request("no/such/method", {}, null),
      () => request("resources/read", { uri: "textdiffusion://runs/none" }, "none"),
      () => request("resources/read", { uri: "nonsense" }, "nonsense"),
      () => request("resources/read", { uri: "file:///etc/passwd" }, "file:///etc/passwd"),
      () => request("resources/read", { uri: 5 }, "uri"),
      () => request("resources/read", {}, "uri"),
      () => request("resources/subscribe", {}, "uri"),
      () => request("prompts/get", { name: "none" }, "none"),
      () => request("prompts/get", { name: "plan-a-sweep", arguments: {} }, "question"),
      () => request("completion/complete", {}, "ref"),
      () => request("completion/complete", { ref: { type: "ref/x" }, argument: {} }, "ref"),
      () => request("logging/setLevel", { level: "loud" }, "level"),
      () => request("resources/list", { cursor: "nonsense" }, "cursor"),
      () => request("tools/list", { cursor: 5 }, "cursor"),
      () => request("tasks/get", { taskId: "none" }, null),
    ])();
  }
  return pick([
    () => ({ line: '{"jsonrpc":"2.0","id":', id: null, names: null }),
    () => ({ line: `not JSON ${"\u0000".repeat(3)} at all`, id: null, names: null }),
    () => ({ line: "[".repeat(5000), id: null, names: null }),
    () => request("tools/call", { name: "train", arguments: deep(300) }, "train"),
    () => request("tools/call", { name: "x".repeat(20_000) }, "xxx"),
  ])();
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { overrides: value };
  return value;
}
