/** Every way of writing, with a perfect network of a Markov chain: the text must be the chain's. */
import assert from "node:assert/strict";
import { generate, type GenerationRequest } from "../../../../models/text/mod.ts";
import { CHAIN, chainModel, natsPerTransition, STATIONARY, transitionError, V } from "./chain.ts";

/** Of 16 frequencies, the largest deviation of a right sampler exceeds this about once in 3,700 tests. */
const STANDARD_ERRORS = 4.3;

const model = chainModel();
const request = (changes: Partial<GenerationRequest>): GenerationRequest => ({
  mode: "blocks",
  count: 150,
  length: 30,
  prompt: new Int32Array(0),
  blockSize: 8,
  steps: 60,
  sampler: "ddpm",
  temperature: 1,
  topP: 1,
  diffusionWeight: 0,
  reviseShare: 0.3,
  rounds: 1,
  seed: 11,
  frames: 0,
  ...changes,
});
const rowOf = (tokens: Int32Array, length: number, row: number) =>
  Array.from(tokens.subarray(row * length, (row + 1) * length));

Deno.test("writing left to right has the chain's transitions, beyond the context too", async () => {
  const { tokens, length } = await generate(
    chainModel({ context: 6 }),
    request({ mode: "autoregressive", length: 60 }),
  );
  assert.ok(transitionError(tokens, length).errors < STANDARD_ERRORS);
});

// Finite steps add an error of their own. At 60 it does not show beside chance: five other seeds gave
// at most 3.0 standard errors; at 20 they gave up to 4.0.
for (const mode of ["diffusion", "blocks"] as const) {
  Deno.test(`mode ${mode} has the chain's transitions`, async () => {
    const { tokens, length } = await generate(model, request({ mode, count: 250 }));
    assert.ok(transitionError(tokens, length).errors < STANDARD_ERRORS);
  });
}

Deno.test("blocks of one character are the chain's, and a last block may be shorter", async () => {
  const single = await generate(model, request({ blockSize: 1, length: 20, steps: 20 }));
  assert.ok(transitionError(single.tokens, single.length).errors < STANDARD_ERRORS);
  const uneven = await generate(model, request({ blockSize: 8, length: 13, count: 2, frames: 2 }));
  assert.equal(uneven.tokens.length, 2 * 13);
  assert.deepEqual([...new Set(uneven.frames.map(({ length }) => length))], [8, 5]);
});

Deno.test("guided without weight on diffusion is left to right, character for character", async () => {
  for (const [temperature, topP] of [[1, 1], [0.7, 0.8], [0, 1]] as const) {
    const left = await generate(model, request({ mode: "autoregressive", temperature, topP }));
    const guided = await generate(model, request({ mode: "guided", temperature, topP }));
    assert.deepEqual(guided.tokens, left.tokens);
  }
});

Deno.test("guided by diffusion alone has the chain's transitions, far above its cleanest level", async () => {
  const { tokens, length, networkEvaluations } = await generate(
    model,
    request({ mode: "guided", diffusionWeight: 1, count: 250, length: 24 }),
  );
  assert.ok(transitionError(tokens, length).errors < STANDARD_ERRORS);
  // Three blocks: the steps and their last estimate, and one for each character but the first.
  assert.equal(networkEvaluations, 3 * (60 + 1 + 7));
});

Deno.test("infill keeps the given characters and fills the gap", async () => {
  const count = 200, template = Int32Array.from([0, -1, 3, 1]);
  const { tokens } = await generate(model, request({ mode: "infill", template, count }));
  for (let row = 0; row < count; row++) {
    const [a, gap, b, c] = rowOf(tokens, 4, row);
    assert.deepEqual([a, b, c], [0, 3, 1]);
    assert.ok(gap! >= 0 && gap! < V);
  }
});

Deno.test("a prompt is kept by every way of continuing it", async () => {
  const prompt = Int32Array.from([2, 0, 1]), count = 40;
  for (const mode of ["autoregressive", "blocks", "guided", "diffusion", "revised"] as const) {
    const { tokens, length } = await generate(
      model,
      request({ mode, prompt, count, length: 5, diffusionWeight: 0.5, steps: 10 }),
    );
    assert.equal(length, 8);
    for (let row = 0; row < count; row++) {
      assert.deepEqual(rowOf(tokens, 8, row).slice(0, 3), [2, 0, 1]);
    }
  }
});

Deno.test("revision makes a worse network's draft likelier under the chain", async () => {
  const flat = CHAIN.map((row) => row.map((p) => 0.4 * p + 0.6 / V));
  const worse = chainModel({ chain: flat });
  const written = (rounds: number) =>
    generate(worse, request({ mode: "revised", rounds, count: 60, steps: 30 }));
  const [draft, revised] = [await written(0), await written(2)];
  const before = natsPerTransition(draft.tokens, 30), after = natsPerTransition(revised.tokens, 30);
  assert.ok(after < before - 0.15, `${before} to ${after}`);
});

Deno.test("revision reaches all of a text longer than the context, and leaves the prompt", async () => {
  const short = chainModel({ context: 8 });
  const changes = { count: 40, length: 21, blockSize: 4, prompt: Int32Array.of(0, 1), steps: 10 };
  const written = async (rounds: number) =>
    (await generate(short, request({ mode: "revised", reviseShare: 1, rounds, ...changes })))
      .tokens;
  const [draft, revised] = [await written(0), await written(1)];
  const differ = (place: number) =>
    Array.from({ length: 40 }, (_, row) => row * 23 + place).some((i) => draft[i] !== revised[i]);
  assert.deepEqual(
    Array.from({ length: 23 }, (_, place) => place).filter((place) => !differ(place)),
    [0, 1],
  );
});

Deno.test("the same seed writes the same text, another seed another", async () => {
  for (const mode of ["autoregressive", "blocks", "guided", "revised", "diffusion"] as const) {
    const once = (seed: number) =>
      generate(model, request({ mode, seed, count: 3, diffusionWeight: 0.5, steps: 10 }));
    assert.deepEqual((await once(1)).tokens, (await once(1)).tokens);
    assert.notDeepEqual((await once(1)).tokens, (await once(2)).tokens);
  }
});

Deno.test("the film runs from the noisiest level to the cleanest with every solver", async () => {
  // With a prompt, most steps are taken several times.
  for (const prompt of [[], [2, 0]]) {
    for (const sampler of ["ddpm", "ddim", "heun", "dpmpp-2m"] as const) {
      const { frames } = await generate(
        model,
        request({
          mode: "diffusion",
          sampler,
          count: 1,
          prompt: Int32Array.from(prompt),
          length: 8,
          steps: 12,
          frames: 4,
        }),
      );
      assert.equal(frames.length, 4, sampler);
      assert.equal(frames[0]!.gamma, 5, sampler);
      assert.equal(frames.at(-1)!.gamma, -5, sampler);
    }
  }
});

Deno.test("temperature 0 on one position takes the likeliest character", async () => {
  const { tokens } = await generate(
    model,
    request({ mode: "autoregressive", temperature: 0, length: 1, count: 1 }),
  );
  assert.equal(tokens[0], STATIONARY.indexOf(Math.max(...STATIONARY)));
});

Deno.test("out of masks, text has the chain's transitions, and a gap its exact posterior", async () => {
  const masks = chainModel({ masks: true });
  const steps = 100;
  const { tokens, length, networkEvaluations } = await generate(
    masks,
    request({ mode: "diffusion", count: 200, length: 12, steps }),
  );
  assert.ok(tokens.every((token) => token >= 0 && token < V));
  assert.ok(transitionError(tokens, length).errors < STANDARD_ERRORS);
  assert.ok(networkEvaluations <= steps);

  const count = 2000, template = Int32Array.from([0, -1, 3, 1]);
  const filled = await generate(masks, request({ mode: "infill", template, count, steps: 1 }));
  const shares = [0, 1, 2, 3].map((v) => CHAIN[0]![v]! * CHAIN[v]![3]!);
  const total = shares.reduce((a, b) => a + b);
  const counts = [0, 0, 0, 0];
  for (let row = 0; row < count; row++) {
    const [a, gap, b, c] = rowOf(filled.tokens, 4, row);
    assert.deepEqual([a, b, c], [0, 3, 1]);
    counts[gap!]!++;
  }
  shares.map((share) => share / total).forEach((p, v) =>
    assert.ok(
      Math.abs(counts[v]! / count - p) < STANDARD_ERRORS * Math.sqrt(p * (1 - p) / count),
      `${v}: ${counts[v]} of ${count}, expected ${p}`,
    )
  );
});

Deno.test("the film of masks runs from all to none, and asks the network nothing more", async () => {
  const ask = (frames: number) =>
    generate(
      chainModel({ masks: true }),
      request({
        mode: "diffusion",
        count: 1,
        prompt: Int32Array.of(2, 0),
        length: 6,
        steps: 40,
        frames,
      }),
    );
  const { frames, tokens, networkEvaluations } = await ask(5);
  assert.deepEqual(frames.map(({ masked }) => masked), [1, 0.75, 0.5, 0.25, 0]);
  assert.deepEqual([...frames[0]!.tokens], [2, 0, -1, -1, -1, -1, -1, -1]);
  assert.deepEqual(frames.at(-1)!.tokens, tokens);
  for (const [i, frame] of frames.entries()) {
    frame.confidence.forEach((share, place) =>
      assert.ok(frame.tokens[place]! < 0 ? share > 0 && share < 1 : share === 1)
    );
    // What is revealed stays.
    frames[i - 1]?.tokens.forEach((token, place) =>
      assert.ok(token < 0 || token === frame.tokens[place])
    );
  }
  const plain = await ask(0);
  assert.deepEqual(plain.tokens, tokens);
  assert.equal(plain.networkEvaluations, networkEvaluations);
  assert.ok(networkEvaluations <= 6, "a character revealed by itself costs one evaluation");
});
