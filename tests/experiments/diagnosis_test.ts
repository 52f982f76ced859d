/** What is said of a run's course, and that no two pieces of advice contradict each other. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { contradict } from "../../experiments/diagnosis/curve.ts";
import { findingsOn, reportOn, type RunEvidence } from "../../experiments/report/inspect.ts";
import {
  type MetricName,
  type MetricPoint,
  PRESET_NAMES,
  resolveConfig,
  type Run,
  RUN_STATUSES,
} from "../../experiments/mod.ts";

/** A run half-way, with these differences. */
function runOf(preset: string, changes: Partial<Run> = {}): Run {
  const config = resolveConfig(preset);
  return {
    id: `${config.modality}-0001`,
    status: "running",
    stopRequested: false,
    activity: "training",
    config,
    configHash: "c",
    groupHash: "g",
    codeVersion: "test",
    datasetHash: null,
    device: "cpu",
    deviceChoice: null,
    requestedDevice: null,
    dataDirectory: null,
    parameterCount: 1,
    replicas: 1,
    baseline: config.modality === "text" ? 2.49 : 0.2,
    pictures: null,
    sweepId: null,
    label: null,
    step: config.steps / 2,
    steps: config.steps,
    checkpointStep: 10,
    createdAt: "2026-01-01T00:00:00.000Z",
    startedAt: null,
    endedAt: null,
    trainedSeconds: null,
    error: null,
    etaSeconds: null,
    latest: {},
    ...changes,
  };
}

type Shapes = Readonly<Record<MetricName, readonly number[]>>;

/** Curves over the run's steps so far, and the newest value of each metric. */
function evidenceOf(run: Run, shapes: Shapes): RunEvidence {
  const curves = Object.fromEntries(
    Object.entries(shapes).map(([name, values]) => [
      name,
      values.map((value, i): MetricPoint => ({
        step: Math.round((i + 1) * run.step / values.length),
        value,
      })),
    ]),
  );
  const latest = Object.fromEntries(
    Object.entries(shapes).filter(([, values]) => values.length > 0)
      .map(([name, values]) => [name, values.at(-1)!]),
  );
  return {
    run: { ...run, latest: { ...run.latest, ...latest } },
    curves,
    checkpoints: [],
    samples: [],
    silenceSeconds: null,
  };
}

function alertsOn(preset: string, shapes: Shapes, changes: Partial<Run> = {}) {
  return reportOn(evidenceOf(runOf(preset, changes), shapes)).alerts;
}

/** `count` values from `from` to `to`, evenly on a logarithmic scale. */
function slope(from: number, to: number, count = 40): number[] {
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

const said = (alerts: ReturnType<typeof alertsOn>) =>
  alerts.map(({ message }) => message).join("\n");
const codes = (alerts: ReturnType<typeof alertsOn>) => alerts.map(({ code }) => code);

Deno.test("a loss that rose from 0.94 to 3e11 diverged, and wants no more steps", () => {
  for (const status of ["running", "finished", "stopped", "interrupted"] as const) {
    const alerts = alertsOn("mnist-small", {
      loss: slope(0.94, 3e11),
      denoising_mse: slope(0.3, 4, 5),
    }, { status });
    assert.ok(codes(alerts).includes("diverged"), said(alerts));
    assert.equal(alerts.find(({ code }) => code === "diverged")!.level, "error");
    assert.match(said(alerts), /the training loss is 3\.00e\+11 after 0\.940 at step \d+/);
    assert.match(said(alerts), /a lower learning_rate/);
    assert.doesNotMatch(said(alerts), /more steps|resume/);
    assert.equal(/stop it/.test(said(alerts)), status === "running");
  }
});

Deno.test("a loss that came down and then blew up, or is no number, diverged", () => {
  for (
    const loss of [[...slope(1, 0.05), ...slope(0.06, 0.9, 10)], [0.9, 0.8, NaN], [1, Infinity]]
  ) {
    assert.deepEqual(codes(alertsOn("mnist-small", { loss })), ["diverged"]);
  }
  // Muon's rate moves the hidden layers, so it is named beside the other.
  const alerts = alertsOn("mnist-flow", { loss: slope(1, 1e6) });
  assert.match(said(alerts), /learning_rate and muon_learning_rate \(0\.001 and 0\.005 now\)/);
});

Deno.test("a failed run that met NaN is called diverged, and nothing else is advised", () => {
  const error = "Training diverged at step 31: the loss is NaN; train again with a lower " +
    "learning_rate than 0.001 or a longer warm-up";
  const alerts = alertsOn("mnist-small", { loss: slope(1, 0.9), denoising_mse: [0.3] }, {
    status: "failed",
    error,
  });
  assert.deepEqual(alerts, [{ level: "error", code: "diverged", message: error }]);
});

Deno.test("text learnt by heart is overfitting: fewer steps, never more", () => {
  const held = [2.6, 1.9, 1.7, 2.2, 2.92];
  for (const status of ["running", "finished"] as const) {
    const alerts = alertsOn("shakespeare-autoregressive", {
      loss: slope(3.3, 1.08),
      nats_per_character: held,
      train_nats: [2.6, 1.8, 1.5, 1.3, 1.08],
    }, { status, step: 3000, steps: 3000 });
    assert.deepEqual(codes(alerts), ["overfitting"]);
    assert.match(said(alerts), /no better than what a bigram model needs \(2\.49\)/);
    assert.match(said(alerts), /rose to 2\.92 after 1\.70 at step 1800.* training text is 1\.08/);
    assert.match(said(alerts), /fewer steps \(it was best at step 1800\)/);
    assert.doesNotMatch(said(alerts), /more steps/);
  }
  // The same with a single validation.
  const once = alertsOn("shakespeare-autoregressive", {
    nats_per_character: [2.92],
    train_nats: [1.08],
  });
  assert.equal(codes(once)[0], "overfitting");
  assert.doesNotMatch(said(once), /more steps/);
});

Deno.test("text that is ahead on what it trains on, while held-out text still gains, only begins to", () => {
  const alerts = alertsOn("shakespeare-autoregressive", {
    nats_per_character: [2.4, 1.9, 1.7, 1.6],
    train_nats: [2.4, 1.7, 1.4, 1.3],
  });
  assert.deepEqual(codes(alerts), ["learnt-by-heart"]);
  assert.doesNotMatch(said(alerts), /steps/);
});

Deno.test("training text is compared with held-out text in blocks of the same size", () => {
  const alerts = alertsOn("shakespeare-blocks", {
    nats_per_character: [2.2, 1.9, 1.7, 1.6],
    nats_block_full: [2.6, 2.4, 2.3, 2.2],
    train_nats: [2.6, 2.2, 2, 1.8],
  });
  assert.deepEqual(codes(alerts), ["learnt-by-heart"]);
  assert.match(said(alerts), /Held-out text needs 2\.20 nats per character, training text 1\.80/);
});

Deno.test("text that is worse than bigrams even where it was trained on is not learnt by heart", () => {
  const alerts = alertsOn("shakespeare-autoregressive", {
    nats_per_character: [3.79],
    train_nats: [3.48],
  }, { step: 1200, status: "finished" });
  assert.deepEqual(codes(alerts), ["learnt-nothing"]);
});

Deno.test("pictures learnt by heart are told from a learning rate that is too high", () => {
  const denoising_mse = [0.15, 0.1, 0.08, 0.1, 0.12];
  const byHeart = alertsOn("mnist-small", { denoising_mse, loss: slope(1, 0.01) });
  assert.deepEqual(codes(byHeart), ["overfitting"]);
  assert.match(said(byHeart), /held-out pictures/);
  const loss = [...slope(1, 0.2, 24), ...slope(0.2, 0.4, 16)];
  const tooFast = alertsOn("mnist-small", { denoising_mse, loss });
  assert.deepEqual(codes(tooFast), ["getting-worse"]);
  assert.match(said(tooFast), /a lower learning_rate/);
});

Deno.test("a flat loss wants another learning rate, unless it has come to rest on something learnt", () => {
  const flat = slope(1, 0.99);
  const stuck = alertsOn("mnist-small", { loss: flat, denoising_mse: [0.21, 0.21] });
  assert.deepEqual(codes(stuck), ["loss-not-falling", "learnt-nothing"]);
  assert.match(said(stuck), /another learning_rate/);
  assert.doesNotMatch(said(stuck), /more steps/);
  const settled = alertsOn("mnist-small", { loss: flat, denoising_mse: [0.05, 0.05] });
  assert.deepEqual(settled, []);
});

Deno.test("what learnt nothing is told to train on only where it was getting on", () => {
  const steps = { step: 6000, steps: 6000, status: "finished" } as const;
  const slowly = alertsOn("shakespeare-diffusion", { nats_per_character: [5, 4, 3, 2.8] }, steps);
  assert.deepEqual(codes(slowly), ["learnt-nothing"]);
  assert.match(said(slowly), /train again with more steps$/);
  const running = alertsOn("mnist-small", { denoising_mse: [0.3, 0.25, 0.21] }, {
    status: "running",
  });
  assert.deepEqual(codes(running), ["learnt-nothing"]);
  assert.match(said(running), /was learnt yet$/, "its further steps are before it");
  const stuck = alertsOn("shakespeare-diffusion", { nats_per_character: [2.8, 2.8, 2.8] }, steps);
  assert.match(said(stuck), /another learning_rate/);
  assert.doesNotMatch(said(stuck), /more steps/);
  // Where the reason is known, it alone is to be mended.
  const noOrder = alertsOn("shakespeare-diffusion", {
    nats_per_character: [5, 4, 3, 2.8],
    shuffled_gap: [0],
  }, steps);
  assert.deepEqual(codes(noOrder), ["learnt-nothing", "no-order"]);
  assert.match(said(noOrder), /positions set to rotary/);
  assert.doesNotMatch(said(noOrder), /more steps/);
});

Deno.test("a run that ended while it was gaining is told so", () => {
  const denoising_mse = [0.15, 0.1, 0.08, 0.07, 0.06, 0.05];
  const shapes = { denoising_mse, loss: slope(1, 0.05) };
  assert.deepEqual(codes(alertsOn("mnist-small", shapes, { status: "finished" })), [
    "still-improving",
  ]);
  assert.deepEqual(alertsOn("mnist-small", shapes), []);
});

Deno.test("a run whose worker is gone is to be resumed only if it is worth it", () => {
  const status = "interrupted" as const;
  const good = alertsOn("mnist-small", { loss: slope(1, 0.1), denoising_mse: [0.1] }, { status });
  assert.match(said(good), /resume the run/);
  const byHeart = { nats_per_character: [1.7, 2.9], train_nats: [1.6, 1.1] };
  assert.doesNotMatch(said(alertsOn("shakespeare-autoregressive", byHeart, { status })), /resume/);
});

const level = fc.oneof(
  fc.double({ min: 1e-3, max: 5, noNaN: true }),
  fc.constantFrom(0, 1e12, NaN, Infinity),
);
/** A few levels joined by slopes, with noise: falling, flat, rising, exploding, in any order. */
const shape = fc.array(level, { minLength: 0, maxLength: 4 }).chain((levels) =>
  fc.tuple(fc.constant(levels), fc.integer({ min: 1, max: 15 }), fc.double({ min: 0, max: 0.3 }))
).map(([levels, points, noise]) =>
  levels.flatMap((from, i) => {
    const to = levels[i + 1] ?? from;
    return Array.from({ length: points }, (_, k) => {
      const smooth = from > 0 && to > 0 ? from * (to / from) ** (k / points) : from;
      return smooth * (1 + noise * Math.sin(7 * k + i));
    });
  })
);

/** Any run with any curves. */
const evidence = fc.record({
  preset: fc.constantFrom(...PRESET_NAMES),
  status: fc.constantFrom(...RUN_STATUSES),
  progress: fc.constantFrom(0.01, 0.3, 1),
  loss: shape,
  held: shape,
  train: shape,
  trivial: fc.constantFrom(null, 0.2, 2.49),
  silence: fc.constantFrom(null, 1, 100),
  defects: fc.record({
    shuffled_gap: fc.constantFrom(0, 0.1),
    informative_share: fc.constantFrom(0.3, 0.9),
    embedding_norm: fc.constantFrom(0.1, 1),
    rounding_nats: fc.constantFrom(1e-4, 0.1),
    reconstruction_nats: fc.constant(0.1),
  }),
}).map(({ preset, status, progress, loss, held, train, trivial, silence, defects }) => {
  const run = runOf(preset, { status, baseline: trivial, latest: defects });
  const placed = { ...run, step: Math.max(1, Math.round(progress * run.steps)) };
  const text = run.config.modality === "text";
  const shapes: Shapes = text
    ? { loss, nats_per_character: held, train_nats: train }
    : { loss, denoising_mse: held };
  return { ...evidenceOf(placed, shapes), silenceSeconds: silence };
});

Deno.test("no two pieces of advice contradict each other, whatever the curves", () => {
  fc.assert(
    fc.property(evidence, (evidence) => {
      const advice = findingsOn(evidence).flatMap(({ advice }) => advice);
      for (const a of advice) {
        for (const b of advice) assert.ok(!contradict(a, b), JSON.stringify([a, b]));
      }
      const { alerts } = reportOn(evidence);
      const message = said(alerts);
      assert.ok(!(/more steps/.test(message) && /fewer steps|stop it/.test(message)), message);
      assert.ok(
        !(/resume/.test(message) && /train again with (?!more steps)/.test(message)),
        message,
      );
      assert.equal(new Set(codes(alerts)).size, alerts.length, message);
      assert.doesNotMatch(message, /undefined|null|\[object/);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

Deno.test("what is said fits what is learnt, whatever the curves", () => {
  fc.assert(
    fc.property(evidence, (evidence) => {
      const message = said(reportOn(evidence).alerts);
      const other = evidence.run.config.modality === "text"
        ? /picture|pixel|digit|denoising error/
        : /\btext\b|character|nats|bigram/;
      assert.doesNotMatch(message, other);
    }),
    { numRuns: 1000, seed: 2 },
  );
});

Deno.test("what diverged is called so before all else, whatever else the curves show", () => {
  fc.assert(
    fc.property(evidence, fc.constantFrom(NaN, Infinity, 1e15), (evidence, end) => {
      const { run, curves } = evidence;
      fc.pre(run.status !== "failed" && (curves.loss ?? []).every(({ value }) => value > 0));
      fc.pre((curves.loss ?? []).length > 0);
      const loss = [
        ...curves.loss!.filter(({ value }) => value < 1e9),
        ...Array.from({ length: 9 }, (_, i) => ({ step: run.step + i, value: end })),
      ];
      fc.pre(loss.length > 9);
      const found = findingsOn({ ...evidence, curves: { ...curves, loss } });
      const course = found.filter(({ code }) =>
        /diverged|overfit|worse|falling|nothing|improv/.test(code)
      );
      assert.deepEqual(course.map(({ code }) => code), ["diverged"]);
    }),
    { numRuns: 500, seed: 3 },
  );
});
