import assert from "node:assert/strict";
import { INSTRUCTIONS } from "../../tools/server.ts";
import { currentClient, oldClient } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

const GOLDEN = new URL("./golden/tools.json", import.meta.url);

interface Listed {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: Node;
  readonly annotations?: Record<string, unknown>;
}
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Record<string, Node>;
  readonly items?: Node;
  readonly required?: readonly string[];
}

/** What every client and model service is known to understand. */
const KEYWORDS = ["type", "description", "enum", "items", "properties", "required"];
/** Codex drops every description of a tool whose schema is above 5,000 bytes. */
const MOST_BYTES_OF_ONE = 4_800;
/** Bytes of all tools as Claude Code declares them to its model at every turn. */
const MOST_BYTES = 20_000;
/** Characters of a description that one client shows before a tool is called. */
const OPENING = 160;

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

async function listed(url: string): Promise<Listed[]> {
  const caller = await currentClient("modern", { url: `${url}/mcp` });
  const tools = await caller.listTools() as Listed[];
  await caller.close();
  return tools;
}

Deno.test("the tools' names, schemas and annotations are those of the golden file", () =>
  withLaboratory(async ({ url }) => {
    const tools = (await listed(url)).map(({ name, annotations, inputSchema }) => ({
      name,
      annotations,
      inputSchema,
    }));
    // Descriptions may be improved at any time; what callers depend on is the rest.
    const now = JSON.stringify(tools, (key, value) =>
      key === "description" ? undefined : value, 2) +
      "\n";
    if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(GOLDEN, now);
    assert.deepEqual(
      JSON.parse(now),
      JSON.parse(await Deno.readTextFile(GOLDEN)),
      "the surface changed: if on purpose, run the test with UPDATE_GOLDEN=1",
    );
  }));

Deno.test("both eras see the same tools", () =>
  withLaboratory(async ({ url }) => {
    const names = (await listed(url)).map((tool) => tool.name);
    const old = await oldClient({ url: `${url}/mcp` });
    assert.deepEqual((await old.listTools()).map((tool) => tool.name), names);
    await old.close();
  }));

Deno.test("every field is described with its range and its default", () =>
  withLaboratory(async ({ url }) => {
    for (const tool of await listed(url)) {
      assert.match(tool.name, /^[a-z]+(-[a-z]+)+$|^[a-z]+$/);
      assert.ok((tool.description ?? "").length > 50 && tool.description!.length < 2000);
      assert.equal(Object.keys(tool.annotations ?? {}).length, 4, `${tool.name}: annotations`);
      assert.equal(tool.inputSchema.type, "object");
      for (const word of ["anyOf", "oneOf", "allOf"]) assert.ok(!(word in tool.inputSchema));
      checkNode(tool.name, tool.inputSchema);
      const required = (tool.inputSchema as { required?: string[] }).required ?? [];
      for (const [name, node] of Object.entries(tool.inputSchema.properties ?? {})) {
        assert.match(name, /^[a-z]+(_[a-z]+)*$/);
        assert.ok(node.description, `${tool.name}.${name} is not described`);
        if (!required.includes(name) && !["overrides", "grid", "resume"].includes(name)) {
          assert.match(
            node.description,
            /default|give this|a new entry/i,
            `${tool.name}.${name} has no default`,
          );
        }
        if (node.type === "integer") assert.match(node.description, /\d to \d/, name);
      }
    }
  }));

Deno.test("descriptions say at once what a tool is for, and what no client may miss", () =>
  withLaboratory(async ({ url }) => {
    const said = new Map<string, string>();
    for (const { name, description } of await listed(url)) {
      const [first] = description!.split(/(?<=[.:;]) /);
      assert.ok(first!.length <= OPENING, `${name} begins with ${first!.length} characters`);
      said.set(name, description!);
    }
    // Three clients drop the server's instructions.
    for (const name of ["train", "compare-runs"]) {
      assert.match(said.get(name)!, /two seeds or more/);
    }
    assert.match(said.get("train")!, /write the hypothesis down \(write-journal\)/);
    for (const name of ["train", "sample", "inspect-run"]) {
      assert.match(said.get(name)!, /link/, `${name} does not speak of the person's link`);
    }
  }));

/** Nothing is said that some client refuses. */
function checkNode(path: string, node: Node) {
  for (const keyword of Object.keys(node)) {
    assert.ok(KEYWORDS.includes(keyword), `${path} is published with ${keyword}`);
  }
  assert.ok(node.type, `${path} has no type`);
  if (node.type === "array") assert.ok(node.items, `${path} does not say what it lists`);
  for (const name of node.required ?? []) {
    assert.ok(node.properties?.[name], `${path} wants ${name} without describing it`);
  }
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    checkNode(`${path}.${name}`, child);
  }
  if (node.items) checkNode(`${path}[]`, node.items);
}

Deno.test("tools are listed without output schemas, as closed to the world and never as destructive", () =>
  withLaboratory(async ({ url }) => {
    for (const tool of await listed(url)) {
      assert.ok(
        !("outputSchema" in tool),
        `${tool.name}: clients would hide the text of its answers`,
      );
      assert.equal(tool.annotations!.openWorldHint, false, tool.name);
      assert.equal(tool.annotations!.destructiveHint, false, tool.name);
    }
  }));

Deno.test("no client that cuts long schemas drops a tool's descriptions", () =>
  withLaboratory(async ({ url }) => {
    for (const { name, description, inputSchema } of await listed(url)) {
      // Clients differ in what they count: the schema, or the declaration with its description.
      const declared = bytes([description, inputSchema]);
      assert.ok(declared <= MOST_BYTES_OF_ONE, `${name}: ${declared} bytes`);
    }
  }));

Deno.test("instructions stay below two kilobytes, all tools below twenty", () =>
  withLaboratory(async ({ url }) => {
    assert.ok(new TextEncoder().encode(INSTRUCTIONS).length < 2048);
    const declared = (await listed(url)).map(({ name, description, inputSchema }) => ({
      ...{ name: `mcp__textdiffusion__${name}`, description, input_schema: inputSchema },
    }));
    const size = bytes(declared);
    assert.ok(size <= MOST_BYTES, `the tools take ${size} bytes`);
  }));
