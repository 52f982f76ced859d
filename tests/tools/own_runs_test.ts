import assert from "node:assert/strict";
import { OwnRuns } from "../../tools/own_runs.ts";
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

Deno.test("what needs weights takes the newest of the client's own runs that has a checkpoint", () =>
  withStore((store) => {
    const one = finishedRun(store, shortConfig(), 0.1);
    const [two] = queue(store, shortConfig({ seed: 1 })) as [string];
    store.checkpoints.insert(one, 12, "runs/x", 1);
    const lab = openLab({ workspace: store.workspace });
    const own = new OwnRuns(lab);
    const asked = { run: "latest", runs: ["latest", one], text: "latest" };
    assert.deepEqual(own.named("a", asked, false), asked);
    own.add("a", [one]);
    own.add("a", [two, "image-0099"]);
    assert.deepEqual(own.named("a", asked, false), {
      run: "image-0099",
      runs: ["image-0099", one],
      text: "latest",
    });
    assert.equal(own.named("a", asked, true).run, one);
    assert.equal(own.named("b", asked, true).run, "latest");
    lab.close();
  }));
