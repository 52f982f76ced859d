import assert from "node:assert/strict";
import { type Criterion, describeCriterion, judge } from "../../journal/mod.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { finishedRun } from "./runs.ts";

const COSINE_WINS: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  against: { parameters: { schedule: "linear" } },
};

/** Two schedules, one run for each value. */
function sweep(cosine: readonly number[], linear: readonly number[]) {
  const runs = (schedule: "cosine" | "linear", values: readonly number[]) =>
    values.map((value, seed) => finishedRun(`${schedule}-${seed}`, { schedule, seed }, value));
  return [...runs("cosine", cosine), ...runs("linear", linear)];
}

Deno.test("judge() supports a lead that exceeds the seed noise", () => {
  const { verdict, reason, interval } = judge(
    COSINE_WINS,
    sweep([0.05, 0.051, 0.052], [0.07, 0.071, 0.072]),
  );
  assert.equal(verdict, "supported");
  assert.equal(
    reason,
    "denoising_mse is 0.051 ± 0.001 (n = 3) for runs with schedule = cosine, against 0.071 ± 0.001 (n = 3) " +
      // t(0.975, 4) · sqrt(2 · 0.001² / 3) = 2.776 · 0.0008165
      "for runs with schedule = linear; the 95 % interval of the difference, -0.02227 to -0.01773, lies wholly " +
      "below 0",
  );
  assert.ok(Math.abs(interval![0] + 0.022267) < 1e-6 && Math.abs(interval![1] + 0.017733) < 1e-6);
});

Deno.test("judge() refutes what the numbers contradict", () => {
  const { verdict } = judge(COSINE_WINS, sweep([0.07, 0.071, 0.072], [0.05, 0.051, 0.052]));
  assert.equal(verdict, "refuted");
});

Deno.test("judge() is inconclusive within the seed noise", () => {
  const { verdict, reason } = judge(COSINE_WINS, sweep([0.05, 0.06], [0.055, 0.066]));
  assert.equal(verdict, "inconclusive");
  assert.match(reason, /the difference, -0.09995 to 0.08895, contains 0$/);
});

Deno.test("judge() is inconclusive with one seed in a group, whatever the lead", () => {
  for (const runs of [sweep([0.01], [0.3]), sweep([0.01], [0.3, 0.301, 0.302])]) {
    const { verdict, reason } = judge(COSINE_WINS, runs);
    assert.equal(verdict, "inconclusive");
    assert.match(reason, /seed noise is unknown: repeat with more/);
  }
});

Deno.test("judge() is pending while a run that matters is unfinished", () => {
  for (const status of ["queued", "running", "interrupted"] as const) {
    const runs = [
      ...sweep([0.05, 0.051], [0.07]),
      finishedRun("late", { schedule: "linear", seed: 1 }, 0.07, { status }),
    ];
    assert.deepEqual(judge(COSINE_WINS, runs), {
      verdict: "pending",
      reason: "Unfinished: late",
      interval: null,
    });
  }
});

Deno.test("judge() is pending before there are any runs", () => {
  assert.equal(judge(COSINE_WINS, []).verdict, "pending");
});

Deno.test("judge() does not count stopped or failed runs", () => {
  const runs = sweep([0.05, 0.051], [0.07, 0.071]).map((run) =>
    Reflect.get(run.config, "schedule") === "linear" ? { ...run, status: "stopped" as const } : run
  );
  const { verdict, reason } = judge(COSINE_WINS, runs);
  assert.equal(verdict, "inconclusive");
  assert.equal(
    reason,
    "No finished run has a denoising_mse of those with schedule = linear; " +
      "left out: linear-0 (stopped) and linear-1 (stopped)",
  );
});

Deno.test("judge() does not confirm because runs merely finished", () => {
  const { verdict } = judge(COSINE_WINS, sweep([0.06, 0.06, 0.06], [0.06, 0.06, 0.06]));
  assert.equal(verdict, "inconclusive");
});

Deno.test("judge() compares with a threshold and a margin", () => {
  const criterion: Criterion = {
    metric: "denoising_mse",
    group: { label: "base" },
    relation: "below",
    threshold: 0.06,
  };
  const base = (...values: readonly number[]) => [
    ...values.map((value, seed) => finishedRun(`a${seed}`, { seed }, value, { label: "base" })),
    finishedRun("b", { schedule: "linear" }, 0.9),
  ];
  const met = judge(criterion, base(0.05, 0.051));
  assert.equal(met.verdict, "supported");
  assert.match(met.reason, /the mean, 0.04415 to 0.05685, lies wholly below 0.06$/);
  const refuted = judge({ ...criterion, margin: 0.02 }, base(0.05, 0.051));
  assert.equal(refuted.verdict, "refuted");
  assert.match(refuted.reason, /with a margin of 0.02; .* lies wholly above 0.04$/);
  assert.equal(judge({ ...criterion, relation: "above" }, base(0.05, 0.051)).verdict, "refuted");
});

Deno.test("judge() without a criterion decides nothing", () => {
  assert.equal(judge(null, sweep([0.05], [0.07])).verdict, "none");
});

Deno.test("describeCriterion() says in words what is asked", () => {
  assert.equal(
    describeCriterion({ ...COSINE_WINS, margin: 0.001 }),
    "denoising_mse of the runs with schedule = cosine is below that of the runs with " +
      "schedule = linear by more than 0.001",
  );
});

Deno.test("judge() says where nats of one block size are compared with a mean over several", () => {
  const run = (id: string, block_size: number, seed: number, nats_per_character: number) => {
    const config = resolveConfig("shakespeare-tiny", { method: "blocks", block_size, seed });
    return finishedRun(id, {}, undefined, {
      config,
      groupHash: String(block_size),
      latest: { nats_per_character },
    });
  };
  const { reason } = judge({
    metric: "nats_per_character",
    group: { parameters: { block_size: 0 } },
    relation: "below",
    against: { parameters: { block_size: 4 } },
  }, [run("a", 0, 0, 1.7), run("b", 0, 1, 1.71), run("c", 4, 0, 1.9), run("d", 4, 1, 1.92)]);
  assert.match(reason, /; the nats_per_character of a run with method blocks and block_size 0 is/);
});

Deno.test("judge() says of a lead among runs that have learnt nothing that they have not", () => {
  const { reason } = judge(COSINE_WINS, sweep([0.4, 0.401, 0.402], [0.5, 0.501, 0.502]));
  assert.match(
    reason,
    /wholly below 0; none of these runs has learnt anything, being no better than the error of/,
  );
  assert.doesNotMatch(
    judge(COSINE_WINS, sweep([0.2, 0.21], [0.5, 0.51])).reason,
    /learnt anything/,
  );
});
