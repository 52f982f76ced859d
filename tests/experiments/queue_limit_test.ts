import assert from "node:assert/strict";
import { openLab } from "../../experiments/mod.ts";
import { queue, shortConfig, withStore } from "./workspace.ts";

Deno.test("at most 500 runs wait, and what would exceed that is refused as a whole", () =>
  withStore(async (store) => {
    queue(store, ...Array.from({ length: 499 }, (_, seed) => shortConfig({ seed })));
    const lab = openLab({ workspace: store.workspace });
    const overrides = { dataset: "made-up-digits", steps: 1 };
    await assert.rejects(
      () => lab.train({ preset: "mnist-tiny", overrides, seeds: [0, 1] }),
      /^UserError: 499 runs are queued and 2 more would exceed 500: wait for some of them, or end /,
    );
    assert.equal(store.runs.list({ limit: 1 }).total, 499);
    lab.close();
  }));
