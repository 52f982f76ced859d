/**
 * The first connection of an assistant, with an empty cache of Deno's: downloads from the npm
 * registry, so it is no part of the fast tests.
 */
import assert from "node:assert/strict";
import { openStore } from "../../experiments/store/mod.ts";
import { queue, shortConfig } from "../experiments/workspace.ts";
import { currentClient, textOf } from "../tools/clients.ts";
import { median } from "../tools/pixels.ts";
import { type Machine, type Network, onEmptyMachine, outcomeOf, timeAnswers } from "./machine.ts";

const STARTS = 3;
const MARK_MS = 8000;
/** What the server's own packages take, in bytes; 26 MB when this was written. */
const MARK_BYTES = 40e6;

Deno.test("with an empty cache, initialize is answered within eight seconds", async () => {
  const times: { initialize: number; toolsList: number; bytes: number }[] = [];
  for (let i = 0; i < STARTS; i++) {
    await onEmptyMachine(async (machine) => {
      const answers = await timeAnswers(machine.task("online", "mcp"));
      times.push({ ...answers, bytes: await machine.cacheBytes() });
    });
  }
  const middle = (name: "initialize" | "toolsList" | "bytes") =>
    Math.round(median(times.map((time) => time[name])));
  console.log(
    `initialize after ${middle("initialize")} ms, tools/list after ${middle("toolsList")} ms, ` +
      `${Math.round(middle("bytes") / 1e6)} MB in the cache (medians of ${STARTS})`,
  );
  assert.ok(middle("initialize") <= MARK_MS, `${middle("initialize")} ms`);
  assert.ok(middle("bytes") <= MARK_BYTES, `${middle("bytes")} bytes`);
});

/** Trains for a moment and draws a picture, through the tools. */
async function trainAndSample(machine: Machine, network: Network): Promise<void> {
  const caller = await currentClient("legacy", machine.task(network, "mcp"));
  const trained = await caller.call("train", {
    preset: "mnist-tiny",
    overrides: { dataset: "made-up-digits", steps: 4 },
    wait_seconds: 0,
  });
  assert.ok(!trained.isError, textOf(trained));
  const deadline = Date.now() + 120_000;
  let seen = "";
  while (!/finished/.test(seen) && Date.now() < deadline) {
    seen = textOf(await caller.call("inspect-run", { run: "latest", wait_seconds: 20 }));
    assert.ok(!/failed/.test(seen), seen);
  }
  assert.match(seen, /finished/);
  const sampled = await caller.call("sample", { run: "latest", count: 2, steps: 2 });
  assert.ok(!sampled.isError, textOf(sampled));
  assert.ok(sampled.content.some(({ type }) => type === "image"));
  await caller.close();
}

Deno.test("what trains and draws is fetched when it is first asked for; until then, the refusal says so", () =>
  onEmptyMachine(async (machine) => {
    await timeAnswers(machine.task("online", "mcp"));
    const store = openStore(machine.workspace);
    const [waiting] = queue(store, shortConfig());
    store.close();
    const caller = await currentClient("legacy", machine.task("offline", "mcp"));
    for (
      const [tool, args] of [
        ["train", { preset: "mnist-tiny" }],
        ["inspect-noise-schedule", { schedules: ["linear"] }],
      ] as const
    ) {
      const answer = await caller.call(tool, args);
      assert.ok(answer.isError);
      assert.match(
        textOf(answer),
        /: The npm package \S+ \d+\.\d+\.\d+ is needed here for the first time and cannot be fetched \(.*\): run `deno task setup` once/,
      );
    }
    // The worker that took up the run found the same.
    const taken = textOf(await caller.call("inspect-run", { run: waiting, wait_seconds: 45 }));
    assert.match(taken, /The npm package \S+ .* is needed here for the first time/);
    const listed = textOf(await caller.call("inspect-run"));
    const viewer = /http:\/\/127\.0\.0\.1:\d+/.exec(listed)![0];
    const page = await fetch(viewer);
    assert.equal(page.status, 503);
    assert.match(await page.text(), /^The npm package \S+ .* run `deno task setup` once/);
    await caller.close();
    await trainAndSample(machine, "online");
  }));

Deno.test("after setup, no start asks the registry: server, viewer, training, sampling", () =>
  onEmptyMachine(async (machine) => {
    const { success, stdout, stderr } = await outcomeOf(machine.task("online", "setup"));
    assert.ok(success, stdout + stderr);
    assert.match(stdout, /^Fetched \d+ packages, \d+ MB, in \d+ s\.$/m);
    assert.match(stdout, /^Ready: /m);
    assert.ok(!stderr.includes("Ignored build scripts"), stderr);
    assert.ok(await machine.cacheBytes() < 600e6, "nothing that only tests need is fetched");

    const before = await machine.cacheBytes();
    await timeAnswers(machine.task("offline", "mcp"));
    await trainAndSample(machine, "offline");
    const again = await outcomeOf(machine.task("offline", "setup"));
    assert.ok(again.success, again.stderr);
    assert.match(again.stdout, /^Everything was here already\.$/m);
    // What is compiled is cached beside the packages.
    assert.ok(await machine.cacheBytes() - before < 30e6);
  }));

Deno.test("setup without a registry says what is missing and what to do", () =>
  onEmptyMachine(async (machine) => {
    await timeAnswers(machine.task("online", "mcp"));
    const { success, stderr } = await outcomeOf(machine.task("offline", "setup"));
    assert.ok(!success);
    assert.match(
      stderr,
      /^MCP server and journal: the npm registry did not give what is missing \(Failed caching npm package '.*\)\. .* Run `deno task setup` again once the registry can be reached$/m,
    );
  }));
