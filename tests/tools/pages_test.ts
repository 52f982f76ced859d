/** Lists in pages, and completion of what can be typed. */
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { openStore } from "../../experiments/store/store.ts";
import { openJournal } from "../../journal/mod.ts";
import { shortConfig } from "../experiments/workspace.ts";
import { withLaboratory } from "./laboratory.ts";

const RUNS = 130;

function queueRuns(workspace: string, count: number): void {
  const store = openStore(workspace);
  const configs = Array.from({ length: count }, (_, seed) => shortConfig({ seed }));
  const { ids } = store.runs.insert({ configs, codeVersion: "test", label: null, sweep: null });
  ids.forEach((id) => store.runs.requestStop(id));
  store.close();
}

/** One page as it is sent; the client's own method collects all of them. */
async function pageOf(client: Client, method: "resources/list" | "tools/list", cursor?: string) {
  const result = await client.request(
    { method, params: cursor === undefined ? {} : { cursor } },
  ) as { resources?: { uri: string }[]; nextCursor?: string };
  return { uris: (result.resources ?? []).map(({ uri }) => uri), next: result.nextCursor };
}

for (const mode of ["legacy", { pin: "2026-07-28" as const }] as const) {
  const era = mode === "legacy" ? "2025" : "2026";
  Deno.test(`all runs are listed page by page in ${era}, also when others are added meanwhile`, () =>
    withLaboratory(async ({ lab, url }) => {
      queueRuns(lab.workspace, RUNS);
      (await openJournal(lab)).write({ title: "Listed", hypothesis: "On page one" });
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));

      const first = await pageOf(client, "resources/list");
      assert.ok(first.uris.includes("textdiffusion://runs/image-0130"));
      assert.ok(first.uris.some((uri) => uri.startsWith("textdiffusion://journal/0001")));
      assert.ok(first.uris.length <= 50, `${first.uris.length} on the first page`);
      const uris = [...first.uris];
      let cursor = first.next;
      for (let page = 1; cursor !== undefined; page++) {
        if (page === 2) queueRuns(lab.workspace, 7);
        const { uris: more, next } = await pageOf(client, "resources/list", cursor);
        assert.ok(more.length <= 50 && more.length > 0);
        uris.push(...more);
        cursor = next;
      }
      assert.equal(new Set(uris).size, uris.length, "none twice");
      const runs = uris.filter((uri) => uri.startsWith("textdiffusion://runs/image-"));
      assert.equal(runs.length, RUNS, "none left out");

      for (const method of ["resources/list", "tools/list"] as const) {
        for (const wrong of ["nonsense", btoa('{"kind":99,"offset":0,"total":0}'), btoa("{}")]) {
          if (method === "tools/list" && wrong.startsWith("eyJraW5k")) continue;
          await assert.rejects(
            () => pageOf(client, method, wrong),
            /cursor is ".*", but must be the nextCursor of an earlier page/,
          );
        }
      }
      await client.close();
    }));
}

Deno.test("ids, fields and the values of a field are completed", () =>
  withLaboratory(async ({ lab, url }) => {
    queueRuns(lab.workspace, 3);
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
    const resource = async (uri: string, name: string, value: string) =>
      (await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } }))
        .completion.values;
    const prompt = async (name: string, value: string, given: Record<string, string> = {}) =>
      (await client.complete({
        ref: { type: "ref/prompt", name: "plan-a-sweep" },
        argument: { name, value },
        context: { arguments: given },
      })).completion.values;
    assert.deepEqual(
      await resource("textdiffusion://runs/{run}", "run", "image-"),
      ["image-0003", "image-0002", "image-0001"],
    );
    assert.deepEqual(
      await resource("textdiffusion://fields/{field}", "field", "learning"),
      ["learning_rate"],
    );
    assert.deepEqual(await prompt("parameter", "learning"), ["learning_rate"]);
    const reviewed = await client.complete({
      ref: { type: "ref/prompt", name: "review-runs" },
      argument: { name: "runs", value: "image-0001,image-0002" },
    });
    assert.deepEqual(reviewed.completion.values, ["image-0001,image-0002"]);
    const { prompts } = await client.listPrompts();
    for (const { name, arguments: given } of prompts) {
      for (const argument of given ?? []) {
        assert.ok(argument.description, `${name} ${argument.name}`);
      }
    }
    assert.deepEqual(await prompt("values", "cos", { parameter: "schedule" }), ["cosine"]);
    assert.deepEqual(
      await prompt("values", "linear,cos", { parameter: "schedule" }),
      ["linear,cosine"],
    );
    assert.ok((await prompt("values", "", { parameter: "batch_size" })).includes("32"));
    assert.deepEqual(await prompt("values", "", { parameter: "no_such_field" }), []);

    const { contents } = await client.readResource({ uri: "textdiffusion://fields/schedule" });
    assert.match((contents[0] as { text: string }).text, /\| schedule \|.*cosine/);
    const eta = await client.readResource({ uri: "textdiffusion://fields/eta" });
    assert.match(
      (eta.contents[0] as { text: string }).text,
      /^In sample:.*\| eta \|.*In evaluate:/s,
    );
    await assert.rejects(
      () => client.readResource({ uri: "textdiffusion://fields/shedule" }),
      /no field "shedule": did you mean schedule\?/,
    );
    const planned = await client.getPrompt({
      name: "plan-a-sweep",
      arguments: { question: "Which?", parameter: "schedule", values: "linear,cosine" },
    });
    assert.match(
      (planned.messages[0]!.content as { text: string }).text,
      /The parameter to vary: "schedule", its values: "linear,cosine"/,
    );
    await client.close();
  }));
