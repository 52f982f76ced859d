import assert from "node:assert/strict";
import { openEngine, tf } from "../../../engine/mod.ts";
import { imageNetwork, imageSizes } from "../../../models/image/mod.ts";
import { initialParameters } from "../../../models/layers/mod.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

const SHAPE = { height: 8, width: 12, channels: 3, classes: 4 };
const COUNT = 2;

const values = (length: number, f: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(f * (i + 1)));
const z = values(COUNT * 8 * 12 * 3, 0.7);
const angle = Float32Array.of(0.2, 1.1);
const labels = Int32Array.of(3, 4);

function tensorsOf(parameters: ReturnType<typeof initialParameters>) {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      tf.tensor(data, [...shape]),
    ]),
  );
}

async function trained(kind: "dit-2" | "dit-4") {
  const network = await imageNetwork("tiny", SHAPE, { kind });
  const parameters = initialParameters(network.parameters, 5);
  // Away from the zeros that some start with.
  for (const [name, { data }] of Object.entries(parameters)) {
    if (data.every((value) => value === 0)) data.set(values(data.length, name.length / 7));
  }
  return { network, parameters };
}

for (const kind of ["dit-2", "dit-4"] as const) {
  Deno.test(`${kind}: the compiled network is the eager one, in the image's own shape`, async () => {
    const { network, parameters } = await trained(kind);
    const eager = network.apply(
      tensorsOf(parameters),
      tf.tensor4d(z, [COUNT, 8, 12, 3]),
      tf.tensor1d(angle),
      tf.tensor1d(labels, "int32"),
    );
    assert.deepEqual(eager.shape, [COUNT, 8, 12, 3]);
    const engine = await openEngine({ device: "cpu" });
    const program = await engine.compile(
      (inputs) => ({ y: network.apply(inputs, inputs.z!, inputs.angle!, inputs.labels!) }),
      {
        z: { shape: [COUNT, 8, 12, 3], dtype: "float32" },
        angle: { shape: [COUNT], dtype: "float32" },
        labels: { shape: [COUNT], dtype: "int32" },
      },
      { constants: parameters },
    );
    const { y } = await program.run({ z, angle, labels });
    assertClose(y!, eager.dataSync(), { absolute: 1e-4 });
    await engine.dispose();
  });

  Deno.test(`${kind}: with closed blocks a patch comes back to its own place, changed by itself alone`, async () => {
    const { network, parameters } = await trained(kind);
    for (const [name, { data }] of Object.entries(parameters)) {
      if (name.includes("modulation")) data.fill(0);
    }
    const tensors = tensorsOf(parameters);
    const run = (pixels: Float32Array) =>
      network.apply(
        tensors,
        tf.tensor4d(pixels, [COUNT, 8, 12, 3]),
        tf.tensor1d(angle),
        tf.tensor1d(labels, "int32"),
      ).arraySync() as number[][][][];
    const bumped = z.slice();
    const at = ((1 * 8 + 5) * 12 + 9) * 3;
    bumped[at] = bumped[at]! + 1;
    const [before, after] = [run(z), run(bumped)];
    const side = kind === "dit-2" ? 2 : 4;
    const same = (a: number, b: number) => Math.floor(a / side) === Math.floor(b / side);
    after.forEach((image, n) =>
      image.forEach((row, y) =>
        row.forEach((pixel, x) => {
          const moved = pixel.some((value, c) => Math.abs(value - before[n]![y]![x]![c]!) > 1e-6);
          assert.equal(moved, n === 1 && same(y, 5) && same(x, 9), `image ${n}, pixel ${y}, ${x}`);
        })
      )
    );
  });
}

Deno.test("a DiT predicts 0 at first, and depends on level, class and position once it is trained", async () => {
  const network = await imageNetwork("tiny", SHAPE, { kind: "dit-4" });
  const call = (
    parameters: Record<string, tf.Tensor>,
    level: Float32Array,
    classes: Int32Array,
    pixels = z,
  ) =>
    network.apply(
      parameters,
      tf.tensor4d(pixels, [COUNT, 8, 12, 3]),
      tf.tensor1d(level),
      tf.tensor1d(classes, "int32"),
    ).dataSync();
  const start = tensorsOf(initialParameters(network.parameters, 5));
  assert.ok(call(start, angle, labels).every((value) => value === 0));
  const { parameters } = await trained("dit-4");
  const tensors = tensorsOf(parameters);
  const plain = call(tensors, angle, labels);
  const differs = (other: ArrayLike<number>) =>
    plain.some((value, i) => Math.abs(value - other[i]!) > 1e-3);
  assert.ok(differs(call(tensors, Float32Array.of(0.3, 1.2), labels)));
  assert.ok(differs(call(tensors, angle, Int32Array.of(0, 1))));
  const flat = call(tensors, angle, labels, new Float32Array(z.length).fill(0.5));
  assert.ok(Math.abs(flat[0]! - flat[4 * 3]!) > 1e-3, "equal patches differ by their place");
});

Deno.test("UNet and DiT of one size have about as many parameters", async () => {
  const expected = {
    tiny: 40_000,
    mini: 150_000,
    small: 560_000,
    base: 2_300_000,
    large: 5_000_000,
  };
  for (const size of imageSizes) {
    for (const kind of ["unet", "dit-2", "dit-4"] as const) {
      const { parameterCount } = await imageNetwork(size, undefined, { kind });
      const ratio = parameterCount / expected[size];
      assert.ok(ratio > 0.75 && ratio < 1.3, `${size} ${kind} has ${parameterCount}`);
    }
  }
});
