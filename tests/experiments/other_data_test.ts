import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { resolveConfig } from "../../experiments/mod.ts";
import { openStore } from "../../experiments/store/store.ts";
import { queue, withWorkspace } from "./workspace.ts";
import { runWorker } from "../../experiments/run_worker.ts";

Deno.test("a text that has other characters than the run began with is refused as other data", () =>
  withWorkspace(async (workspace) => {
    const path = join(workspace, "poem.txt");
    Deno.writeTextFileSync(path, "tyger tyger burning bright\n".repeat(40));
    const store = openStore(workspace);
    const [id] = queue(
      store,
      resolveConfig("shakespeare-tiny", {
        dataset: path,
        context: 16,
        steps: 2000,
        batch_size: 2,
        checkpoint_every: 2,
        validate_every: 2000,
      }),
    ) as [string];
    const leaving = new AbortController();
    const working = runWorker({ workspace, device: "cpu", signal: leaving.signal });
    while (store.runs.byId(id)!.step < 4) await setTimeout(2);
    leaving.abort();
    await working;
    assert.equal(store.runs.byId(id)!.status, "interrupted");
    // More characters make another network, which no checkpoint of the run fits.
    Deno.writeTextFileSync(path, "In the forests of the night\n".repeat(40));
    store.runs.requeue(id);
    await runWorker({ workspace, device: "cpu" });
    const { status, error } = store.runs.byId(id)!;
    assert.equal(status, "failed");
    assert.match(error!, new RegExp(`^${id} began on other data: .* put the old files back`));
    store.close();
  }));
