import assert from "node:assert/strict";
import { RunsByClient } from "../../tools/runs_by_client.ts";
import { finishedRun, queue, shortConfig, withStore } from "../experiments/workspace.ts";
import { openLab } from "../../experiments/mod.ts";
import { currentClient, textOf } from "./clients.ts";
import { withLaboratory } from "./laboratory.ts";

Deno.test('"latest" is the client\'s own newest run, and the newest of all for one that started none', () =>
  withLaboratory(async ({ url, lab }) => {
    const connect = () => currentClient("legacy", { url: `${url}/mcp` });
    const [first, second, third] = await Promise.all([connect(), connect(), connect()]);
    const train = {
      preset: "mnist-tiny",
      overrides: { dataset: "made-up-digits" },
      wait_seconds: 0,
    };
    await first.call("train", train);
    await second.call("train", { ...train, overrides: { ...train.overrides, steps: 70 } });
    lab.stop("all");
    const latest = async (caller: typeof first) =>
      /^image-\d+/.exec(textOf(await caller.call("inspect-run", { run: "latest" })))?.[0];
    assert.deepEqual(
      [await latest(first), await latest(second), await latest(third)],
      ["image-0001", "image-0002", "image-0002"],
    );
    await Promise.all([first, second, third].map((caller) => caller.close()));
  }));

Deno.test("a sweep's name goes on with what broke off in it, and a dry run starts nothing", () =>
  withLaboratory(async ({ url, lab }) => {
    const caller = await currentClient("modern", { url: `${url}/mcp` });
    const { modality: _, ...overrides } = shortConfig({ steps: 100_000 });
    const request = { preset: "mnist-tiny", overrides: { ...overrides, seed: undefined } };
    const dry = await caller.call("train", { ...request, seeds: [0, 1], dry_run: true });
    assert.match(textOf(dry), /^Nothing was started: 2 runs would take an unknown time/);
    assert.match(
      textOf(dry),
      /Next: train \{"preset": "mnist-tiny", .*"seeds": \[0, 1\]\} to start it/,
    );
    assert.equal(lab.runs().total, 0);
    await caller.call("train", { ...request, seeds: [0, 1], wait_seconds: 0 });
    await caller.call("stop-run", { runs: ["sweep-0001"], wait_seconds: 45 });
    const again = textOf(await caller.call("train", { resume: "sweep-0001", wait_seconds: 0 }));
    assert.match(again, /^Sweep sweep-0001 of 2 runs: /);
    lab.stop("all");
    const refused = await caller.call("train", { resume: "image-0001", seeds: [0], dry_run: true });
    assert.match(textOf(refused), /resume goes on with a run .* seeds cannot be given beside it/);
    await caller.close();
  }));

Deno.test("what needs weights takes the newest of the client's own runs that has a checkpoint", () =>
  withStore((store) => {
    const one = finishedRun(store, shortConfig(), 0.1);
    const [two] = queue(store, shortConfig({ seed: 1 })) as [string];
    store.checkpoints.insert(one, 12, "runs/x", 1);
    const lab = openLab({ workspace: store.workspace });
    const own = new RunsByClient(lab);
    const asked = { run: "latest", runs: ["latest", one], text: "latest" };
    assert.deepEqual(own.resolveLatest("a", asked, false), asked);
    own.add("a", [one]);
    own.add("a", [two, "image-0099"]);
    assert.deepEqual(own.resolveLatest("a", asked, false), {
      run: "image-0099",
      runs: ["image-0099", one],
      text: "latest",
    });
    assert.equal(own.resolveLatest("a", asked, true).run, one);
    assert.equal(own.resolveLatest("b", asked, true).run, "latest");
    lab.close();
  }));
