import assert from "node:assert/strict";
import type { Run } from "../../experiments/mod.ts";
import { watchRuns } from "../../experiments/training_requests.ts";
import { queue, shortConfig, withStore } from "./workspace.ts";

/** One queued run, to be changed. */
async function someRun(): Promise<Run> {
  let run: Run | undefined;
  await withStore((store) => {
    queue(store, shortConfig());
    run = store.runs.byId("image-0001")!;
  });
  return run!;
}

Deno.test("watchRuns() tells the state at once, every change, and the end", async () => {
  const queued = await someRun();
  const states: Run[] = [
    queued,
    { ...queued, status: "running", activity: "compiling" },
    {
      ...queued,
      status: "running",
      activity: "training",
      step: 6,
      latest: { loss: 0.25 },
      etaSeconds: 100,
    },
    { ...queued, status: "finished", step: 12 },
  ];
  const told: string[] = [];
  let looks = 0;
  const [last] = await watchRuns(() => [states[Math.min(looks++, 3)]!], {
    timeoutSeconds: 60,
    everySeconds: 0,
    onProgress: ({ message, done, total }) => told.push(`${done}/${total} ${message}`),
  });
  assert.equal(last!.status, "finished");
  assert.deepEqual(told, [
    "0/12 image-0001 is queued",
    "0/12 image-0001: compiling",
    "6/12 image-0001: step 6 of 12, loss 0.250, about 2 min left",
    "12/12 image-0001 is finished",
  ]);
});

Deno.test("watchRuns() of runs that ended looks once", async () => {
  const run: Run = { ...await someRun(), status: "failed" };
  let looks = 0;
  await watchRuns(() => (looks++, [run]), { timeoutSeconds: 60 });
  assert.equal(looks, 1);
});
