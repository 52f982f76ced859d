/** Each of these tries to get a verdict that the runs do not give. */
import assert from "node:assert/strict";
import { type Criterion, judge } from "../../journal/mod.ts";
import { registration } from "../../journal/selection.ts";
import { finishedRun } from "./runs.ts";

const BELOW: Criterion = {
  metric: "denoising_mse",
  group: { parameters: { schedule: "cosine" } },
  relation: "below",
  threshold: 0.3,
};
const { threshold: _, ...COMPARED } = BELOW;
const COSINE_WINS: Criterion = { ...COMPARED, against: { parameters: { schedule: "linear" } } };

type Others = Parameters<typeof finishedRun>[3];
type Config = Parameters<typeof finishedRun>[1];

/** One run for each value, with the seeds 0, 1, … */
function runs(name: string, config: Config, values: readonly number[], others: Others = {}) {
  return values.map((value, seed) =>
    finishedRun(`${name}-${seed}`, { seed, ...config }, value, others)
  );
}
const cosine = (values: readonly number[], config: Config = {}, others: Others = {}) =>
  runs("cosine", { schedule: "cosine", ...config }, values, others);
const linear = (values: readonly number[], config: Config = {}, others: Others = {}) =>
  runs("linear", { schedule: "linear", ...config }, values, others);
const at = (time: string) => `2026-11-01T${time}.000Z`;

Deno.test("a seed that is run three times is one seed", () => {
  const again = [1, 2, 3].map((n) =>
    finishedRun(`again-${n}`, { schedule: "cosine", seed: 5 }, 0.1, { sweepId: null })
  );
  const { verdict, reason, interval } = judge(BELOW, again);
  assert.equal(verdict, "suggestive");
  assert.match(reason, /^denoising_mse is 0.1 \(n = 1\) for runs with schedule = cosine/);
  assert.equal(interval, null);
});

Deno.test("one run against a threshold is at best suggestive, and then only in its direction", () => {
  const towards = judge(BELOW, cosine([0.1]));
  assert.equal(towards.verdict, "suggestive");
  assert.match(towards.reason, /the only seed points to what is claimed, and nothing is known of/);
  assert.equal(judge(BELOW, cosine([0.5])).verdict, "inconclusive");
});

Deno.test("stopping the runs of a sweep that look bad makes it a selection", () => {
  for (const status of ["stopped", "failed"] as const) {
    const all = cosine([0.1, 0.11, 0.9]);
    const { verdict, reason } = judge(BELOW, [...all.slice(0, 2), { ...all[2]!, status }]);
    assert.equal(verdict, "selected");
    assert.match(
      reason,
      new RegExp(`lies wholly below 0.3; left out: cosine-2 \\(${status}`),
    );
  }
});

Deno.test("a stopped run that was done again is not left out", () => {
  const [first, second] = cosine([0.1, 0.11]);
  const stopped = { ...second!, id: "before", status: "stopped" as const };
  assert.equal(judge(BELOW, [first!, second!, stopped]).verdict, "supported");
});

Deno.test("leaving out runs of a judged configuration that are not of the sweep makes it a selection", () => {
  const good = cosine([0.1, 0.11], {}, { sweepId: null });
  const bad = finishedRun("bad", { schedule: "cosine", seed: 7 }, 0.9, { sweepId: null });
  const { verdict, reason } = judge(BELOW, good, { elsewhere: [bad] });
  assert.equal(verdict, "selected");
  assert.match(reason, /left out, though of a configuration that was judged: bad$/);
  const running = { ...bad, status: "running" as const };
  assert.match(judge(BELOW, good, { elsewhere: [running] }).reason, /judged: bad \(running\)$/);
});

Deno.test("a prediction answers for all runs since it was written, not for those before or after its own", () => {
  const own = cosine([0.1, 0.11], {}, { sweepId: "sweep-0002" });
  const other = (createdAt: string) =>
    finishedRun("other", { schedule: "cosine", seed: 7 }, 0.9, {
      createdAt: at(createdAt),
      startedAt: at(createdAt),
      endedAt: at(createdAt),
    });
  const verdict = (createdAt: string, date: string) =>
    judge(BELOW, own, { elsewhere: [other(createdAt)], date: at(date) }).verdict;
  // Its runs were queued at 10:00:00 and ended at 10:00:31.
  assert.equal(verdict("09:30:00", "09:00:00"), "selected", "a first try that is kept quiet");
  assert.equal(verdict("08:00:00", "09:00:00"), "supported");
  assert.equal(verdict("11:00:00", "09:00:00"), "supported");
  assert.equal(verdict("08:00:00", "12:00:00"), "selected", "the entry was written afterwards");
});

Deno.test("adding runs when the outcome could be seen makes it a selection", () => {
  const first = [...cosine([0.1, 0.2]), ...linear([0.15, 0.25])];
  const later: Others = {
    createdAt: at("11:00:00"),
    startedAt: at("11:00:01"),
    endedAt: at("11:00:31"),
    sweepId: "sweep-0002",
  };
  const more = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1].map((value, i) =>
    finishedRun(`more-${i}`, { schedule: "cosine", seed: 10 + i }, value + i / 1000, later)
  );
  assert.equal(judge(COSINE_WINS, first).verdict, "inconclusive");
  const { verdict, reason } = judge(COSINE_WINS, [...first, ...more]);
  assert.equal(verdict, "selected");
  assert.match(reason, /added when the criterion could be tested without them: more-0, more-1/);
});

Deno.test("runs that join what could not be tested before are no selection", () => {
  const later: Others = { createdAt: at("11:00:00"), endedAt: at("11:00:31") };
  const baseline = linear([0.3, 0.31]);
  const { verdict } = judge(COSINE_WINS, [...baseline, ...cosine([0.1, 0.11], {}, later)]);
  assert.equal(verdict, "supported");
});

Deno.test("runs that differ in more than the criterion's parameter are confounded", () => {
  const cases: [ReturnType<typeof cosine>, string][] = [
    [cosine([0.1, 0.11], { steps: 600 }), "steps"],
    [cosine([0.1, 0.11], { learning_rate: 0.01 }), "learning_rate"],
    [cosine([0.1, 0.11], {}, { datasetHash: "another" }), "data"],
  ];
  for (const [group, fields] of cases) {
    const { verdict, reason, interval } = judge(COSINE_WINS, [...group, ...linear([0.3, 0.31])]);
    assert.equal(verdict, "confounded");
    assert.ok(reason.startsWith(`The runs differ in ${fields} as well`), reason);
    assert.ok(interval![1] < 0, "what they differ by is still said");
  }
});

Deno.test("a parameter that one side alone names does not hide that the other has another value", () => {
  const hiding: Criterion = {
    ...COMPARED,
    against: { parameters: { schedule: "linear", target: "v" } },
  };
  const baseline = linear([0.3, 0.31], { target: "v" });
  const other = judge(hiding, [...cosine([0.1, 0.11], { target: "x0" }), ...baseline]);
  assert.equal(other.verdict, "confounded");
  assert.match(other.reason, /^The runs differ in target as well/);
  const same = judge(hiding, [...cosine([0.1, 0.11], { target: "v" }), ...baseline]);
  assert.equal(same.verdict, "supported");
  const both: Criterion = {
    ...hiding,
    group: { parameters: { schedule: "cosine", target: "x0" } },
  };
  const said = judge(both, [...cosine([0.1, 0.11], { target: "x0" }), ...baseline]);
  assert.equal(
    said.verdict,
    "supported",
    "two configurations are compared, and the criterion says so",
  );
});

Deno.test("several configurations do not stand for the seeds of one", () => {
  const mixed = [
    ...cosine([0.1], { target: "v" }),
    finishedRun("other", { schedule: "cosine", target: "x0", seed: 1 }, 0.12),
  ];
  const { verdict, reason } = judge(BELOW, mixed);
  assert.equal(verdict, "confounded");
  assert.match(reason, /^The runs differ in target as well/);
});

Deno.test("a grid whose other parameters are the same on both sides is not confounded", () => {
  const targets = ["v", "x0"] as const;
  const grid = targets.flatMap((target) => [
    ...runs(`c${target}`, { schedule: "cosine", target }, [0.1, 0.11]),
    ...runs(`l${target}`, { schedule: "linear", target }, [0.3, 0.31]),
  ]);
  assert.equal(judge(COSINE_WINS, grid).verdict, "supported");
  const uneven = grid.filter(({ id }) => id !== "lx0-1");
  assert.equal(judge(COSINE_WINS, uneven).verdict, "confounded");
});

Deno.test("the other parameters of a grid do not stand for seeds", () => {
  const rates = [0.001, 0.0011, 0.0012];
  const grid = (seeds: readonly number[]) =>
    seeds.flatMap((seed) =>
      rates.flatMap((learning_rate, i) => [
        finishedRun(`c${seed}-${i}`, { schedule: "cosine", learning_rate, seed }, 0.1 + i / 1000),
        finishedRun(`l${seed}-${i}`, { schedule: "linear", learning_rate, seed }, 0.12 + i / 1000),
      ])
    );
  const { verdict, reason } = judge(COSINE_WINS, grid([0]));
  assert.equal(verdict, "inconclusive");
  assert.match(reason, /is 0.101 \(n = 1\) .* with one seed in a group the seed noise is unknown/);
  const two = grid([0, 1]).map((run) =>
    run.config.seed === 0
      ? run
      : { ...run, latest: { denoising_mse: run.latest.denoising_mse! + 0.01 } }
  );
  assert.match(judge(COSINE_WINS, two).reason, /^denoising_mse is 0.106 ± 0.007071 \(n = 2\)/);
});

Deno.test("sides that are chosen by id or label may differ in one parameter, not in two", () => {
  const named: Criterion = {
    ...COMPARED,
    group: { runs: ["cosine-0", "cosine-1"] },
    against: { runs: ["linear-0", "linear-1"] },
  };
  const one = [...cosine([0.1, 0.11]), ...linear([0.3, 0.31])];
  assert.equal(judge(named, one).verdict, "supported");
  const two = [...cosine([0.1, 0.11], { target: "x0" }), ...linear([0.3, 0.31])];
  assert.equal(judge(named, two).verdict, "confounded");
  const steps = [
    ...runs("cosine", { steps: 600 }, [0.1, 0.11]),
    ...runs("linear", {}, [0.3, 0.31]),
  ];
  assert.equal(judge(named, steps).verdict, "supported", "the warm-up follows the steps");
});

Deno.test("a metric that means something else on the other side makes the criterion invalid", () => {
  const named: Criterion = {
    ...COMPARED,
    metric: "loss",
    group: { runs: ["cosine-0", "cosine-1"] },
    against: { runs: ["linear-0", "linear-1"] },
  };
  const { verdict, reason } = judge(named, [...cosine([0.1, 0.11]), ...linear([0.3, 0.31])]);
  assert.equal(verdict, "invalid");
  assert.match(
    reason,
    /^The metric loss does not mean the same under another schedule: use denoising_mse/,
  );
});

Deno.test("a criterion that compares runs with themselves is invalid", () => {
  const { verdict, reason } = judge({ ...COSINE_WINS, against: {} }, cosine([0.1, 0.11]));
  assert.equal(verdict, "invalid");
  assert.match(reason, /^Both sides of the criterion have cosine-0 and cosine-1$/);
});

Deno.test("an entry that was written after its runs says so in its verdict", () => {
  const group = cosine([0.1, 0.11]);
  const { reason, verdict } = judge(BELOW, group, { date: at("12:00:00") });
  assert.equal(verdict, "supported");
  assert.match(reason, /; written .*, after 2 of 2 runs had finished: not a prediction$/);
  assert.match(
    judge(BELOW, group, { date: at("10:00:10") }).reason,
    /while 2 of 2 runs had started and none had finished$/,
  );
  assert.doesNotMatch(judge(BELOW, group, { date: at("09:00:00") }).reason, /written/);
});

Deno.test("registration() knows what the date of an entry is worth", () => {
  const group = cosine([0.1, 0.11]);
  const side = { name: "schedule = cosine", runs: group };
  const when = (date: string, sides = [side], others: typeof group = []) =>
    registration(at(date), sides, others).when;
  assert.equal(when("09:00:00", [{ ...side, runs: [] }]), "none");
  assert.equal(when("09:00:00"), "before");
  assert.equal(when("10:00:10"), "during");
  assert.equal(when("10:00:40"), "after");
  const early: Others = { startedAt: at("08:00:01"), endedAt: at("08:00:31") };
  const rerun = [{ ...group[1]!, id: "first-try", ...early }];
  assert.equal(
    when("09:00:00", [side], rerun),
    "after",
    "its outcome was known from the same seed",
  );
  const baseline = { name: "schedule = linear", runs: linear([0.3, 0.31], {}, early) };
  const known = registration(at("09:00:00"), [side, baseline]);
  assert.equal(known.when, "before", "only what it is compared with was known");
  assert.match(known.sentence, /after 2 of 4 runs had finished, none of them schedule = cosine$/);
});
