import assert from "node:assert/strict";
import { tf } from "../../../engine/mod.ts";
import { imageNetwork } from "../../../models/image/mod.ts";
import { initialParameters } from "../../../models/layers/mod.ts";
import { assertClose } from "../assert_close.ts";

await tf.setBackend("cpu");

const SHAPE = { height: 8, width: 8, channels: 1, classes: 4 };
const COUNT = 2;

const values = (length: number, f: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(f * (i + 1)));
const picture = (f: number) => tf.tensor4d(values(COUNT * 64, f), [COUNT, 8, 8, 1]);

type Tensors = Record<string, tf.Tensor>;

/** A self-conditioned network's parameters, away from the zeros that some start with. */
async function parametersOf(kind: "unet" | "dit-4"): Promise<Tensors> {
  const { parameters } = await imageNetwork("tiny", SHAPE, { kind, selfConditioned: true });
  return Object.fromEntries(
    Object.entries(initialParameters(parameters, 5)).map(([name, { shape, data }]) => [
      name,
      tf.tensor(data.every((v) => v === 0) ? values(data.length, 0.3) : data, [...shape]),
    ]),
  );
}

async function apply(
  kind: "unet" | "dit-4",
  parameters: Tensors,
  previous?: tf.Tensor,
): Promise<ArrayLike<number>> {
  const network = await imageNetwork("tiny", SHAPE, {
    kind,
    selfConditioned: previous !== undefined,
  });
  const angle = tf.tensor1d([0.2, 1.1]), labels = tf.tensor1d([3, 4], "int32");
  const output = network.apply(parameters, picture(0.7), angle, labels, previous);
  assert.deepEqual(output.shape, [COUNT, 8, 8, 1]);
  return output.dataSync();
}

Deno.test("a self-conditioned UNet without an estimate is the plain one, with one it is not", async () => {
  const parameters = await parametersOf("unet");
  const kernel = parameters["enter.weight"]!; // [3, 3, 2, C]
  const ofImage = tf.slice(kernel, [0, 0, 0, 0], [3, 3, 1, kernel.shape[3]!]);
  const plain = await apply("unet", { ...parameters, "enter.weight": ofImage });
  assertClose(await apply("unet", parameters, tf.zerosLike(picture(1))), plain, { absolute: 1e-5 });
  const conditioned = await apply("unet", parameters, picture(1.3));
  assert.ok(Array.from(plain).some((value, i) => Math.abs(value - conditioned[i]!) > 1e-3));
});

Deno.test("a self-conditioned DiT depends on the previous estimate", async () => {
  const parameters = await parametersOf("dit-4");
  const none = await apply("dit-4", parameters, tf.zerosLike(picture(1)));
  const one = await apply("dit-4", parameters, picture(1.3));
  assert.ok(Array.from(none).some((value, i) => Math.abs(value - one[i]!) > 1e-3));
});
