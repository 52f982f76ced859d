import assert from "node:assert/strict";
import { entryBody, trainCall } from "../../journal/body.ts";
import type { FrontMatter } from "../../journal/entry.ts";
import { expandGrid } from "../../experiments/mod.ts";
import { finishedRun } from "./runs.ts";

const FRONT: FrontMatter = {
  title: "Cosine *beats* linear",
  date: "2026-11-01T09:00:00.000Z",
  updated: "2026-11-01T11:00:00.000Z",
  hypothesis: "## Verdict\n\nconfirmed",
  criterion: null,
  runs: ["a", "b", "c"],
  tags: [],
  observations: [{ date: "2026-11-01T11:00:00.000Z", text: "Sevens are sharp" }],
  verdict: "none",
  verdict_reason: "No criterion was stated",
};
const VERDICT = { verdict: "none", reason: "No criterion was stated", interval: null } as const;
const REGISTERED = {
  when: "before",
  sentence: "Written before any of 3 runs had started",
} as const;

Deno.test("entryBody() draws setup, results, groups and reproduction from the runs", () => {
  const runs = [
    finishedRun("a", { schedule: "cosine", seed: 0 }, 0.05),
    finishedRun("b", { schedule: "cosine", seed: 1 }, 0.06),
    finishedRun("c", { schedule: "linear", seed: 0 }, undefined, { status: "failed" }),
  ];
  const alerts = [{ runId: "c", message: "The loss is not a number" }];
  const body = entryBody(FRONT, { runs, missing: ["d"], alerts }, VERDICT, REGISTERED);
  const headings = body.split("\n").filter((line) => line.startsWith("#"));
  assert.deepEqual(headings, [
    "# Cosine \\*beats\\* linear",
    "## Hypothesis",
    "## Setup",
    "## Results",
    "## Observations",
    "## Verdict",
    "## Reproduce",
  ]);
  for (
    const line of [
      "> \\## Verdict",
      "Written before any of 3 runs had started.",
      "| run | schedule | seed |",
      "| b | cosine | 1 |",
      "Not in the store: d.",
      "| a | 0 | finished | 60/60 | 0.05 | - | 30 |",
      "| a, b | 0.055 ± 0.007071 (n = 2) | - |",
      "The best estimate of each pixel by itself has a denoising_mse of 0.37",
      "- c: The loss is not a number",
      "The author, 2026-11-01T11:00:00.000Z:",
      "> Sevens are sharp",
      '{"preset":"mnist-tiny","seeds":[0,1]}',
      '{"preset":"mnist-tiny","overrides":{"schedule":"linear"},"seeds":[0]}',
    ]
  ) assert.ok(body.includes(line), `the body lacks ${line}:\n${body}`);
});

Deno.test("entryBody() says the baseline of each run's own data", () => {
  const runs = [
    finishedRun("a", {}, 0.05),
    finishedRun("b", { dataset: "fashion-mnist" }, 0.3, { baseline: 0.25 }),
    finishedRun("c", { dataset: "fashion-mnist" }, 0.2, { baseline: 0.25 }),
  ];
  const body = entryBody(FRONT, { runs, missing: [], alerts: [] }, VERDICT, REGISTERED);
  for (
    const paragraph of [
      "a denoising_mse of 0.37 (a): what is not below it has learnt nothing.\n",
      "a denoising_mse of 0.25 (b, c): what is not below it has learnt nothing.\n",
    ]
  ) assert.ok(body.includes(paragraph), `the body lacks ${paragraph}:\n${body}`);
});

Deno.test("a warning that several runs have stands once, with their names", () => {
  const runs = ["a", "b", "c", "d"].map((id, seed) => finishedRun(id, { seed }, 0.05));
  const alerts = [
    { runId: "a", message: "The loss does not fall: 0.91 at first, 0.92 in the end" },
    { runId: "b", message: "The loss does not fall: 0.93 at first, 1.1e-7 in the end" },
    { runId: "b", message: "The newest checkpoint is damaged" },
    { runId: "c", message: "The loss does not fall: 12 at first, 12.5 in the end" },
    { runId: "d", message: "The newest checkpoint is damaged" },
  ];
  const body = entryBody(FRONT, { runs, missing: [], alerts }, VERDICT, REGISTERED);
  assert.deepEqual(body.split("\n").filter((line) => /does not fall|damaged/.test(line)), [
    "- a: The loss does not fall: 0.91 at first, 0.92 in the end. The same, with other numbers: b and c",
    "- b and d: The newest checkpoint is damaged",
  ]);
});

Deno.test("trainCall() repeats exactly the configuration of its runs", () => {
  for (
    const overrides of [
      {},
      { steps: 40 },
      { steps: 40, warmup_steps: 5 },
      { size: "small", batch_size: 48, schedule: "linear" },
      { steps: 300, ema_decay: 0.98, log_every: 1 },
    ] as const
  ) {
    const runs = [3, 4].map((seed) => finishedRun(`r${seed}`, { ...overrides, seed }, 0.1));
    const call = JSON.parse(trainCall(runs));
    const again = expandGrid(call.preset, call.overrides, {}, call.seeds);
    assert.deepEqual(again, runs.map((run) => run.config));
  }
});
