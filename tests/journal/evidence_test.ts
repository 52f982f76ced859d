import { listed } from "../../engine/host/mod.ts";
import assert from "node:assert/strict";
import { type Criterion, judge } from "../../journal/mod.ts";
import { finishedRun } from "./runs.ts";

const COSINE_WINS: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  against: { parameters: { schedule: "linear" } },
};
const BELOW: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  threshold: 0.3,
};

/** Runs of one sweep that differ in their seeds. */
function runs(
  schedule: "cosine" | "linear",
  values: readonly (number | undefined)[],
  others: Parameters<typeof finishedRun>[3] = {},
) {
  return values.map((value, seed) =>
    finishedRun(`${schedule}-${seed}`, { schedule, seed }, value, others)
  );
}

Deno.test("judge() counts a repeated seed once, however often it is repeated", () => {
  const repeated = (schedule: "cosine" | "linear", value: number) =>
    [1, 2, 3].map((n) => finishedRun(`${schedule}-${n}`, { schedule, seed: 5 }, value));
  const { verdict, reason } = judge(COSINE_WINS, [
    ...repeated("cosine", 0.1),
    ...repeated("linear", 0.3),
  ]);
  assert.equal(verdict, "inconclusive");
  assert.equal(
    reason,
    "denoising_mse is 0.1 (n = 1) for runs with schedule = cosine, against 0.3 (n = 1) for runs with schedule = " +
      "linear; with one seed in a group the seed noise is unknown: repeat with more; " +
      "cosine-1, cosine-2, cosine-3 have one configuration and one seed (5): they count once, by " +
      "their mean; linear-1, linear-2, linear-3 have one configuration and one seed (5): they " +
      "count once, by their mean",
  );
});

Deno.test("judge() takes the mean of repeats that differ, so that none can be picked", () => {
  const cosine = runs("cosine", [0.1, 0.2]);
  const again = finishedRun("cosine-again", { schedule: "cosine", seed: 0, log_every: 1 }, 0.3);
  assert.match(judge(BELOW, [...cosine, again]).reason, /^denoising_mse is 0.2 ± 0 \(n = 2\)/);
});

Deno.test("judge() decides nothing where different seeds gave exactly the same value", () => {
  // The mean of three times 0.1 is not 0.1 in floating point.
  const same = [...runs("cosine", [0.1, 0.1, 0.1]), ...runs("linear", [0.3, 0.3, 0.3])];
  for (const criterion of [COSINE_WINS, BELOW]) {
    const { verdict, reason } = judge(criterion, same);
    assert.equal(verdict, "inconclusive");
    assert.match(reason, /seeds gave exactly the same value, which leaves the seed noise unknown/);
  }
});

Deno.test("judge() takes a sweep whole, whichever of its runs are named, and names the others", () => {
  const all = runs("cosine", [0.29, 0.295, 0.31, 0.4]);
  const verdicts = [[0], [0, 1], [3], [0, 1, 2, 3]].map((named) => {
    const chosen = all.filter((_, seed) => named.includes(seed));
    const siblings = all.filter((run) => !chosen.includes(run));
    return { ...judge(BELOW, chosen, { siblings }), siblings };
  });
  for (const { verdict, reason, siblings } of verdicts) {
    assert.equal(verdict, "inconclusive");
    assert.match(reason, /^denoising_mse is 0.3237 ± 0.05154 \(n = 4\)/);
    const expected = siblings.length === 0
      ? undefined
      : `counted too, being of the same sweep: ${listed(siblings.map(({ id }) => id))}`;
    assert.equal(/counted too.*/.exec(reason)?.[0], expected);
  }
});

Deno.test("judge() takes a configuration whole where a criterion names runs of a sweep", () => {
  const all = [...runs("cosine", [0.1, 0.11, 0.5]), ...runs("linear", [0.2, 0.21, 0.19])];
  const picked: Criterion = {
    ...COSINE_WINS,
    group: { runs: ["cosine-0", "cosine-1"] },
    against: { runs: ["linear-0", "linear-1"] },
  };
  const { verdict, reason } = judge(picked, all);
  assert.equal(verdict, "inconclusive");
  assert.match(reason, /^denoising_mse is 0.2367 .* \(n = 3\) for runs among cosine-0, cosine-1/);
  assert.equal(judge(picked, all.slice(0, 2), { siblings: all.slice(2) }).verdict, "inconclusive");
});

Deno.test("judge() waits for the runs of a sweep that are not named", () => {
  const [first, second] = runs("cosine", [0.1, 0.1]);
  const siblings = [{ ...second!, status: "running" as const }];
  assert.deepEqual(judge(BELOW, [first!], { siblings }), {
    verdict: "pending",
    reason: "Unfinished: cosine-1",
    interval: null,
  });
});

Deno.test("judge() names the runs that it leaves out, and why", () => {
  const [a, b, stopped, failed, unmeasured] = runs("cosine", [0.1, 0.11, 0.5, 0.6, undefined]);
  const elsewhere = [finishedRun("later", { schedule: "cosine", seed: 9 }, 0.9)];
  const other = finishedRun("unlike", { schedule: "sigmoid" }, 0.9);
  const { verdict, reason } = judge(BELOW, [a!, b!, { ...stopped!, status: "stopped" }], {
    siblings: [{ ...failed!, status: "failed" }, unmeasured!, other],
    elsewhere,
    missing: ["image-0777"],
  });
  assert.equal(verdict, "selected");
  assert.match(
    reason,
    /; left out: cosine-2 \(stopped\), cosine-3 \(failed\) and cosine-4 \(no denoising_mse\); left out, though of a configuration that was judged: later; not in the store any more: image-0777$/,
  );
});

Deno.test("judge() names the seeds that a criterion on the seed leaves out", () => {
  const all = runs("cosine", [0.1, 0.5, 0.6]);
  const { reason } = judge({ ...BELOW, group: { parameters: { seed: 0 } } }, all.slice(0, 1), {
    siblings: all.slice(1),
  });
  assert.match(
    reason,
    /left out, though of a configuration that was judged: cosine-1 and cosine-2$/,
  );
});
