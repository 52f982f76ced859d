import assert from "node:assert/strict";
import { reportOn, type RunEvidence } from "../../experiments/report/inspect.ts";
import type { MetricPoint, Run } from "../../experiments/mod.ts";
import { queue, shortConfig, withStore } from "./workspace.ts";

/** The report on a run at its middle, with these differences. */
async function report(run: Partial<Run>, evidence: Partial<RunEvidence> = {}) {
  let base: Run | undefined;
  await withStore((store) => {
    queue(store, shortConfig({ steps: 100 }));
    base = { ...store.runs.byId("image-0001")!, status: "running", step: 50, baseline: 0.2 };
  });
  const subject: Run = { ...base!, ...run };
  return reportOn({
    run: subject,
    curves: {},
    checkpoints: [],
    samples: [],
    silenceSeconds: 1,
    ...evidence,
  });
}

function curve(values: number[]): MetricPoint[] {
  return values.map((value, i) => ({ step: i + 1, value }));
}

async function codes(...args: Parameters<typeof report>): Promise<string[]> {
  return (await report(...args)).alerts.map(({ level, code }) => `${level} ${code}`);
}

Deno.test("a run that learns raises no alert", async () => {
  const loss = curve(Array.from({ length: 40 }, (_, i) => 1 / (i + 1)));
  assert.deepEqual(await codes({ latest: { denoising_mse: 0.1 } }, { curves: { loss } }), []);
});

Deno.test("a report says how a run stands beside a denoiser of single pixels", async () => {
  const { summary, relativeError } = await report({
    latest: { denoising_mse: 0.05, examples_per_second: 160 },
    etaSeconds: 30,
  });
  assert.equal(relativeError, 0.25);
  assert.equal(
    summary,
    "image-0001 is running at step 50 of 100, about 30 sec left; its denoising error is 0.0500, " +
      "25 % of the error of estimating each pixel by itself (0.200)",
  );
});

Deno.test("a model that learnt nothing is reported as such, gently while it is young", async () => {
  assert.deepEqual(await codes({ latest: { denoising_mse: 0.21 } }), ["warning learnt-nothing"]);
  assert.deepEqual(await codes({ latest: { denoising_mse: 0.21 }, step: 10 }), [
    "info learnt-nothing",
  ]);
});

Deno.test("a loss that does not fall and an error that rises are pointed out", async () => {
  const flat = curve(Array.from({ length: 40 }, (_, i) => 1 + 0.01 * (i % 2)));
  assert.deepEqual(await codes({}, { curves: { loss: flat } }), ["warning loss-not-falling"]);
  const rising = curve([0.2, 0.1, 0.13]);
  assert.deepEqual(await codes({}, { curves: { denoising_mse: rising } }), [
    "warning getting-worse",
  ]);
});

Deno.test("a silent worker, a lost one and a failure are pointed out with what to do", async () => {
  assert.deepEqual(await codes({}, { silenceSeconds: 61 }), ["warning stale-heartbeat"]);
  const { alerts: [lost] } = await report({ status: "interrupted", checkpointStep: 40 });
  assert.equal(lost!.message, "The worker is gone; resume the run (it goes on from step 40)");
  const { alerts: [failed] } = await report({ status: "failed", error: "the disk is full" });
  assert.deepEqual([failed!.level, failed!.message], ["error", "the disk is full"]);
});
