/** Who sees whom, found out by changing one thing and looking which outputs move. */
import assert from "node:assert/strict";
import { normals, openEngine } from "../../../../engine/mod.ts";
import { initialParameters } from "../../../../models/layers/mod.ts";
import { noiseInputs } from "../../../../models/diffusion/mod.ts";
import {
  blockMask,
  continuationMask,
  nextCharacters,
  rotaryTables,
  textDenoiser,
  textNetwork,
} from "../../../../models/text/network/mod.ts";
import { EMBEDDING_DIMENSION as D } from "../../../../models/text/mod.ts";
import { compiled, inputsOf } from "./toy.ts";

const L = 8, V = 5;
const network = textNetwork({
  size: "tiny",
  method: "blocks",
  vocabulary: V,
  context: L,
  positions: true,
  unitNorm: true,
});
/** Gates and heads start at zero and would hide everything: all parameters are made random. */
const parameters = Object.fromEntries(
  Object.entries(initialParameters(network.parameters, 0)).map(([name, { shape, data }]) => [name, {
    shape,
    data: normals({ seed: 3, stream: name, step: 0 }, data.length).map((value) => 0.3 * value),
  }]),
);
const weights = inputsOf(parameters);
const TOKENS = Int32Array.from({ length: L - 1 }, (_, i) => (i * 3) % V);
const Z = normals({ seed: 1, stream: "z", step: 0 }, L * D);
/** Positions whose logits differ. */
function moved(before: ArrayLike<number>, after: ArrayLike<number>): number[] {
  return Array.from({ length: before.length / V }, (_, i) => i).filter((i) =>
    Array.from({ length: V }, (_, v) => Math.abs(before[i * V + v]! - after[i * V + v]!))
      .some((difference) => difference > 0)
  );
}

function changed<T extends Int32Array | Float32Array>(values: T, from: number, width = 1): T {
  const copy = values.slice() as T;
  for (let i = from; i < from + width; i++) copy[i] = (copy[i]! + 1) % V;
  return copy;
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

Deno.test("reading is strictly causal: a character moves the logits of those after it, no others", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const program = await compiled(engine, nextCharacters(network, network.reader!), 1);
    const logitsOf = async (tokens: Int32Array) =>
      Float32Array.from((await program.run({ ...weights, tokens })).logits!);
    const base = await logitsOf(TOKENS);
    for (let i = 0; i < L - 1; i++) {
      assert.deepEqual(moved(base, await logitsOf(changed(TOKENS, i))), range(i + 1, L));
    }
  } finally {
    await engine.dispose();
  }
});

Deno.test("a block sees itself and the text before it, whatever the size of blocks", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const program = await compiled(engine, textDenoiser(network, network.denoiser!, L), 1);
    const { alpha, sigma } = noiseInputs(new Float64Array([0.3]));
    const common = {
      ...weights,
      gamma: Float32Array.of(0.3),
      alpha,
      sigma,
      ...rotaryTables(range(0, L), network.headWidth),
    };
    for (const size of [1, 2, 4, 8]) {
      const mask = blockMask(L, size);
      const logitsOf = async (tokens: Int32Array, z: Float32Array, previous = Z) =>
        Float32Array.from(
          (await program.run({ ...common, mask, tokens, z, previous })).logits!,
        );
      const base = await logitsOf(TOKENS, Z);
      for (let i = 0; i < L; i++) {
        const start = i - i % size, own = range(start, start + size);
        assert.deepEqual(moved(base, await logitsOf(TOKENS, changed(Z, i * D, D))), own);
        assert.deepEqual(moved(base, await logitsOf(TOKENS, Z, changed(Z, i * D, D))), own);
        if (i === L - 1) continue;
        const later = await logitsOf(changed(TOKENS, i), Z);
        assert.deepEqual(
          moved(base, later),
          range(start + size, L),
          `size ${size}, character ${i}`,
        );
      }
    }
  } finally {
    await engine.dispose();
  }
});

Deno.test("a block that continues a prefix has the logits it has among all blocks", async () => {
  const engine = await openEngine({ device: "cpu" });
  try {
    const denoiser = (length: number) =>
      compiled(engine, textDenoiser(network, network.denoiser!, length), 1);
    const { alpha, sigma } = noiseInputs(new Float64Array([0.3]));
    const common = { ...weights, gamma: Float32Array.of(0.3), alpha, sigma };
    const whole = await (await denoiser(L)).run({
      ...common,
      tokens: TOKENS,
      z: Z,
      previous: new Float32Array(L * D),
      mask: blockMask(L, 2),
      ...rotaryTables(range(0, L), network.headWidth),
    });
    const expected = whole.logits!.slice(4 * V, 6 * V);
    const prefix = 4, length = 2;
    const block = await (await denoiser(length)).run({
      ...common,
      // What is behind the prefix is padding, and must not matter.
      tokens: Int32Array.from({ length: L - 1 }, (_, i) => i < prefix ? TOKENS[i]! : 1),
      z: Z.slice(prefix * D, (prefix + length) * D),
      previous: new Float32Array(length * D),
      mask: continuationMask({ slots: L, size: length, prefix, length }),
      ...rotaryTables([4, 5], network.headWidth),
    });
    block.logits!.forEach((value, i) =>
      assert.ok(Math.abs(value - expected[i]!) < 1e-4, `${value} for ${expected[i]}`)
    );
  } finally {
    await engine.dispose();
  }
});
