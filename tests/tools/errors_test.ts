import assert from "node:assert/strict";
import { type Caller, currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

/** A tool, its bad arguments, and what the answer must say. */
const BAD_INPUT: [string, Record<string, unknown>, RegExp][] = [
  [
    "train",
    { overrides: { steps: 0 } },
    /^train: overrides\.steps is 0, but must be a whole number from 1 to 1000000$/,
  ],
  [
    "train",
    { overrides: { learning_rte: 0.1 } },
    /no field "learning_rte" in overrides: did you mean learning_rate\?/,
  ],
  ["train", { steps: 100 }, /no field "steps": it belongs in overrides or grid$/],
  [
    "train",
    { preset: "mnist-smal" },
    /preset is "mnist-smal", but must be one of .*: did you mean mnist-small\?$/,
  ],
  [
    "train",
    { overrides: { schedule: "linear" }, grid: { schedule: ["linear"] } },
    /schedule is given both as overrides.schedule and as grid.schedule/,
  ],
  [
    "train",
    { overrides: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i])) },
    /no field "k2" in overrides.*; nor any of 297 others that were given \(fields: dataset, /,
  ],
  ["train", { overrides: { constructor: 1 } }, /no field "constructor" in overrides \(fields: /],
  ["train", { constructor: 1 }, /^train: There is no field "constructor" \(fields: preset, /],
  ["train", { seeds: [1, 1] }, /names a value twice/],
  ["train", { resume: "image-9999" }, /image-0001/],
  ["train", { resume: "latest", preset: "demo" }, /preset cannot be given beside it/],
  ["train", { wait_seconds: 600 }, /wait_seconds is 600, but must be a whole number from 0 to 50/],
  ["train", {
    grid: { seed: Array.from({ length: 64 }, (_, i) => i), schedule: ["linear", "cosine"] },
  }, /more than 64 runs/],
  ["sample", {}, /^sample: run is missing: it must be text of 1 to 60 characters$/],
  ["sample", { run: "image-9999" }, /image-9999/],
  [
    "sample",
    { run: "latest" },
    /^sample: No run has a checkpoint yet: train one, or resume image-0001, which is stopped$/,
  ],
  [
    "train",
    { preset: "shakespeare-tiny", overrides: { target: "v" } },
    /target is a field of runs on images, and this one is on text: leave it out, or take a preset/,
  ],
  [
    "train",
    { preset: "mnist-tiny", overrides: { context: 32 } },
    /context is a field of runs on text, and this one is on images/,
  ],
  ["train", JSON.parse('{"overrides": {"__proto__": {"steps": 1}}}'), /no field "__proto__"/],
  ["sample", { run: "../../etc/passwd" }, /\.\.\/\.\.\/etc\/passwd/],
  [
    "sample",
    { run: "image-0001", class: 11 },
    /class is 11, but must be a whole number from 0 to 9/,
  ],
  [
    "sample",
    { run: "image-0001", steps: 0 },
    /steps is 0, but must be a whole number from 1 to 1000$/,
  ],
  [
    "sample",
    { run: "image-0001", guidance_interval: [1, 2, 3] },
    /guidance_interval is \[1,2,3\], but must be a list of 2 values, each a number from -1000 to 1000$/,
  ],
  [
    "sample",
    { run: "image-0001", guidance_interval: [0, "high"] },
    /guidance_interval\[1\] is "high", but must be a number from -1000 to 1000$/,
  ],
  [
    "inspect-run",
    { run: "a" + "😀".repeat(61) },
    /^inspect-run: run is "a(😀)+\.\.\., but must be/u,
  ],
  ["sample", { run: "latest", guidance: 2 }, /no field "guidance": did you mean guidance_scale\?/],
  ["evaluate", {}, /^evaluate: run is missing: it must be text of 1 to 60 characters$/],
  ["evaluate", { run: "image-9999" }, /image-9999/],
  [
    "evaluate",
    { run: "image-0001", count: 10 },
    /count is 10, but must be a whole number from 200 to/,
  ],
  ["evaluate", { run: "latest", class: 3 }, /no field "class"/],
  ["inspect-run", { run: "image-9999" }, /image-9999/],
  [
    "inspect-run",
    { run: "latest", sweep: "sweep-0001" },
    /sweep chooses the runs of a list: leave it out beside run/,
  ],
  [
    "inspect-run",
    { sweep: "sweep-9999" },
    /There is no sweep "sweep-9999": the newest are none yet/,
  ],
  [
    "inspect-run",
    { status: "done" },
    /status is "done", but must be one of queued, running, finished/,
  ],
  ["inspect-run", { run: "/etc/passwd" }, /\/etc\/passwd/],
  [
    "inspect-noise-schedule",
    { schedules: ["cosin"] },
    /schedules\[0\] is "cosin", but must be one of linear, scaled-linear, cosine, sigmoid, sqrt, edm, flow, .*: did you mean cosine\?/,
  ],
  [
    "inspect-noise-schedule",
    { times: [0, 2] },
    /times\[1\] is 2, but must be a number from 0 to 1/,
  ],
  [
    "inspect-run",
    { date: "yesterday" },
    /date is "yesterday", but must be text such as 2026-11-02, /,
  ],
  ["compare-runs", {}, /Give either runs \(ids such as .*\) or sweep/],
  [
    "compare-runs",
    { runs: ["image-0001"] },
    /A comparison takes 2 to 100 different runs, but 1 was given/,
  ],
  ["compare-runs", { runs: ["image-0001", "image-0002"] }, /image-0001/],
  ["compare-runs", { sweep: "sweep-9999" }, /There is no sweep "sweep-9999"/],
  [
    "train",
    { preset: "mnist-tiny", overrides: { dataset: "made-up-digits" }, label: "a\u0000b" },
    /label has the character U\+0000 at position 1, which cannot be stored: leave it out/,
  ],
  ["stop-run", {}, /Give either runs \(ids such as .*\) or all/],
  ["stop-run", { runs: ["image-9999"] }, /image-9999/],
  ["stop-run", { run: "latest", all: true }, /Give either runs .* or all, and not both/],
  [
    "write-journal",
    {},
    /A new entry needs title and hypothesis; to add to one that exists, give its id/,
  ],
  [
    "write-journal",
    { id: "../../etc/passwd" },
    /There is no journal entry "\.\.\/\.\.\/etc\/passwd": the journal is empty/,
  ],
  ["write-journal", { id: "1", title: "New" }, /as title stays as first written/],
  ["write-journal", { title: "A", hypothesis: "B", runs: ["image-9999"] }, /image-9999/],
  [
    "write-journal",
    { title: "A", hypothesis: "B", tags: ["No Spaces"] },
    /tags\[0\] is "No Spaces", but must be/,
  ],
  ["write-journal", {
    title: "A",
    hypothesis: "B",
    criterion: { metric: "denoising_mse", group: {}, relation: "below" },
  }, /criterion needs either against .* or threshold/],
  ["write-journal", {
    title: "A",
    hypothesis: "B",
    criterion: { metric: "mse", group: {}, relation: "below", threshold: 1 },
  }, /criterion\.metric is "mse", but must be one of/],
  ["write-journal", {
    title: "A",
    hypothesis: "B",
    criterion: {
      metric: "loss",
      group: { parameters: { scedule: "linear" } },
      relation: "below",
      threshold: 1,
    },
  }, /field "scedule" that no configuration has: did you mean schedule\?/],
  ["write-journal", {
    title: "A",
    hypothesis: "B",
    criterion: {
      metric: "denoising_mse",
      group: { parameters: { schedule: "cosin" } },
      relation: "below",
      threshold: 1,
    },
  }, /schedule is "cosin", but must be one of linear, scaled-linear, cosine/],
  ["write-journal", {
    title: "A",
    hypothesis: "B",
    criterion: {
      metric: "denoising_mse",
      group: { parameters: { schedule: "cosine" } },
      relation: "below",
      against: { parameters: { schedule: "cosine" } },
    },
  }, /criterion\.group and criterion\.against choose the same runs, those with schedule = cosine/],
  ["write-journal", { title: "\u0000 ", hypothesis: "B" }, /title cannot be written/],
  [
    "inspect-run",
    { run: "image-0001", tag: "x", sweeps: true },
    /tag and sweeps choose the runs of a list: leave them out beside run/,
  ],
  ["inspect-run", { date: "yesterday" }, /date is "yesterday", but must be/],
  ["inspect-run", { where: { scedule: "linear" } }, /where names a field "scedule".*schedule\?/],
  ["read-journal", { id: "7" }, /There is no journal entry "7": the journal is empty/],
  ["read-journal", { id: "7", tag: "x" }, /tag finds entries for a list: leave it out beside id/],
  [
    "read-journal",
    { verdict: "confirmed" },
    /verdict is "confirmed", but must be one of supported/,
  ],
  ["read-journal", { query: "x" }, /There is no field "query"/],
];

Deno.test("every tool answers bad input with what to do, and the server lives on", () =>
  withLaboratory(async ({ url, lab }) => {
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    await lab.train({ preset: "mnist-tiny", overrides: { dataset: "made-up-digits" } });
    lab.stop("all");
    await lab.watch(["image-0001"], { timeoutSeconds: 60 });
    for (const [tool, args, expected] of BAD_INPUT) await refused(caller, tool, args, expected);
    assert.equal((await caller.listTools()).length, 9);
    assert.match(textOf(await caller.call("inspect-run")), /^1 run: /, "nothing was started");
    await caller.close();
  }));

async function refused(
  caller: Caller,
  tool: string,
  args: Record<string, unknown>,
  expected: RegExp,
) {
  const answer = await caller.call(tool, args);
  const text = textOf(answer);
  assert.ok(answer.isError, `${tool} took ${JSON.stringify(args)}: ${text}`);
  assert.match(text, expected);
  assert.ok(text.isWellFormed(), "no character is cut in two");
  assert.ok(text.startsWith(`${tool}: `) && !text.includes("Internal"), text);
  assert.ok(text.length < 1500, `an answer of ${text.length} characters is no help: ${text}`);
}

Deno.test("resources that are not there are refused by name", () =>
  withLaboratory(async ({ url }) => {
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    for (
      const uri of [
        "textdiffusion://runs/image-9999",
        "textdiffusion://runs/image-9999/curves/csv",
        "textdiffusion://samples/x",
        "textdiffusion://journal/..%2F..%2Fetc%2Fpasswd",
        "textdiffusion://nowhere",
      ]
    ) await assert.rejects(caller.read(uri), { code: -32602 }, uri);
    const { text } = await caller.read("textdiffusion://runs");
    const { total, runs, pretrained } = JSON.parse(text!);
    assert.deepEqual([total, runs], [0, []]);
    assert.deepEqual(pretrained.map(({ id }: { id: string }) => id), [
      "study/digits",
      "study/verse",
    ]);
    await caller.close();
  }));

Deno.test("requests under a foreign Host or Origin are refused, also by the viewer", () =>
  withLaboratory(async ({ url }) => {
    for (const path of ["/", "/mcp", "/runs/image-0001"]) {
      const response = await fetch(url + path, { headers: { origin: "http://evil.example" } });
      assert.equal(response.status, 403, path);
      await response.body?.cancel();
    }
    const { port } = new URL(url);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await connection.write(
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
    );
    const answer = await new Response(connection.readable).text();
    assert.match(answer, /^HTTP\/1\.1 403 /);
  }));
