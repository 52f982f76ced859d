/** Masked diffusion: what its estimate is of, and what its network looks at. */
import assert from "node:assert/strict";
import { normals, openEngine } from "../../../../engine/mod.ts";
import { generate } from "../../../../models/text/mod.ts";
import { initialParameters } from "../../../../models/layers/mod.ts";
import {
  maskedBoundStep,
  maskedPlaces,
  textFiller,
  textNetwork,
} from "../../../../models/text/network/mod.ts";
import { CHAIN, chainModel, STATIONARY } from "../generation/chain.ts";
import { compiled, entropyPerSymbol, inputsOf, learn, SYMBOLS, windows } from "./toy.ts";

const L = 8;
const network = textNetwork({
  size: "tiny",
  method: "masked",
  vocabulary: SYMBOLS,
  context: L,
  positions: true,
  unitNorm: true,
});

Deno.test("masked places: every number of masks comes up equally often, and every place", () => {
  const length = 16, steps = 200, sizes = new Array(length + 1).fill(0);
  const places = new Array(length).fill(0);
  for (let step = 0; step < steps; step++) {
    const masked = maskedPlaces(2 * length, length, { seed: 0, stream: "masks", step });
    masked.forEach((value, i) => places[i % length] += value);
    const rows = Array.from(
      { length: 2 * length },
      (_, row) => masked.subarray(row * length, (row + 1) * length),
    );
    for (const row of rows) sizes[row.reduce((sum, value) => sum + value, 0)]++;
  }
  // One window in each stratum: of 32 windows, two for each number of masks.
  assert.deepEqual(sizes, [0, ...new Array(length).fill(2 * steps)]);
  const expected = 2 * length * steps * (length + 1) / 2 / length;
  places.forEach((n) => assert.ok(Math.abs(n / expected - 1) < 0.05, `${n} of ${expected}`));
});

Deno.test("with exact posteriors the bound is the likelihood; the mean over all masks is not", async () => {
  const model = chainModel({ masks: true });
  const length = 10, count = 1000, size = CHAIN.length;
  const { tokens } = await generate(model, {
    ...{
      mode: "autoregressive",
      count,
      length,
      prompt: new Int32Array(0),
      temperature: 1,
      topP: 1,
    },
    ...{ blockSize: 1, steps: 1, sampler: "ddpm", diffusionWeight: 0, reviseShare: 0, rounds: 0 },
    ...{ seed: 7, frames: 0 },
  });
  const masked = maskedPlaces(count, length, { seed: 1, stream: "exact", step: 0 });
  const logits = await model.fill!(
    tokens.map((token, i) => masked[i] === 1 ? -1 : token),
    count,
    length,
  );
  const rows = Array.from({ length: count }, (_, row) => {
    let nats = 0, masks = 0, exact = 0;
    for (let i = row * length; i < (row + 1) * length; i++) {
      const before = i % length === 0 ? STATIONARY : CHAIN[tokens[i - 1]!]!;
      exact -= Math.log(before[tokens[i]!]!) / length;
      masks += masked[i]!;
      nats -= masked[i]! * logits[i * size + tokens[i]!]!;
    }
    return { nats, masks, exact };
  });
  const apart = rows.map(({ nats, masks, exact }) => nats / masks - exact);
  const error = standardError(apart);
  assert.ok(error < 0.03, `${error}`);
  assert.ok(Math.abs(mean(apart)) < 4 * error, `${mean(apart)} ± ${error} from the likelihood`);
  const pooled = mean(rows.map(({ nats }) => nats)) / mean(rows.map(({ masks }) => masks));
  const off = pooled - mean(rows.map(({ exact }) => exact));
  assert.ok(off > 4 * error, `the mean over all masks is off by ${off}, ± ${error}`);
});

Deno.test("the bound of finitely many steps is the expectation over all masks", async () => {
  const model = chainModel({ masks: true }), size = CHAIN.length;
  const tokens = [1, 2, 3], length = tokens.length, steps = 3, count = 600;
  const costs = async (masked: ArrayLike<number>, rows: number) => {
    const given = Int32Array.from(masked, (value, i) => value === 1 ? -1 : tokens[i % length]!);
    const logits = await model.fill!(given, rows, length);
    return Array.from({ length: rows }, (_, row) =>
      tokens.reduce((sum, token, i) => {
        const place = row * length + i;
        return sum - masked[place]! * logits[place * size + token]!;
      }, 0));
  };
  const sets = Array.from({ length: 2 ** length }, (_, set) => [set & 1, set >> 1 & 1, set >> 2]);
  const nats = await costs(sets.flat(), sets.length);
  let expected = 0;
  for (let k = 1; k <= steps; k++) {
    const t = k / steps;
    sets.forEach((set, i) => {
      const share = set.reduce((p, value) => p * (value === 1 ? t : 1 - t), 1);
      expected += share * nats[i]! / k / length;
    });
  }
  const masked = maskedPlaces(count, length, { seed: 4, stream: "walk", step: 0 }, steps);
  const values = (await costs(masked, count)).map((sum, row) =>
    sum / masked.subarray(row * length, (row + 1) * length).reduce((a, b) => a + b)
  );
  const error = standardError(values);
  assert.ok(error < 0.05, `${error}`);
  assert.ok(Math.abs(mean(values) - expected) < 4 * error, `${mean(values)}, not ${expected}`);
});

Deno.test("one sampling step masks everything, very many steps any number equally often", () => {
  const key = { seed: 5, stream: "walk", step: 0 };
  assert.ok(maskedPlaces(3, 8, key, 1).every((value) => value === 1));
  const length = 6, count = 600;
  const masked = maskedPlaces(count, length, key, 1000);
  const sizes = new Array(length).fill(0);
  for (let row = 0; row < count; row++) {
    sizes[masked.subarray(row * length, (row + 1) * length).reduce((a, b) => a + b) - 1]++;
  }
  sizes.forEach((n) => assert.ok(Math.abs(n - count / length) <= 2, `${sizes}`));
});

Deno.test("a trained network's masked bound lies above the entropy, and near it", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const count = 64;
    const parameters = await learn(engine, network, null, { steps: 250, count });
    const program = await compiled(engine, maskedBoundStep(network, network.filler!), count);
    const draws: number[] = [];
    for (let step = 0; step < 60; step++) {
      const { nats } = await program.run({
        ...inputsOf(parameters),
        tokens: windows(2, step, count, L),
        masked: maskedPlaces(count, L, { seed: 2, stream: "masks", step }),
      });
      draws.push(mean(Array.from(nats!)));
    }
    const bound = mean(draws), entropy = entropyPerSymbol(L);
    const error = standardError(draws);
    assert.ok(bound > entropy - 3 * error, `${bound} ± ${error} is below the entropy ${entropy}`);
    assert.ok(bound < entropy + 0.05, `${bound} is not near the entropy ${entropy}`);
  } finally {
    await engine.dispose();
  }
});

Deno.test("masked characters change no logits; unmasked ones change those of all positions", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const program = await compiled(engine, textFiller(network, network.filler!, L), 1);
    // Heads start at zero and would hide everything.
    const weights = Object.fromEntries(
      Object.entries(initialParameters(network.parameters, 0)).map(([name, { data }]) => [
        name,
        normals({ seed: 3, stream: name, step: 0 }, data.length).map((value) => 0.3 * value),
      ]),
    );
    const masked = Float32Array.of(0, 1, 0, 1, 1, 0, 1, 0);
    const tokens = Int32Array.of(3, 1, 0, 2, 1, 2, 3, 0);
    const logitsOf = async (given: Int32Array) =>
      Float32Array.from((await program.run({ ...weights, tokens: given, masked })).logits!);
    const base = await logitsOf(tokens);
    for (let i = 0; i < L; i++) {
      const other = tokens.slice();
      other[i] = (other[i]! + 1) % SYMBOLS;
      const after = await logitsOf(other);
      const moved = Array.from(
        { length: L },
        (_, place) =>
          [0, 1, 2, 3].some((v) => after[place * SYMBOLS + v] !== base[place * SYMBOLS + v]),
      );
      assert.deepEqual(moved, new Array(L).fill(masked[i] === 0), `character ${i}`);
    }
  } finally {
    await engine.dispose();
  }
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.map((value) => (value - middle) ** 2);
  return Math.sqrt(mean(squares) / (values.length - 1));
}
