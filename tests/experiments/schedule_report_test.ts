import assert from "node:assert/strict";
import { reportSchedules } from "../../experiments/report/schedules.ts";

const MADE_UP = { dataset: "made-up-digits" } as const;

Deno.test("a schedule report says where the signal goes, and that cosine keeps it longer", async () => {
  const { schedules: [linear, cosine], dataVariance } = await reportSchedules(
    ["linear", "cosine"],
    MADE_UP,
  );
  for (const facts of [linear!, cosine!]) {
    const { curve, shares, halfInformation: half } = facts;
    assert.ok(curve.every(({ alpha, sigma }) => Math.abs(alpha ** 2 + sigma ** 2 - 1) < 1e-12));
    assert.ok(curve.every(({ gamma }, i) => i === 0 || gamma > curve[i - 1]!.gamma));
    const all = shares.nearlyClean + shares.informative + shares.nearlyNoise;
    assert.ok(Math.abs(all - 1) < 1e-12);
    assert.ok(half.snr * dataVariance > 0.2 && half.snr * dataVariance < 2);
    assert.equal(facts.terminal.level, "good");
  }
  // ᾱ_T of the linear schedule with 1000 steps is 4.04e-5 (Ho et al. 2020, discrete); its continuous
  // limit is 4.3e-5.
  assert.ok(Math.abs(linear!.leftoverSignal ** 2 - 4.2e-5) < 3e-6);
  assert.ok(cosine!.halfInformation.t > linear!.halfInformation.t);
  assert.ok(cosine!.shares.nearlyNoise < linear!.shares.nearlyNoise);
});

Deno.test("the forward process takes the digit to noise, the same noise for every schedule", async () => {
  const { schedules, digit } = await reportSchedules(["linear", "cosine"], {
    ...MADE_UP,
    times: [0, 1],
    index: 3,
  });
  const correlation = (a: Float32Array, b: Float32Array) => {
    const mean = (values: Float32Array) => values.reduce((s, v) => s + v, 0) / values.length;
    const [ma, mb] = [mean(a), mean(b)];
    let ab = 0, aa = 0, bb = 0;
    for (let i = 0; i < a.length; i++) {
      ab += (a[i]! - ma) * (b[i]! - mb);
      aa += (a[i]! - ma) ** 2;
      bb += (b[i]! - mb) ** 2;
    }
    return ab / Math.sqrt(aa * bb);
  };
  for (const { forward: [clean, noisy] } of schedules) {
    assert.ok(correlation(clean!.pixels, digit.pixels) > 0.99);
    assert.ok(Math.abs(correlation(noisy!.pixels, digit.pixels)) < 0.15);
  }
  assert.ok(correlation(schedules[0]!.forward[1]!.pixels, schedules[1]!.forward[1]!.pixels) > 0.99);
});

const mistakes: [
  names: string[],
  options: Parameters<typeof reportSchedules>[1],
  message: RegExp,
][] = [
  [
    [],
    MADE_UP,
    /^schedules is \[\], but must be a list of 1 to \d+ values, each one of linear, scaled-linear, /,
  ],
  [["cosin"], MADE_UP, /^schedules\[0\] is "cosin", but must be one of .*: did you mean cosine\?/],
  [
    ["linear"],
    { ...MADE_UP, times: [0, 1.5] },
    /^times\[1\] is 1.5, but must be a number from 0 to 1$/,
  ],
  [
    ["linear"],
    { ...MADE_UP, index: 5000 },
    /^digit_index is 5000, but must be a whole number from 0 to 999$/,
  ],
];
for (const [names, options, message] of mistakes) {
  Deno.test(`a schedule report on ${JSON.stringify([names, options])} is refused`, async () => {
    await assert.rejects(reportSchedules(names, options), { name: "UserError", message });
  });
}

Deno.test("a schedule that ends in pure noise is said to, and not to leave a little", async () => {
  const report = await reportSchedules(["flow"], { dataset: "made-up-digits" });
  assert.equal(report.schedules[0]!.leftoverSignal, 0);
  assert.equal(report.schedules[0]!.terminal.level, "good");
  assert.match(report.schedules[0]!.terminal.text, /^Nothing of the signal is left at t = 1/);
});

Deno.test("the same noise schedule takes a line of verse from itself to noise, sooner than the digit", async () => {
  const { schedules: [cosine], verse } = await reportSchedules(["cosine"], {
    ...MADE_UP,
    times: [0, 0.3, 1],
  });
  const lines = cosine!.forward.map((moment) => moment.verse);
  assert.equal(lines[0]!.text, verse.line);
  assert.notEqual(lines[2]!.text, verse.line);
  const sure = lines.map(({ confidence }) =>
    confidence.reduce((sum, share) => sum + share, 0) / confidence.length
  );
  assert.ok(sure[0]! > 0.99 && sure[1]! < 0.9 && sure[2]! < 0.05, `${sure}`);
  assert.ok(cosine!.verse.halfInformation.t < cosine!.halfInformation.t);
});

Deno.test("schedules made for embeddings, and those rescaled to pure noise, can be looked at too", async () => {
  const { schedules } = await reportSchedules(
    ["logistic-gamma", "linear-gamma", "linear-zero-snr", "adaptive-gamma"],
    { ...MADE_UP, times: [0, 1] },
  );
  const [logistic, linear, rescaled, adaptive] = schedules;
  for (const facts of [logistic!, linear!]) {
    assert.deepEqual([facts.start.gamma, facts.end.gamma], [-4, 5]);
    assert.ok(facts.verse.priorNats > 0.003 && facts.verse.priorNats < 0.004);
    assert.equal(facts.terminal.level, "good");
  }
  assert.ok(logistic!.verse.shares.nearlyNoise < 0.5 * linear!.verse.shares.nearlyNoise);
  assert.deepEqual(adaptive!.verse.shares, logistic!.verse.shares, "as a run starts");
  assert.deepEqual([rescaled!.leftoverSignal, rescaled!.verse.priorNats], [0, 0]);
});

Deno.test("other work gets its turn between the schedules of a report", async () => {
  const all = ["linear", "cosine", "sigmoid", "sqrt"];
  await reportSchedules(all, MADE_UP);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await reportSchedules(all, MADE_UP);
  clearInterval(timer);
  assert.ok(turns >= all.length - 1, `${turns} turns`);
});
