import assert from "node:assert/strict";
import { compileMuon, normals, openEngine, type Parameters } from "../../engine/mod.ts";
import { orthogonalized } from "../../engine/muon.ts";

const engine = await openEngine({ device: "cpu" });

const random = (name: string, length: number) =>
  normals({ seed: 3, stream: name, step: 0 }, length) as Float32Array;

/** A Bᵀ of two matrices in row-major order, [n, k] and [m, k]. */
function timesTransposed(a: Float32Array, b: Float32Array, k: number): number[][] {
  const row = (values: Float32Array, i: number) => values.subarray(i * k, (i + 1) * k);
  return Array.from(
    { length: a.length / k },
    (_, i) =>
      Array.from(
        { length: b.length / k },
        (_, j) => row(a, i).reduce((sum, value, l) => sum + value * row(b, j)[l]!, 0),
      ),
  );
}

async function orthogonal(values: Float32Array, shape: [number, number, number]) {
  const program = await engine.compile(
    ({ x }) => ({ y: orthogonalized(x!) }),
    { x: { shape, dtype: "float32" } },
  );
  const y = (await program.run({ x: values })).y!.slice() as Float32Array;
  await program.dispose();
  return y;
}

Deno.test("orthogonalized() brings all singular values to about 1", async () => {
  const y = await orthogonal(random("wide", 6 * 10), [1, 6, 10]);
  // Y Yᵀ is near the identity where the singular values are near 1.
  const gram = timesTransposed(y, y, 10);
  for (let i = 0; i < 6; i++) {
    assert.ok(
      gram[i]![i]! > 0.4 && gram[i]![i]! < 1.5,
      `row ${i} has squared length ${gram[i]![i]}`,
    );
    for (let j = 0; j < i; j++) {
      assert.ok(Math.abs(gram[i]![j]!) < 0.35, `rows ${i} and ${j}: ${gram[i]![j]}`);
    }
  }
});

Deno.test("orthogonalized() keeps the singular vectors: a diagonal matrix becomes about the identity", async () => {
  const diagonal = new Float32Array(9);
  [5, 1, 0.2].forEach((value, i) => diagonal[4 * i] = value);
  const y = await orthogonal(diagonal, [1, 3, 3]);
  y.forEach((value, i) => {
    if (i % 4 === 0) assert.ok(value > 0.65 && value < 1.25, `${value}`);
    else assert.ok(Math.abs(value) < 1e-6, `${value}`);
  });
});

Deno.test("orthogonalized() does not care for the scale, and treats upright matrices as lying ones", async () => {
  const values = random("upright", 2 * 4 * 7);
  const lying = await orthogonal(values, [2, 4, 7]);
  const scaled = await orthogonal(values.map((value) => 1000 * value), [2, 4, 7]);
  scaled.forEach((value, i) => assert.ok(Math.abs(value - lying[i]!) < 1e-4));
  const upright = Float32Array.from({ length: 56 }, (_, i) => {
    const [matrix, row, column] = [Math.floor(i / 28), Math.floor(i % 28 / 4), i % 4];
    return values[matrix * 28 + column * 7 + row]!;
  });
  const turned = await orthogonal(upright, [2, 7, 4]);
  turned.forEach((value, i) => {
    const [matrix, row, column] = [Math.floor(i / 28), Math.floor(i % 28 / 4), i % 4];
    assert.ok(Math.abs(value - lying[matrix * 28 + column * 7 + row]!) < 1e-4);
  });
});

function weights(): Parameters {
  return {
    a: { shape: [4, 8], data: random("a", 32) },
    b: { shape: [4, 8], data: random("b", 32) },
    kernel: { shape: [3, 3, 2, 5], data: random("kernel", 90) },
    bias: { shape: [8], data: random("bias", 8) },
  };
}
const NAMES = ["a", "b", "kernel"];
const zerosLike = (parameters: Parameters) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]),
  );

Deno.test("a step of Muon has the size of AdamW's whatever the gradient's, and only for its tensors", async () => {
  const muon = await compileMuon(engine, weights(), NAMES);
  for (const scale of [1e-4, 1, 1e4]) {
    const parameters = weights(), before = weights();
    const gradients = Object.fromEntries(
      Object.entries(parameters).map(([name, { data }]) => [
        name,
        random(`gradient ${name}`, data.length).map((value) => scale * value),
      ]),
    );
    await muon.step(parameters, gradients, zerosLike(parameters), {
      learningRate: 0.1,
      weightDecay: 0,
      scale: 1,
    });
    for (const name of NAMES) {
      const { data } = parameters[name]!;
      const change = data.map((value, i) => value - before[name]!.data[i]!);
      const size = Math.sqrt(change.reduce((sum, value) => sum + value ** 2, 0) / change.length);
      assert.ok(size > 0.015 && size < 0.025, `${name} moves by ${size} at scale ${scale}`);
      const along = change.reduce((sum, value, i) => sum + value * gradients[name]![i]!, 0);
      assert.ok(along < 0, `${name} moves against its gradient`);
    }
    assert.deepEqual(parameters.bias, before.bias);
  }
});

Deno.test("Muon finds a linear map that gradients show unevenly", async () => {
  // ½ Σ sᵢ² ‖(W − A)ᵢ‖²: the second half of the rows has a gradient a thousand times smaller.
  const target = random("target", 64);
  const stretch = (i: number) => i < 32 ? 1 : 0.001;
  const parameters: Parameters = { w: { shape: [8, 8], data: new Float32Array(64) } };
  const momentum = zerosLike(parameters);
  const muon = await compileMuon(engine, parameters, ["w"]);
  for (let step = 0; step < 300; step++) {
    const { data } = parameters.w!;
    const gradient = data.map((value, i) => stretch(i) * (value - target[i]!));
    const learningRate = 0.3 * (1 - step / 300);
    const options = { learningRate, weightDecay: 0, scale: 1 };
    await muon.step(parameters, { w: gradient }, momentum, options);
  }
  const worst = Math.max(...parameters.w!.data.map((value, i) => Math.abs(value - target[i]!)));
  assert.ok(worst < 0.1, `the farthest element is ${worst} away`);
});

Deno.test("Muon's momentum and decay are those of its definition", async () => {
  const parameters: Parameters = { w: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) } };
  const momentum = { w: Float32Array.of(0.5, 0, 0, 0.5) };
  const muon = await compileMuon(engine, parameters, ["w"]);
  await muon.step(parameters, { w: Float32Array.of(2, 0, 0, 2) }, momentum, {
    learningRate: 0.1,
    weightDecay: 0.5,
    scale: 0.5,
  });
  assert.ok(Math.abs(momentum.w[0]! - (0.95 * 0.5 + 0.05 * 1)) < 1e-6);
  const program = await engine.compile(
    ({ x }) => ({ y: orthogonalized(x!) }),
    { x: { shape: [1, 2, 2], dtype: "float32" } },
  );
  const { y } = await program.run({ x: Float32Array.of(1, 0, 0, 1) });
  const expected = (1 - 0.1 * 0.5) * 1 - 0.1 * 0.2 * Math.SQRT2 * y![0]!;
  assert.ok(Math.abs(parameters.w!.data[0]! - expected) < 1e-6);
});

Deno.test("Muon refuses what is no matrix", async () => {
  await assert.rejects(compileMuon(engine, weights(), ["bias"]), /bias \[8\] is no matrix/);
});
