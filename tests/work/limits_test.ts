/**
 * Whatever is asked, and however much a store holds: no answer above 25,000 tokens, no picture above
 * its sides, no broken character, no error of ours.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { integers } from "../../engine/host/mod.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { openStore, type Store } from "../../experiments/store/store.ts";
import { MOST_SIDE } from "../../figures/for_models.ts";
import { bytesOf } from "../../tools/answer.ts";
import { type Answer, type Caller, currentClient, textOf } from "../tools/clients.ts";
import { withLaboratory } from "../tools/laboratory.ts";

const RUNS = 10_000;
const CALLS = 240;
/** What clients show their models of one answer. */
const MOST_TOKENS = 25_000;
/** Bytes of a token, at the least, in the tables that answers are made of. */
const BYTES_OF_A_TOKEN = 2;
/** A picture costs a token for each square of so many pixels. */
const PATCH = 28;

const LONG = "👩‍👩‍👧 e\u0301 字 | a\nb ".repeat(30);

/** Ten thousand runs in sweeps of a hundred, with long labels and errors, most of them finished. */
function fill(store: Store): void {
  const digits = resolveConfig("mnist-tiny", { dataset: "made-up-digits" });
  const verse = resolveConfig("shakespeare-tiny", { dataset: "made-up-verse" });
  for (let from = 0; from < RUNS; from += 100) {
    const base = from % 500 === 0 ? verse : digits;
    const configs = Array.from({ length: 100 }, (_, i) => ({ ...base, seed: from + i }));
    store.runs.insert({ configs, codeVersion: "test", label: LONG.slice(0, 200), sweep: {} });
  }
  const db = new DatabaseSync(join(store.workspace, "lab.sqlite"));
  db.exec(`
    UPDATE runs SET status = 'finished', step = steps, started_at = created_at,
      ended_at = created_at WHERE number % 10 > 0;
    UPDATE runs SET status = 'stopped', ended_at = created_at WHERE number % 10 = 0;
    INSERT INTO metrics SELECT id, 'denoising_mse', steps, 0.1 + (number % 7) * 0.01 FROM runs
      WHERE id LIKE 'image%' AND number % 10 > 0;
    INSERT INTO metrics SELECT id, 'nats_per_character', steps, 2 + (number % 7) * 0.1 FROM runs
      WHERE id LIKE 'text%' AND number % 10 > 0;`);
  db.prepare("UPDATE runs SET status = 'failed', error = ? WHERE number % 20 = 0")
    .run(LONG.repeat(20));
  db.close();
}

/** Numbers that look drawn by chance and are the same in every run of the test. */
function dice(seed: number): (below: number) => number {
  const numbers = integers({ seed, stream: "arguments", step: 0 }, 4000, 2 ** 31 - 1);
  let at = 0;
  return (below) => numbers[at++ % numbers.length]! % below;
}

interface Node {
  readonly type: string;
  readonly enum?: readonly string[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
}

/** A value for a field: mostly of its type, often out of its range, at times something else. */
function valueFor(name: string, node: Node, roll: (below: number) => number): unknown {
  const strange = [null, "", LONG, LONG.repeat(40), -1, 1e300, 0.5, [], {}, [[]], "\ud800", true];
  if (roll(8) === 0) return strange[roll(strange.length)];
  const id = `image-${String(1 + roll(RUNS)).padStart(4, "0")}`;
  switch (node.type) {
    case "string":
      if (node.enum) return node.enum[roll(node.enum.length)];
      if (name === "sweep") return `sweep-${String(1 + roll(110)).padStart(4, "0")}`;
      return [id, "latest", "best", "text-0001", "image-", "x", "denoising_mse"][roll(7)];
    case "boolean":
      return roll(2) === 0;
    case "array":
      return Array.from(
        { length: [1, 2, 20, 100, 300][roll(5)]! },
        () => valueFor(name, node.items!, roll),
      );
    case "object": {
      const known = Object.entries(node.properties ?? {})
        .map(([field, child]) => [field, valueFor(field, child, roll)]);
      const more = roll(4) === 0
        ? Array.from({ length: 300 }, (_, i) => [`${LONG.slice(0, 50)}${i}`, i])
        : [];
      return Object.fromEntries([...known, ...more]);
    }
    default:
      return [0, 1, 2, 20, 9999, 2 ** 31][roll(6)];
  }
}

function assertWithin(answer: Answer, asked: string): void {
  const text = textOf(answer);
  assert.ok(text.isWellFormed(), `${asked}: a broken character`);
  assert.ok(!text.includes("Internal:"), `${asked}: ${text.slice(0, 500)}`);
  let tokens = bytesOf(text) / BYTES_OF_A_TOKEN;
  for (const { data } of answer.content.filter(({ type }) => type === "image")) {
    const bytes = Uint8Array.fromBase64(data!);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    assert.ok(Math.max(width, height) <= MOST_SIDE, `${asked}: ${width} × ${height}`);
    tokens += Math.ceil(width / PATCH) * Math.ceil(height / PATCH);
  }
  assert.ok(tokens <= MOST_TOKENS, `${asked}: ${tokens} tokens`);
  if (answer.isError) assert.ok(text.length <= 4000, `${asked}: an error of ${text.length}`);
}

/** Arguments that may be asked, whatever they are; nothing is trained, and nobody waits. */
function argumentsFor(tool: string, schema: Node, roll: (below: number) => number) {
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => schema.required?.includes(name) || roll(3) === 0)
    .map(([name, node]) => [name, valueFor(name, node, roll)]);
  const args: Record<string, unknown> = Object.fromEntries(fields);
  if ("wait_seconds" in args) args.wait_seconds = 0;
  if (tool === "train") args[LONG.slice(0, 40)] = roll(9);
  return args;
}

Deno.test("no answer is too long, whatever the arguments, over a store of 10,000 runs", () =>
  withLaboratory(async ({ lab, url }) => {
    const store = openStore(lab.workspace);
    fill(store);
    store.close();
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    const tools = await caller.listTools() as readonly { name: string; inputSchema: Node }[];
    const roll = dice(1);
    // Each call of it draws curves and a picture.
    const quick = tools.filter(({ name }) => name !== "inspect-noise-schedule");
    for (let i = 0; i < CALLS; i++) {
      const { name, inputSchema } = i % 60 === 59
        ? tools.find((tool) => tool.name === "inspect-noise-schedule")!
        : quick[i % quick.length]!;
      const args = argumentsFor(name, inputSchema, roll);
      assertWithin(await caller.call(name, args), `${name} ${JSON.stringify(args).slice(0, 300)}`);
    }
    await assertLongest(caller);
    await caller.close();
  }));

/** What is as long as can be asked for with arguments that are taken. */
async function assertLongest(caller: Caller): Promise<void> {
  const ids = Array.from({ length: 100 }, (_, i) => `image-${String(101 + i).padStart(4, "0")}`);
  const asked: [string, Record<string, unknown>][] = [
    ["inspect-run", {}],
    ["inspect-run", { status: "failed" }],
    ["inspect-run", { sweep: "sweep-0002", offset: 80 }],
    ["compare-runs", { runs: ids, points: 20, metrics: ["denoising_mse", "loss"] }],
    ["compare-runs", { sweep: "sweep-0001" }],
    ["write-journal", {
      title: LONG.slice(0, 120).trim(),
      hypothesis: LONG.repeat(4).slice(0, 2000),
      observations: LONG.repeat(20).slice(0, 10_000),
      runs: ids,
    }],
  ];
  for (const [tool, args] of asked) {
    const answer = await caller.call(tool, args);
    assert.ok(!answer.isError, `${tool}: ${textOf(answer).slice(0, 500)}`);
    assertWithin(answer, `${tool} ${JSON.stringify(args).slice(0, 200)}`);
  }
}
