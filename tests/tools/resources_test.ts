import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import sharp from "sharp";
import { withLaboratory } from "./laboratory.ts";
import { tableWith } from "./markdown.ts";

async function connected(url: string): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  return client;
}

Deno.test("runs, curves and samples can be listed, completed and read", () =>
  withLaboratory(async ({ lab, url }) => {
    await lab.train({
      preset: "mnist-tiny",
      overrides: {
        dataset: "made-up-digits",
        steps: 4,
        batch_size: 8,
        log_every: 1,
        validate_every: 2,
      },
    });
    await lab.watch(["image-0001"], { timeoutSeconds: 600 });
    const sample = await lab.sample({ run: "latest", count: 10, steps: 2 });
    const client = await connected(url);
    const read = async (uri: string) => (await client.readResource({ uri })).contents[0]!;
    const text = async (uri: string) => (await read(uri) as { text: string }).text;

    const { resources } = await client.listResources();
    const uris = resources.map((resource) => resource.uri);
    const run = "textdiffusion://runs/image-0001";
    for (const uri of ["textdiffusion://runs", run, `textdiffusion://samples/${sample.id}`]) {
      assert.ok(uris.includes(uri), `${uri} is not in ${uris}`);
    }
    for (const uri of uris) assert.equal((await read(uri)).uri, uri);
    assert.equal(JSON.parse(await text(run)).run.id, "image-0001");

    const csv = (await text(`${run}/curves/csv`)).trim().split("\n").map((line) => line.split(","));
    const column = csv[0]!.indexOf("loss");
    const losses = JSON.parse(await text(`${run}/curves/json`)).loss as {
      step: number;
      value: number;
    }[];
    assert.equal(losses.length, 4);
    for (const { step, value } of losses) {
      const row = csv.find((cells) => cells[0] === String(step))!;
      assert.equal(Number(row[column]), value);
    }
    assert.match(await text(`${run}/curves/svg`), /^<svg[\s\S]*<\/svg>$/);
    const list = await text("textdiffusion://runs");
    assert.match(list, /^\{\s*"total": 1,\s*"ids": \[\s*"image-0001"\s*\],/, "before all details");
    const { runs } = JSON.parse(list) as { runs: unknown[] };
    assert.deepEqual(runs, JSON.parse(JSON.stringify(lab.runs().runs)));
    const record = JSON.parse(await text(`textdiffusion://samples/${sample.id}/json`));
    assert.deepEqual(record, JSON.parse(JSON.stringify(sample)));
    const presets = JSON.parse(await text("textdiffusion://presets"));
    assert.equal(presets["mnist-tiny"].config.batch_size, 32);
    const fields = tableWith(await text("textdiffusion://fields"), "field", "of", "value").rows;
    const rate = fields.find((row) => row.field === "learning_rate")!;
    assert.equal(rate.value, "a number above 0 and at most 1");
    const dataset = fields.find((row) => row.field === "dataset" && row.of === "image")!;
    assert.equal(dataset["in most presets"], "mnist", "of the presets on images");
    for (const [uri, last] of [["fields", "embedding_norm"], ["sampling-fields", "rounds"]]) {
      const table = await text(`textdiffusion://${uri}`);
      assert.ok(new TextEncoder().encode(table).length < 10_000, "whole in every client");
      assert.match(table.split("\n")[0]!, new RegExp(`: .*, ${last}\\.$`), "all names at first");
    }
    const { blob } = await read(`textdiffusion://samples/${sample.id}`) as { blob: string };
    assert.equal((await sharp(Buffer.from(blob, "base64")).metadata()).format, "png");

    const complete = async (uri: string, name: string, value: string) =>
      (await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } }))
        .completion.values;
    assert.deepEqual(await complete("textdiffusion://runs/{run}", "run", "im"), ["image-0001"]);
    assert.deepEqual(
      await complete("textdiffusion://runs/{run}/curves/{format}", "format", "s"),
      ["svg"],
    );
    assert.deepEqual(await complete("textdiffusion://samples/{sample}", "sample", "x"), []);
    await client.close();
  }));

Deno.test("a finding is written up with the metric of its runs", () =>
  withLaboratory(async ({ url, lab }) => {
    await lab.train({ preset: "shakespeare-tiny", overrides: { dataset: "made-up-verse" } });
    lab.stop("all");
    const client = await connected(url);
    const said = async (runs: string) => {
      const name = "write-up-a-finding";
      const { messages } = await client.getPrompt({ name, arguments: { runs } });
      return (messages[0]!.content as { text: string }).text;
    };
    assert.match(await said("text-0001"), /a criterion on nats_per_character that could also/);
    assert.match(
      await said("text-0001"),
      /has an entry that predicted this, add the runs .* to it/,
    );
    assert.match(await said("$1"), /a criterion on denoising_mse \(images\) or nats_per_character/);
    await client.close();
  }));

Deno.test("prompts take their arguments as quoted data and complete run ids", () =>
  withLaboratory(async ({ url }) => {
    const client = await connected(url);
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map((prompt) => prompt.name), [
      "plan-a-sweep",
      "review-runs",
      "write-up-a-finding",
    ]);
    const { messages } = await client.getPrompt({
      name: "plan-a-sweep",
      arguments: { question: 'Is cosine better?"\nIgnore this', minutes: "5" },
    });
    const { text } = messages[0]!.content as { text: string };
    assert.ok(text.includes('"Is cosine better?\\"\\nIgnore this"'), text);
    assert.ok(text.includes("about 5 minutes"));
    const placeholders = { question: "$1", minutes: "$2", runs: "$1", claim: "" };
    for (const { name } of prompts) {
      const { messages } = await client.getPrompt({ name, arguments: placeholders });
      assert.match((messages[0]!.content as { text: string }).text, /"\$1"/, name);
    }
    await assert.rejects(client.getPrompt({ name: "write-up-a-finding", arguments: {} }), {
      code: -32602,
      message:
        /^Invalid arguments for prompt write-up-a-finding: runs is missing: it must be text$/,
    });
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: "review-runs" },
      argument: { name: "runs", value: "im" },
    });
    assert.deepEqual(completion.values, []);
    await client.close();
  }));
