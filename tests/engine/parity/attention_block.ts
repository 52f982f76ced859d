/** A training step of a transformer block on made-up numbers. */
import { normals, type TensorFunction, tf } from "../../../engine/mod.ts";
import { initialParameters } from "../../../models/layers/mod.ts";
import {
  attention,
  declarations,
  gelu,
  layerNorm,
  linear,
  type Tensors,
} from "../../../models/layers/mod.ts";
import { type Inputs, perturbed } from "./agreement.ts";

/** A transformer block: attention with heads, then an inner layer, both behind a layer norm. */
function attentionBlock(width: number, heads: number) {
  const { root, specs } = declarations();
  const [norm1, norm2] = [layerNorm(root.at("norm1"), width), layerNorm(root.at("norm2"), width)];
  const [query, key, value, output] = ["query", "key", "value", "output"].map((name) =>
    linear(root.at(name), width, width)
  ) as [Layer, Layer, Layer, Layer];
  const inner = linear(root.at("inner"), width, 4 * width);
  const outer = linear(root.at("outer"), 4 * width, width);
  const apply = (p: Tensors, x: tf.Tensor, mask: tf.Tensor): tf.Tensor => {
    const [n, length] = x.shape as [number, number, number];
    const split = (t: tf.Tensor) =>
      tf.transpose(tf.reshape(t, [n, length, heads, width / heads]), [0, 2, 1, 3]);
    const h = norm1(p, x);
    const mixed = attention(split(query(p, h)), split(key(p, h)), split(value(p, h)), mask);
    const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), x.shape);
    const y = tf.add(x, output(p, joined));
    return tf.add(y, outer(p, gelu(inner(p, norm2(p, y)))));
  };
  return { specs, apply };
}

type Layer = ReturnType<typeof linear>;

/** Mean square of the block's output minus `target`, with all gradients, that of `x` included. */
export function blockStep(width: number, heads: number, batch: number, length: number) {
  const { specs, apply } = attentionBlock(width, heads);
  const parameters = perturbed(initialParameters(specs, 2));
  const names = [...specs.map(({ name }) => name), "x"];
  const fn: TensorFunction = (inputs) => {
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const p = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const error = tf.sub(apply(p, p.x!, inputs.mask!), inputs.target!);
      return tf.mean(tf.mul(error, error)) as tf.Scalar;
    })(names.map((name) => inputs[name]!));
    return {
      loss: value,
      ...Object.fromEntries(names.map((name, i) => [`grad/${name}`, grads[i]!])),
    };
  };
  const shape = [batch, length, width];
  const random = (stream: string) => normals({ seed: 7, stream, step: 0 }, batch * length * width);
  // Causal: a position sees itself and those before it.
  const mask = Float32Array.from(
    { length: length * length },
    (_, i) => i % length > Math.floor(i / length) ? -1e9 : 0,
  );
  const inputs: Inputs = {
    signature: {
      ...parameters.signature,
      x: { shape, dtype: "float32" },
      target: { shape, dtype: "float32" },
      mask: { shape: [length, length], dtype: "float32" },
    },
    arrays: { ...parameters.arrays, x: random("x"), target: random("target"), mask },
  };
  return { fn, inputs };
}
